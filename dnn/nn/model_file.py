"""A model in a folder: its structure in model.json, its weights in weights.safetensors, and no code in either."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from dnn.files.folders import replace_folder
from dnn.files.json_files import parsed_json
from dnn.files.manifest import MANIFEST, check_manifest, write_manifest
from dnn.nn.model_state import State, model_from_state, model_state, refuse_lost_variables
from dnn.nn.protocols import ModelLike
from dnn.nn.weight_files import load_weights, save_weights

STRUCTURE, WEIGHTS = "model.json", "weights.safetensors"
MAX_STRUCTURE = 10_000_000  # bytes of a model.json that is read


def save_model(model: ModelLike, folder: str | Path) -> None:
    """Write a model to a folder, for `load_model`: model.json and weights.safetensors.

    Of a model built of this package's layers, regularizers and activations the structure is kept too. Of a user's own
    `tf.Module`, and of what contains one, or a function that is neither this package's nor TensorFlow's, the weights
    are kept by their paths, and `load_model` needs its constructor. The folder appears whole or not at all:
    see `dnn.files.folders.replace_folder`.

    Args:
        model: any `tf.Module` that can be called.
        folder: to make; one that holds nothing but a saved model is replaced.

    Raises:
        ValueError: If the folder holds anything else, or a variable has a NaN, or a trained one an infinity; or if the
            model would not be loaded as it is: a layer has a variable more than its class, or a frozen one.
        TypeError: If the model is not a `tf.Module` that can be called.
        ImportError: If safetensors is not installed.

    Example:
        >>> import tempfile
        >>> model = dnn.mlp([4, 8, 2], seed=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_model(model, Path(folder, "model"))
        ...     print(load_model(Path(folder, "model")))
        Sequential(2 layers, float32, 58 parameters)
          (0) Dense(4 -> 8, activation=relu, float32, 40 parameters)
          (1) Dense(8 -> 2, float32, 18 parameters)
    """
    if not isinstance(model, tf.Module) or not callable(model):
        raise TypeError(f"model must be a tf.Module that can be called, got {model!r}")

    def fill(written: Path) -> None:
        state = model_state(model)
        refuse_lost_variables(model, state)
        Path(written, STRUCTURE).write_text(json.dumps(state, indent=1, allow_nan=False), "utf-8")
        save_weights(written / WEIGHTS, model)
        write_manifest(written)

    replace_folder(folder, {STRUCTURE, WEIGHTS, MANIFEST}, fill)


def load_model(folder: str | Path, constructor: Callable[[], ModelLike] | None = None) -> ModelLike:
    """Return the model that `save_model` wrote, with the same weights and predictions, bit for bit.

    Nothing in the files is run: they name classes and functions of a fixed table.

    Args:
        folder: to which `save_model` wrote.
        constructor: a function without arguments, or a class, that makes the user's own module: `load_model(folder,
            MyModel)`. Its variables must have the saved paths, shapes and dtypes. None: model.json says it all.

    Returns:
        The model.

    Raises:
        ValueError: If a file is missing, damaged, or holds a NaN, or does not fit the other or the constructor's model;
            or if the model is a user's own and there is no constructor. The message names the file and the variables.
        ImportError: If safetensors is not installed.
    """
    if Path(folder, MANIFEST).is_file():  # older versions wrote none
        check_manifest(Path(folder))
    state = read_structure(Path(folder, STRUCTURE))
    weights = Path(folder, WEIGHTS)
    if weights.is_file() and _described_numbers(state) > weights.stat().st_size:
        raise ValueError(f"{weights} is damaged: it holds fewer numbers than the layers in {STRUCTURE} have")
    try:
        model = model_from_state(state, constructor)
    except (RecursionError, OverflowError) as error:
        raise ValueError(f"{Path(folder, STRUCTURE)} is damaged: {error}") from error
    except ValueError as error:
        raise ValueError(f"{Path(folder, STRUCTURE)}: {error}") from error
    load_weights(weights, model)
    return model


def read_structure(path: Path) -> State:
    """Return the structure in a model.json. Raises: ValueError if there is none, or it is damaged or too large."""
    if not path.is_file():
        raise ValueError(f"{path.parent} holds no saved model: it has no {path.name}")
    if path.stat().st_size > MAX_STRUCTURE:
        raise ValueError(f"{path} is too large for the structure of a model: {path.stat().st_size:,} bytes")
    try:
        state = parsed_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is damaged, or not JSON: {error}") from error
    if not isinstance(state, dict):
        raise ValueError(f"{path} is not the structure of a model")
    return state


def _described_numbers(data: Any) -> int:
    """Return how many numbers the kernels and scales have that are described: too many must not be allocated."""
    total, left = 0, [data]
    while left:  # no recursion, which a nested file would drive too deep
        part = left.pop()
        if isinstance(part, list):
            left += part
        elif isinstance(part, dict):
            left += part.values()
            sizes = [part.get(name, 1) for name in ("inputs", "units", "size")]
            product = math.prod(size for size in sizes if isinstance(size, int) and size > 0)
            total += product if product > 1 else 0
    return total
