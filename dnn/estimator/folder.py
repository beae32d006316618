"""The folder of a trained estimator, and `load`, which reads it and everything else that this package has written.

features.json: what was learnt of the table. network/: structure and weights. estimator.json: which estimator it was,
its settings, the dtype of its classes. A run folder of version 0.1 has weights.npz in place of the last two.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.classifier import Classifier
from dnn.data.arrays import load_arrays
from dnn.data.encoding import load_encoding
from dnn.data.names import shell_quoted
from dnn.estimator.base import Estimator
from dnn.estimator.class_names import class_name
from dnn.estimator.predictor import Predictor
from dnn.files.durable import is_locked
from dnn.files.folders import replace_folder
from dnn.files.json_files import read_json
from dnn.files.manifest import MANIFEST, damage_of, foreign_files, write_manifest
from dnn.nn.layers import Sequential
from dnn.nn.mlp import mlp
from dnn.nn.model_file import STRUCTURE, load_model, save_model
from dnn.nn.modules import variable_paths
from dnn.nn.protocols import ModelLike
from dnn.regressor import Regressor

FORMAT = 1
RUN_STATE = "state.json"  # of a run folder, which is there before its files are
ESTIMATOR, ENCODING, NETWORK, OLD_WEIGHTS = "estimator.json", "features.json", "network", "weights.npz"
LOGGER = logging.getLogger("dnn")
_OF_DAMAGE = (KeyError, TypeError, AttributeError, OverflowError)
ESTIMATORS: dict[str, type[Estimator]] = {"Classifier": Classifier, "Regressor": Regressor}


def save(model: ModelLike | Estimator, folder: str | Path) -> None:
    """Write a model, or a trained classifier or regressor, to a folder, for `load`; there is no code in the files.

    A model built of this package's layers, regularizers and activations is written with its structure; of a user's own
    `tf.Module` the weights are kept by their paths. The folder appears whole or not at all; for the moment
    between two renames an old one that is replaced is not there.

    Args:
        model: A `Classifier` or a `Regressor` that is fitted, or any `tf.Module` that can be called.
        folder: Folder to make; one that holds nothing but a model that was saved here is replaced.

    Raises:
        ValueError: If the folder holds anything else, or a weight is not finite, or the estimator is not fitted.
        TypeError: If the model is neither.
    """
    if not isinstance(model, Estimator):
        save_model(model, folder)
        return
    replace_folder(folder, {ESTIMATOR, ENCODING, NETWORK, MANIFEST}, partial(_fill, model))


def _fill(estimator: Estimator, folder: Path) -> None:
    write_estimator(estimator, folder)
    write_manifest(folder)


def write_estimator(estimator: Estimator, folder: str | Path) -> None:
    """Write the files of a fitted estimator into an existing folder. Raises: ValueError as `save`."""
    predictor = estimator.fitted
    predictor.encoding.save(folder)
    save_model(predictor.model, Path(folder, NETWORK))
    state = {"format": FORMAT, "estimator": type(estimator).__name__, "manifest": MANIFEST}
    state["settings"] = _plain_settings(estimator)
    Path(folder, ESTIMATOR).write_text(json.dumps(state | estimator.learnt(), indent=1) + "\n", "utf-8")


def load(folder: str | Path, constructor: Callable[[], ModelLike] | None = None) -> Any:
    """Load what is in a folder: a classifier, a regressor, or a model.

    Nothing in the files is run: they name classes and functions of fixed tables.

    Args:
        folder: A run folder of `dnn train`, or a folder to which `save` wrote.
        constructor: A function without arguments, or a class, that makes the user's own module; its variables must have
            the saved paths, shapes and dtypes. None: the files say it all.

    Returns:
        The `Classifier`, the `Regressor` or the model, with the weights it was saved with, bit for bit.

    Raises:
        ValueError: If it is none of these folders, or a file in it is damaged, or the files do not fit each other.
    """
    folder = Path(folder)
    _refuse_under_way(folder)
    if Path(folder, STRUCTURE).is_file():
        return load_model(folder, constructor)
    if Path(folder, ESTIMATOR).is_file():
        return _load_estimator(folder, constructor)
    if Path(folder, OLD_WEIGHTS).is_file():
        return _restored(Classifier(), folder, _old_network(folder))
    raise ValueError(f"{folder} is not a run folder or a saved model: it has no {ESTIMATOR} and no {STRUCTURE}")


def _refuse_under_way(folder: Path) -> None:
    """Refuse the folder of a run that broke off, or is under way. Raises: ValueError."""
    if not Path(folder, RUN_STATE).is_file() or (state := read_json(folder / RUN_STATE).get("state")) == "finished":
        return
    if is_locked(folder):
        raise ValueError(f"{folder} is a run that is under way: wait for it")
    state = "killed" if state == "running" else state
    again = f"dnn train --resume {shell_quoted(str(folder))}"
    raise ValueError(f"{folder} is a run that was {state}; go on with it: {again}")


def _check_files(folder: Path, expected: bool) -> None:
    """Compare the files with the manifest; one that the estimator is not made of, a picture say, is told in the log.

    Raises:
        ValueError: For one that is damaged or missing, by name.
    """
    if not Path(folder, MANIFEST).is_file():
        if expected:
            raise ValueError(f"{folder / MANIFEST} is missing: it holds the SHA-256 of each file")
        return
    for name, problem in damage_of(folder).items():
        if name.split("/")[0] in (ESTIMATOR, ENCODING, NETWORK, RUN_STATE):
            raise ValueError(problem)
        LOGGER.warning("%s", problem)
    if unknown := foreign_files(folder):
        LOGGER.warning("%s: %s was not written by this package, and is not read", folder, ", ".join(unknown))


def load_estimator(folder: str | Path) -> Estimator:
    """Load the classifier or regressor in a folder. Raises: ValueError as `load`, or if a mere model is in it."""
    loaded = load(folder)
    if not isinstance(loaded, Estimator):
        raise ValueError(f"{folder} holds a model without the columns it reads; a run folder of `dnn train` has both")
    return loaded


def _load_estimator(folder: Path, constructor: Callable[[], ModelLike] | None) -> Estimator:
    path = folder / ESTIMATOR
    try:
        state = read_json(path)
        _check_files(folder, "manifest" in state)
        if state["format"] != FORMAT:
            raise ValueError(f"{path}: its format is {state['format']!r}, and this version reads {FORMAT}")
        kind = ESTIMATORS[state["estimator"]]
        known = {each.name for each in fields(kind)}
        estimator = kind(**{name: _setting(value) for name, value in state["settings"].items() if name in known})
        return _restored(estimator, folder, load_model(folder / NETWORK, constructor), state)
    except _OF_DAMAGE as error:
        raise ValueError(f"{path} is damaged: {error!r}") from None


def _restored(estimator: Estimator, folder: Path, network: ModelLike, state: dict[str, Any] | None = None) -> Estimator:
    encoding = load_encoding(folder)
    outputs = encoding.class_labels.classes if isinstance(estimator, Classifier) else 1
    if isinstance(network, Sequential) and not _fits(network, encoding.features.width, outputs):
        expected = f"{encoding.features.width} inputs and {outputs} outputs"
        raise ValueError(f"{folder}: the network does not fit the features, for which it needs {expected}")
    estimator.predictor_ = Predictor(encoding, network)
    try:
        estimator.restore(state or {})
    except ValueError as error:
        raise ValueError(f"{folder / ESTIMATOR} is damaged: {error}") from None
    return estimator


def _fits(network: Sequential, inputs: int, outputs: int) -> bool:
    try:
        return bool(network(tf.zeros([1, inputs])).shape == [1, outputs])
    except ValueError:  # of a layer that takes another width
        return False


def _old_network(folder: Path) -> Sequential:
    """Return the relu network whose weights are in weights.npz. Raises: ValueError if they do not fit the features."""
    encoding, arrays = load_encoding(folder), load_arrays(folder / OLD_WEIGHTS)
    units = [array.shape[-1] for name, array in arrays.items() if name.endswith("kernel") and array.ndim]
    network = mlp([encoding.features.width, *units[:-1], encoding.class_labels.classes], seed=0)
    variables = variable_paths(network)
    expected = {name: (tuple(variable.shape), "float32") for name, variable in variables.items()}
    saved = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}
    if expected != saved:
        raise ValueError(f"{folder}: {OLD_WEIGHTS} does not fit the features: expected {expected}, got {saved}")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError(f"{folder}: {OLD_WEIGHTS} holds a NaN or an infinity")
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return network


def _plain_settings(estimator: Estimator) -> dict[str, Any]:
    """Return the settings that JSON holds; a function is left out, which is told, since files hold no code."""
    settings = {name: _plain(value) for name, value in estimator.get_params().items()}
    if lost := [name for name, value in settings.items() if not _is_plain(value)]:
        LOGGER.warning("save: %s cannot be kept in JSON; the loaded estimator has the default", ", ".join(lost))
    return {name: value for name, value in settings.items() if name not in lost}


def _plain(value: Any) -> Any:
    """Return NumPy's numbers and arrays as Python's, and the names of classes as keys."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {class_name(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _is_plain(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


def _setting(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
