"""Encoded rows on a disk: shards of some ten thousand rows, in .npz files, and index.json, which says what is in them.

A shard is `inputs` float32[rows, width] and `targets` int32[rows], or float32[rows] of amounts, as `dnn.load_part`
reads them. They are not compressed, and the index has the place of their first byte, so what knows no NumPy can read
them too.
"""

import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.data.arrays import save_part
from dnn.data.npy_header import BadArrayError, read_npy_header
from dnn.files.json_files import read_json, write_json
from dnn.files.manifest import digest_of

PARTS = ("train", "validation", "test")
INDEX, FORMAT_OF_SHARDS = "index.json", 1
MOST_SHARD_ROWS, SHARD_NUMBERS = 65_536, 2**22  # of a shard, at most: 16 MB
LOCAL_HEADER = 30  # bytes of a zip's member before its name


class Shard(NamedTuple):
    """One file of encoded rows. inputs, targets: the places of their first bytes in it."""

    file: str
    rows: int
    bytes: int
    sha256: str
    inputs: int
    targets: int


def shard_rows(width: int) -> int:
    """Return how many rows a shard has at most."""
    return max(1, min(MOST_SHARD_ROWS, SHARD_NUMBERS // max(1, width)))


class ShardWriter:
    """Writes the rows of one part, as they come, into shards in a folder.

    Args:
        folder: It is there.
        part: Name of the part, the beginning of the files' names.
        width: Columns of the inputs.
        dtype: Of the targets.
    """

    def __init__(self, folder: Path, part: str, width: int, dtype: npt.DTypeLike) -> None:
        self.folder, self.part, self.shards = folder, part, list[Shard]()
        rows = shard_rows(width)
        self.inputs, self.targets = np.empty((rows, width), np.float32), np.empty(rows, dtype)
        self.filled = 0

    def add(self, inputs: npt.NDArray[np.float32], targets: npt.NDArray[Any]) -> None:
        """Take some rows."""
        while len(targets):
            taken = min(len(targets), len(self.targets) - self.filled)
            own = slice(self.filled, self.filled + taken)
            self.inputs[own], self.targets[own] = inputs[:taken], targets[:taken]
            inputs, targets, self.filled = inputs[taken:], targets[taken:], self.filled + taken
            if self.filled == len(self.targets):
                self._write()

    def end(self) -> list[Shard]:
        """Write the rows that remain, and return the shards."""
        if self.filled:
            self._write()
        return self.shards

    def _write(self) -> None:
        path = self.folder / f"{self.part}-{len(self.shards):05}.npz"
        save_part(path, self.inputs[: self.filled], self.targets[: self.filled])
        self.shards.append(shard_of(path, self.inputs.shape[1], self.targets.dtype))
        self.filled = 0


def shard_of(path: Path, width: int, dtype: npt.DTypeLike) -> Shard:
    """Return what the index says of a file that `save_part` wrote.

    Args:
        path: The file.
        width: Columns that the inputs must have.
        dtype: Of the targets.

    Raises:
        ValueError: If it is another file, or its arrays are others.
    """
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            inputs, shape = _array_in(file, archive, "inputs", np.float32)
            targets, rows = _array_in(file, archive, "targets", dtype)
        if len(rows) != 1 or not rows[0] or shape != (*rows, width):
            raise BadArrayError(f"inputs are {shape} and targets {rows}, and not (rows, {width:,}) and (rows,)")
    except (ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"{path}: {error}; it is no part that dnn prepare wrote") from None
    return Shard(path.name, rows[0], path.stat().st_size, digest_of(path), inputs, targets)


def _array_in(
    file: IO[bytes], archive: zipfile.ZipFile, name: str, dtype: npt.DTypeLike
) -> tuple[int, tuple[int, ...]]:
    """Return the place of the first number of an array in a zip file, and its shape."""
    members = [member for member in archive.infolist() if member.filename == f"{name}.npy"]
    if len(members) != 1 or members[0].compress_type != zipfile.ZIP_STORED:
        raise BadArrayError(f"has not one array {name!r} that is not compressed")
    file.seek(members[0].header_offset + LOCAL_HEADER - 4)
    sizes = [int.from_bytes(file.read(2), "little") for _ in range(2)]  # of the name, and of what follows it
    file.seek(sum(sizes), 1)
    found, shape, fortran, header = read_npy_header(file, name)
    if fortran or found != np.dtype(dtype):
        raise BadArrayError(f"{name!r} is {found}{' by columns' if fortran else ''}, and not {np.dtype(dtype)} by rows")
    if (needed := header + found.itemsize * math.prod(shape)) != members[0].file_size:
        raise BadArrayError(f"{name!r} needs {needed:,} bytes by its header, and has {members[0].file_size:,}")
    return file.tell(), shape


def write_index(folder: Path, parts: Mapping[str, list[Shard]], names: list[str], counts: Mapping[str, Any]) -> None:
    """Write index.json.

    Args:
        folder: The folder of the shards.
        parts: The shards of each part, in order.
        names: What each column of the inputs is.
        counts: The rows of each class, by part; nothing for amounts.
    """
    rows = {part: sum(shard.rows for shard in shards) for part, shards in parts.items()}
    told = {part: [shard._asdict() for shard in shards] for part, shards in parts.items()}
    write_json(
        folder / INDEX,
        {"format": FORMAT_OF_SHARDS, "rows": rows, "columns": names, "classes": dict(counts), "shards": told},
    )


def read_index(folder: Path, width: int) -> tuple[dict[str, list[Shard]], dict[str, list[int]]]:
    """Return the shards of each part, and the rows of each class by part.

    Args:
        folder: The folder of the shards.
        width: Columns that the inputs must have.

    Raises:
        ValueError: If the index is damaged, or a file is missing or has another size than it says.
    """
    path = folder / INDEX
    index = read_json(path)
    try:
        if index["format"] != FORMAT_OF_SHARDS:
            raise ValueError(f"its format is {index['format']!r}, and this version reads {FORMAT_OF_SHARDS}")
        parts = {part: [Shard(**each) for each in shards] for part, shards in index["shards"].items()}
        if (
            len(index["columns"]) != width
            or {part: sum(each.rows for each in of) for part, of in parts.items()} != index["rows"]
        ):
            raise ValueError("its contents are inconsistent")
        if set(parts) != set(PARTS) or not all(parts.values()):
            raise ValueError(f"its parts are not {', '.join(PARTS)}, each with shards")
        for shard in (each for shards in parts.values() for each in shards):
            _check_shard(folder, shard, width)
        return parts, {part: list(map(int, counts)) for part, counts in index["classes"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged: {error!r}") from None
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None


def _check_shard(folder: Path, shard: Shard, width: int) -> None:
    file = folder / shard.file
    if Path(shard.file).name != shard.file:
        raise ValueError(f"{shard.file!r} is no name of a file in it")
    if not file.is_file() or file.stat().st_size != shard.bytes:
        raise ValueError(f"{file} is not the file of {shard.bytes:,} bytes that it says")
    ends = shard.inputs + 4 * width * shard.rows, shard.targets + 4 * shard.rows
    if not (shard.rows > 0 and shard.inputs > 0 and shard.targets > 0 and max(ends) <= shard.bytes):
        raise ValueError(f"{file} does not hold the {shard.rows:,} rows that it says")


def read_rows(
    folder: Path,
    shards: Sequence[Shard],
    ends: npt.NDArray[np.int64],
    begin: int,
    inputs: npt.NDArray[np.float32],
    targets: npt.NDArray[Any],
) -> None:
    """Read as many rows as the arrays have, of shards that follow each other, from row `begin` of them on.

    Args:
        folder: The folder of the shards.
        shards: In their order.
        ends: The sums of their rows.
        begin: The first row.
        inputs: float32[rows, width], is filled.
        targets: [rows], is filled.

    Raises:
        ValueError: If a file is shorter than it was.
    """
    done, width = 0, inputs.shape[1]
    while done < len(targets):
        number = int(np.searchsorted(ends, begin + done, "right"))
        shard, skip = shards[number], begin + done - int(ends[number]) + shards[number].rows
        rows = min(shard.rows - skip, len(targets) - done)
        with open(folder / shard.file, "rb", buffering=0) as file:
            _read_into(file, shard.inputs + 4 * width * skip, inputs[done : done + rows])
            _read_into(file, shard.targets + 4 * skip, targets[done : done + rows])
        done += rows


def _read_into(file: Any, place: int, array: npt.NDArray[Any]) -> None:
    """Fill an array with the bytes of a file from a place on. Raises: ValueError if the file ends before."""
    file.seek(place)
    left = array.data.cast("B")
    while len(left):
        if not (count := file.readinto(left)):
            raise ValueError(f"{file.name} is shorter than it was")
        left = left[count:]
