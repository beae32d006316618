"""Arrays in .npz files; a part of a prepared data set is `inputs` float32[rows, width] and `targets` int32[rows]."""

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np


def save_arrays(path: str | Path, **arrays: np.ndarray) -> None:
    """Write named arrays; the file appears complete or not at all."""
    partial = Path(f"{path}.partial")
    try:
        with open(partial, "wb") as file:
            np.savez(file, **arrays)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """The named arrays of an .npz file.

    Raises: FileNotFoundError; ValueError for a file that is truncated, is no zip or holds pickled objects
    (it is read with allow_pickle=False: nothing in it is run).
    """
    with open(path, "rb") as file:  # a missing file is a FileNotFoundError, not a damaged one
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{path} is truncated, or no .npz file")
    try:
        with zipfile.ZipFile(path) as file:
            if damaged := file.testzip():  # NumPy parses before it compares checksums, and need not read to the end
                raise ValueError(f"the checksum of {damaged} is wrong")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise ValueError(f"{path} holds pickled objects; only plain arrays are read") from None
        raise ValueError(f"{path} is damaged: {error}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, MemoryError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{path} is no .npz file: {name} is no array")
    return arrays


def save_part(path: str | Path, inputs, targets) -> None:
    """Write one part: inputs as float32[rows, width], targets as int32[rows]."""
    save_arrays(path, inputs=np.asarray(inputs, np.float32), targets=np.asarray(targets, np.int32))


def load_part(path: str | Path, *, width: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """(inputs float32[rows, width], targets int32[rows], each in [0, classes)). Raises: ValueError if they are not."""
    arrays = load_arrays(path)
    for name in ("inputs", "targets"):
        if name not in arrays:
            raise ValueError(f"{path} has no array {name!r}; it has {', '.join(arrays) or 'none'}")
    inputs, targets = arrays["inputs"], arrays["targets"]
    if inputs.dtype != np.float32 or inputs.ndim != 2 or inputs.shape[1] != width:
        raise ValueError(f"{path}: inputs must be float32[rows, {width}], got {inputs.dtype}{list(inputs.shape)}")
    if targets.dtype != np.int32 or targets.shape != inputs.shape[:1]:
        raise ValueError(f"{path}: targets must be int32[{len(inputs)}], got {targets.dtype}{list(targets.shape)}")
    if not len(inputs):
        raise ValueError(f"{path} has no rows")
    finite = np.isfinite(inputs).all(axis=1)
    if not finite.all():
        raise ValueError(f"{path}: inputs hold a NaN or an infinity in row {int(np.argmin(finite)) + 1}")
    if targets.min() < 0 or targets.max() >= classes:
        found = f"values from {targets.min()} to {targets.max()}"
        raise ValueError(f"{path}: targets must be in [0, {classes}), got {found}")
    return inputs, targets
