"""One array in NumPy's format .npy: its header is read here, since NumPy reads it by Python's own parser.

A header is {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), } as text; any other spelling is refused.
"""

import math
import re
from typing import IO, Any

import numpy as np
import numpy.typing as npt

MAGIC = b"\x93NUMPY"
BLOCK = 1 << 20
LONGEST = 10_000  # bytes of a header, as NumPy has it
MOST_DIMENSIONS = 32  # of an array, in NumPy 1
HEADER = re.compile(
    r"\{'descr': '([<>|=][a-zA-Z]\d{0,9})', 'fortran_order': (True|False), "
    r"'shape': \(((?:\d{1,19}, ?)*\d{0,19})\),? ?\} *\n"
)
DTYPES = re.compile(r"\|b1|\|[iu]1|[<>=]([iu][248]|f[248]|c8|c16|U\d+)|\|S\d+")


class BadArrayError(ValueError):
    """What is read is no array, or not a whole one."""


def read_npy(stream: IO[bytes], size: int, name: str) -> npt.NDArray[Any]:
    """Return the array in a stream, to whose end it is read.

    Args:
        stream: At the array's first byte.
        size: How many bytes the stream says it has.
        name: Of the array, for messages.

    Raises:
        BadArrayError: If the header is none, or says another size than the stream has.
    """
    dtype, shape, fortran, begin = read_npy_header(stream, name)
    if (needed := dtype.itemsize * math.prod(shape)) != size - begin:
        raise BadArrayError(f"is damaged: {name!r} needs {needed:,} bytes by its header, and has {size - begin:,}")
    content = bytearray()
    while block := stream.read(BLOCK):  # to the end, where the checksum is compared
        content += block
    if len(content) != needed:
        raise BadArrayError(f"is damaged: {name!r} has {len(content):,} of {needed:,} bytes")
    flat = np.frombuffer(content, dtype) if needed else np.empty(math.prod(shape), dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def read_npy_header(stream: IO[bytes], name: str) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    """Return the dtype, the shape, whether columns go first, and how many bytes the header has.

    Args:
        stream: At the array's first byte; it is left at the first number.
        name: Of the array, for messages.

    Raises:
        BadArrayError: If the header is none of a plain array.
    """
    start = stream.read(8)
    if start[:6] != MAGIC:
        raise BadArrayError(f"is not an .npz file: {name} is not an array")
    width = {b"\1\0": 2, b"\2\0": 4, b"\3\0": 4}.get(start[6:])
    if width is None:
        raise BadArrayError(f"is damaged: {name!r} is of an unknown version of NumPy's format")
    length = int.from_bytes(stream.read(width), "little")
    text = stream.read(length).decode("latin-1") if length <= LONGEST else ""
    if "'descr': '|O'" in text:
        raise BadArrayError("holds pickled objects; only plain arrays are read")
    found = HEADER.fullmatch(text)
    if not found:
        raise BadArrayError(f"is damaged: {name!r} has no header of a plain array")
    if not DTYPES.fullmatch(found[1]):
        raise BadArrayError(f"is damaged: {name!r} is of the dtype {found[1]!r}; only plain arrays are read")
    shape = tuple(int(size) for size in re.findall(r"\d+", found[3]))
    if len(shape) > MOST_DIMENSIONS or math.prod(size or 1 for size in shape) >= 2**63:
        raise BadArrayError(f"is damaged: {name!r} has a shape that no array has")
    return np.dtype(found[1]), shape, found[2] == "True", 8 + width + length
