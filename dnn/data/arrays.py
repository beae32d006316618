"""Arrays in .npz files; a part of a prepared data set is `inputs` float32[rows, width] and `targets` int32[rows]."""

import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dnn.data.npy_header import BadArrayError, read_npy
from dnn.data.size_limit import TooLargeError, refuse_beyond

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


def load_arrays(path: str | Path, *, max_bytes: int | None = None) -> Arrays:
    """Return the named arrays of an .npz file, in which nothing is run.

    Each header is read by `npy_header`, and compared with the sizes in the file, before an array is made.

    Args:
        path: An .npz file.
        max_bytes: How much memory the arrays may take; None: 16 GB. It is never more than is free.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is truncated or otherwise damaged, is not a zip, holds pickled objects, or would take
            more memory than it may.
    """
    with open(path, "rb") as file:  # a missing file is a FileNotFoundError, not a damaged one
        try:
            if not zipfile.is_zipfile(file):
                raise BadArrayError("is truncated, or not an .npz file")
            with zipfile.ZipFile(file) as archive:
                refuse_beyond(path, sum(member.file_size for member in archive.infolist()), max_bytes)
                return _members(archive)
        except BadArrayError as error:
            raise ValueError(f"{path} {error}") from None
        except TooLargeError:
            raise
        except MemoryError:
            raise MemoryError(f"{path} takes more than there is") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error) as error:
            raise ValueError(f"{path} is damaged: {error}") from None


def _members(archive: zipfile.ZipFile) -> Arrays:
    arrays: Arrays = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name in arrays:
            raise BadArrayError(f"is damaged: it has two arrays {name!r}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadArrayError(f"is damaged: {member.filename!r} is compressed in a way that NumPy does not write")
        with archive.open(member) as stream:
            arrays[name] = read_npy(stream, member.file_size, name)
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


def load_part(
    path: str | Path, *, width: int, classes: int | None, max_bytes: int | None = None
) -> tuple[Inputs, npt.NDArray[Any]]:
    """Read one part of a prepared data set, and check it.

    Args:
        path: An .npz file that `save_part` wrote.
        width: Number of columns that the inputs must have.
        classes: Number of classes; each target must be in [0, classes). None: the targets are amounts.
        max_bytes: How much memory the arrays may take; None: 16 GB. It is never more than is free.

    Returns:
        The inputs, float32[rows, width], all finite, and the targets, int32[rows], or float32[rows] of amounts.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, holds pickled objects, or would take more memory than it may, or an array is
            missing, empty, of another dtype or shape, or has a value out of its range.
    """
    arrays = load_arrays(path, max_bytes=max_bytes)
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
