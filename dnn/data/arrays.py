"""Arrays in .npz files; a part of a prepared data set is `inputs` float32[rows, width] and `targets` int32[rows]."""

import os
import zipfile
import zlib
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Inputs: TypeAlias = npt.NDArray[np.float32]
Targets: TypeAlias = npt.NDArray[np.int32]
Arrays: TypeAlias = dict[str, npt.NDArray[Any]]


def save_arrays(path: str | Path, **arrays: npt.NDArray[Any]) -> None:
    """Write named arrays; the file appears complete or not at all."""
    partial = Path(f"{path}.partial")
    try:
        with open(partial, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # mypy takes them for `allow_pickle`
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load_arrays(path: str | Path) -> Arrays:
    """Return the named arrays of an .npz file, in which nothing is run: it is read with allow_pickle=False.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is truncated or otherwise damaged, is not a zip, or holds pickled objects.
    """
    with open(path, "rb") as file:  # a missing file is a FileNotFoundError, not a damaged one
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{path} is truncated, or not an .npz file")
    try:
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():  # NumPy parses before it compares checksums, and need not read to the end
                raise ValueError(f"the checksum of {damaged} is wrong")
        with np.load(path, allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise ValueError(f"{path} holds pickled objects; only plain arrays are read") from None
        raise ValueError(f"{path} is damaged: {error}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, MemoryError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{path} is not an .npz file: {name} is not an array")
    return arrays


def save_part(path: str | Path, inputs: npt.ArrayLike, targets: npt.ArrayLike) -> None:
    """Write one part of a prepared data set; the file appears complete or not at all.

    Args:
        path: The .npz file to write; replaced if it exists.
        inputs: [rows, width], written as float32.
        targets: [rows], class numbers, written as int32, or amounts, written as float32.
    """
    targets = np.asarray(targets)
    dtype = np.float32 if targets.dtype.kind == "f" else np.int32
    save_arrays(path, inputs=np.asarray(inputs, np.float32), targets=targets.astype(dtype))


def load_part(path: str | Path, *, width: int, classes: int | None) -> tuple[Inputs, npt.NDArray[Any]]:
    """Read one part of a prepared data set, and check it.

    Args:
        path: An .npz file that `save_part` wrote.
        width: Number of columns that the inputs must have.
        classes: Number of classes; each target must be in [0, classes). None: the targets are amounts.

    Returns:
        The inputs, float32[rows, width], all finite, and the targets, int32[rows], or float32[rows] of amounts.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or holds pickled objects, or an array is missing, empty, of another dtype or
            shape, or has a value out of its range.
    """
    arrays = load_arrays(path)
    for name in ("inputs", "targets"):
        if name not in arrays:
            raise ValueError(f"{path} has no array {name!r}; it has {', '.join(arrays) or 'none'}")
    inputs, targets = arrays["inputs"], arrays["targets"]
    if inputs.dtype != np.float32 or inputs.ndim != 2 or inputs.shape[1] != width:
        raise ValueError(f"{path}: inputs must be float32[rows, {width}], got {inputs.dtype}{list(inputs.shape)}")
    dtype = "int32" if classes else "float32"
    if targets.dtype != dtype or targets.shape != inputs.shape[:1]:
        raise ValueError(f"{path}: targets must be {dtype}[{len(inputs)}], got {targets.dtype}{list(targets.shape)}")
    if not len(inputs):
        raise ValueError(f"{path} has no rows")
    finite = np.isfinite(inputs).all(axis=1)
    if not finite.all():
        raise ValueError(f"{path}: inputs hold a NaN or an infinity in row {int(np.argmin(finite)) + 1}")
    if classes is None:
        if not np.isfinite(targets).all():
            raise ValueError(f"{path}: targets hold a NaN or an infinity")
    elif targets.min() < 0 or targets.max() >= classes:
        span = f"values from {targets.min()} to {targets.max()}"
        raise ValueError(f"{path}: targets must be in [0, {classes}), got {span}")
    return inputs, targets
