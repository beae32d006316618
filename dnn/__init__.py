"""Deep learning for tables, written from scratch in low-level TensorFlow.

The public names are below. Each is imported when it is first used, so `dnn --help` does not wait for TensorFlow.
"""

from importlib import import_module

_MODULE = {
    "Table": "data.table",
    "read_csv": "data.table",
    "read_parquet": "data.table",
    "read_table": "data.table",
    "sample_path": "data.table",
    "Part": "data.split",
    "split": "data.split",
    "Labels": "data.labels",
    "Features": "data.features",
    "Binarize": "data.preprocess",
    "Normalize": "data.preprocess",
    "OneHot": "data.preprocess",
    "Rescale": "data.preprocess",
    "Standardize": "data.preprocess",
    "load_part": "data.arrays",
    "save_part": "data.arrays",
    "glorot_uniform": "nn.initializers",
    "he_normal": "nn.initializers",
    "log_softmax": "nn.activations",
    "relu": "nn.activations",
    "softmax": "nn.activations",
    "Dense": "nn.layers",
    "Sequential": "nn.layers",
    "dense": "nn.layers",
    "mlp": "nn.layers",
    "softmax_cross_entropy": "nn.losses",
    "sparse_softmax_cross_entropy": "nn.losses",
    "accuracy": "nn.metrics",
    "confusion_matrix": "nn.metrics",
    "precision": "nn.metrics",
    "recall": "nn.metrics",
    "roc_auc": "nn.metrics",
    "Adam": "nn.optimizers",
    "adam_update": "nn.optimizers",
    "EarlyStopping": "train.early_stopping",
    "History": "train.history",
    "evaluate": "train.evaluate",
    "predict": "train.evaluate",
    "fit": "train.fit",
    "Classifier": "export",
    "load": "export",
}

__all__ = list(_MODULE)


def __getattr__(name):
    if name not in _MODULE:
        raise AttributeError(f"module 'dnn' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"dnn.{_MODULE[name]}"), name)
    return value


def __dir__():
    return sorted([*globals(), *_MODULE])
