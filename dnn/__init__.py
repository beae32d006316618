"""Deep learning for tables, written from scratch in low-level TensorFlow.

The public names are below, `testing` is the laws for your own pieces, and `ops` are custom ops. Each is imported when
it is first used, so `dnn --help` does not wait for TensorFlow.
"""

from importlib import import_module

_MODULE = {
    "Table": "data.table",
    "column_names": "data.table",
    "numbers_among": "data.table",
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
    "constant": "nn.initializers",
    "glorot_normal": "nn.initializers",
    "glorot_uniform": "nn.initializers",
    "he_normal": "nn.initializers",
    "he_uniform": "nn.initializers",
    "lecun_normal": "nn.initializers",
    "lecun_uniform": "nn.initializers",
    "variance_scaling": "nn.initializers",
    "zeros": "nn.initializers",
    "elu": "nn.activations",
    "gelu": "nn.activations",
    "leaky_relu": "nn.activations",
    "log_softmax": "nn.activations",
    "maxout": "nn.activations",
    "relu": "nn.activations",
    "selu": "nn.activations",
    "sigmoid": "nn.activations",
    "silu": "nn.activations",
    "softmax": "nn.activations",
    "softplus": "nn.activations",
    "tanh": "nn.activations",
    "Dense": "nn.layers",
    "Sequential": "nn.layers",
    "dense": "nn.layers",
    "mlp": "nn.layers",
    "weights": "nn.layers",
    "Dropout": "nn.dropout",
    "dropout": "nn.dropout",
    "BatchNormalization": "nn.normalization",
    "LayerNormalization": "nn.normalization",
    "layer_normalization": "nn.normalization",
    "L1": "nn.regularizers",
    "L1L2": "nn.regularizers",
    "L2": "nn.regularizers",
    "penalty": "nn.regularizers",
    "binary_cross_entropy": "nn.losses",
    "mean_squared_error": "nn.losses",
    "softmax_cross_entropy": "nn.losses",
    "sparse_softmax_cross_entropy": "nn.losses",
    "class_weights": "nn.example_weights",
    "counted": "nn.example_weights",
    "weighted_mean": "nn.example_weights",
    "accuracy": "nn.metrics",
    "binary_accuracy": "nn.metrics",
    "confusion_matrix": "nn.metrics",
    "f1": "nn.metrics",
    "precision": "nn.metrics",
    "recall": "nn.metrics",
    "top_k_accuracy": "nn.metrics",
    "average_precision": "nn.ranking",
    "roc_auc": "nn.ranking",
    "brier_score": "nn.calibration",
    "expected_calibration_error": "nn.calibration",
    "log_loss": "nn.calibration",
    "Optimizer": "nn.optimizers.optimizer",
    "SGD": "nn.optimizers.sgd",
    "sgd_update": "nn.optimizers.sgd",
    "Adam": "nn.optimizers.adam",
    "adam_update": "nn.optimizers.adam",
    "amsgrad_update": "nn.optimizers.adam",
    "AdamW": "nn.optimizers.adamw",
    "RMSprop": "nn.optimizers.rmsprop",
    "rmsprop_update": "nn.optimizers.rmsprop",
    "centered_rmsprop_update": "nn.optimizers.rmsprop",
    "ClipGradients": "nn.optimizers.clip",
    "clip_by_global_norm": "nn.optimizers.clip",
    "clip_by_norm": "nn.optimizers.clip",
    "clip_by_value": "nn.optimizers.clip",
    "AverageWeights": "nn.optimizers.average",
    "AccumulateGradients": "nn.optimizers.accumulate",
    "CosineDecay": "nn.optimizers.schedules",
    "ExponentialDecay": "nn.optimizers.schedules",
    "PiecewiseConstantDecay": "nn.optimizers.schedules",
    "cosine_decay": "nn.optimizers.schedules",
    "exponential_decay": "nn.optimizers.schedules",
    "linear_warmup": "nn.optimizers.schedules",
    "piecewise_constant_decay": "nn.optimizers.schedules",
    "EarlyStopping": "train.early_stopping",
    "ReduceLROnPlateau": "train.callbacks",
    "terminate_on_nan": "train.callbacks",
    "History": "train.history",
    "evaluate": "train.evaluate",
    "predict": "train.evaluate",
    "fit": "train.fit",
    "Classifier": "export",
    "load": "export",
}

__all__ = list(_MODULE)


def __getattr__(name):
    if name in ("ops", "testing"):
        return import_module(f"dnn.{name}")
    if name not in _MODULE:
        raise AttributeError(f"module 'dnn' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"dnn.{_MODULE[name]}"), name)
    return value


def __dir__():
    return sorted({*globals(), *_MODULE, "ops", "testing"})
