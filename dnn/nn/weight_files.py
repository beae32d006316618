"""Weights in a file of the format safetensors: names, shapes, dtypes and bytes, no code.

The library `safetensors` reads and writes it, with NumPy arrays; bfloat16 is the dtype of ml_dtypes, which TensorFlow
brings. A file is written whole or not at all.
"""

import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.modules import variable_paths
from dnn.nn.protocols import ModelLike

DTYPES: Mapping[str, str] = MappingProxyType(
    {
        "BF16": "bfloat16",
        "F16": "float16",
        "F32": "float32",
        "F64": "float64",
        "I8": "int8",
        "I16": "int16",
        "I32": "int32",
        "I64": "int64",
        "U8": "uint8",
        "U16": "uint16",
        "U32": "uint32",
        "U64": "uint64",
        "BOOL": "bool",
    }
)
"""TensorFlow's names of the dtypes, by those of safetensors."""
MOST_NAMED = 5  # variables that a message names


def save_weights(path: str | Path, model: ModelLike) -> None:
    """Write the variables of a model to a safetensors file, by their paths: "layers/0/kernel", …

    A variable that two layers share is written once, by its first path. The file appears whole or not at all.

    Args:
        path: of the file, "weights.safetensors" for example; one that is there is replaced.
        model: any `tf.Module`.

    Raises:
        ValueError: If a variable has a NaN, or a trained one an infinity, or one has a dtype that safetensors lacks.
        ImportError: If safetensors is not installed.
    """
    arrays = {name: variable.numpy() for name, variable in _first_paths(model).items()}
    for name, variable in _first_paths(model).items():
        if variable.dtype.name not in DTYPES.values():
            raise ValueError(f"{name}: safetensors has no dtype {variable.dtype.name}")
        _refuse_diverged(arrays[name], variable, f"{name}, which would be saved,")
    _save_arrays(arrays, Path(path))


def load_weights(path: str | Path, model: ModelLike) -> None:
    """Assign to the variables of a model what `save_weights` wrote, bit for bit.

    All is checked before anything is assigned: names, shapes and dtypes before the numbers are read.

    Args:
        path: of the file.
        model: one with the same variable paths, shapes and dtypes.

    Raises:
        PermissionError: If the file must not be read.
        ValueError: If the file is missing, damaged or no safetensors file, lacks a variable of the model or has another
            one, or holds a NaN. The message names the variables.
        ImportError: If safetensors is not installed.
    """
    variables = _first_paths(model)
    expected = {name: (tuple(v.shape.as_list()), v.dtype.name) for name, v in variables.items()}
    arrays = read_arrays(path, expected)
    for name, variable in variables.items():
        _refuse_diverged(arrays[name], variable, f"{path}: {name}")
    for name, variable in variables.items():
        variable.assign(arrays[name])


def read_arrays(path: str | Path, expected: Mapping[str, tuple[tuple[int, ...], str]]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a safetensors file by name. Raises: ValueError unless shapes and dtypes are as expected."""
    if not Path(path).is_file():
        raise ValueError(f"{path} is not there: weights are in a file of safetensors")
    with open(path, "rb"):  # a PermissionError says what it is; the library's would be taken for damage
        pass
    safe_open, _, damaged = _library()
    try:
        with safe_open(path, framework="numpy") as file:
            saved = {name: _stated(file.get_slice(name)) for name in file.keys()}  # noqa: SIM118
            _refuse_other_variables(saved, expected, str(path))
            return {name: file.get_tensor(name) for name in saved}
    except (damaged, OSError) as error:
        raise ValueError(f"{path} is damaged, or not a safetensors file: {error}") from error


def _library() -> tuple[Any, Any, type[Exception]]:
    """Return what opens a file, what saves one, and the error of a damaged one. It is imported when it is needed."""
    try:
        from safetensors import SafetensorError, safe_open
        from safetensors.numpy import save_file
    except ImportError as error:
        raise ImportError("weights are kept by safetensors, which is not installed: pip install safetensors") from error
    return safe_open, save_file, SafetensorError


def _first_paths(model: ModelLike) -> dict[str, tf.Variable]:
    """Return each variable once, by its first path."""
    first: dict[int, str] = {}
    paths = variable_paths(model)
    return {path: v for path, v in paths.items() if first.setdefault(id(v), path) == path}


def _save_arrays(arrays: Mapping[str, npt.NDArray[Any]], path: Path) -> None:
    _, save_file, _ = _library()
    written = path.with_name(f".{path.name}-{secrets.token_hex(8)}")  # mkstemp would keep it from other users
    try:
        # np.array: contiguous, also a scalar, which Variable.numpy() gives as a number
        save_file({name: np.array(array, order="C") for name, array in arrays.items()}, written)
        os.replace(written, path)
    finally:
        written.unlink(missing_ok=True)


def _stated(piece: Any) -> tuple[tuple[int, ...], str]:
    return tuple(piece.get_shape()), DTYPES.get(piece.get_dtype(), piece.get_dtype())


def _refuse_other_variables(saved: Mapping[str, Any], expected: Mapping[str, Any], path: str) -> None:
    missing = [name for name in expected if name not in saved]
    extra = [name for name in saved if name not in expected]
    others = [
        f"{name}: {saved[name][1]}{list(saved[name][0])} in the file, {expected[name][1]}{list(expected[name][0])} in "
        "the model"
        for name in expected
        if name in saved and saved[name] != expected[name]
    ]
    parts = [("the file lacks", missing), ("the model lacks", extra), ("unlike", others)]
    told = "; ".join(f"{what} {_listed(names)}" for what, names in parts if names)
    if told:
        raise ValueError(f"{path} does not fit the model: {told}")


def _listed(names: Iterable[str]) -> str:
    first = list(names)
    left = [f"and {len(first) - MOST_NAMED} more"] if len(first) > MOST_NAMED else []
    return ", ".join(first[:MOST_NAMED] + left)


def _refuse_diverged(array: npt.NDArray[Any], variable: tf.Variable, name: str) -> None:
    if not variable.dtype.is_floating:
        return
    with np.errstate(invalid="ignore"):
        if np.isnan(array).any():
            raise ValueError(f"{name} holds a NaN: it comes from a fit that diverged, or the file is damaged")
        if variable.trainable and np.isinf(array).any():
            raise ValueError(f"{name} holds an infinity: it comes from a fit that diverged, or the file is damaged")
