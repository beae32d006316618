"""The bytes of a file that may be compressed, counted while they are unpacked."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dnn.data.size_limit import limit_of, refuse_beyond

BLOCK = 1 << 20
CELL = 32  # bytes that a cell takes beside its text, as measured
NUMBER = 12  # of one that Arrow converts to a number while it reads


class Unpacked(io.RawIOBase):
    """A file that is unpacked while it is read, and refused where it holds more bytes than it may.

    Args:
        packed: The stream that unpacks.
        path: For the message.
        max_bytes: As `limit_of`.
    """

    def __init__(self, packed: Any, path: str | Path, max_bytes: int | None) -> None:
        self.packed, self.path, self.max_bytes = packed, path, max_bytes
        self.limit = limit_of(max_bytes)

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, back by unpacking anew."""
        return int(self.packed.seek(offset, whence))

    def tell(self) -> int:
        """Return the place, in unpacked bytes."""
        return int(self.packed.tell())

    def readinto(self, buffer: Any) -> int:
        """Read, and raise TooLargeError beyond the limit."""
        count = int(self.packed.readinto(buffer))
        self.check(self.packed.tell())
        return count

    def check(self, takes: int) -> None:
        """Refuse the file if what was read so far is beyond the limit."""
        if takes > self.limit:
            refuse_beyond(self.path, takes, self.max_bytes, about="at least ")

    def close(self) -> None:
        """Close the stream below too."""
        self.packed.close()
        super().close()


@contextmanager
def plain_bytes(
    file: io.BufferedReader, compression: str | None, path: str | Path, max_bytes: int | None
) -> Iterator[io.BufferedReader]:
    """The bytes of a file that may be compressed. Raises: TooLargeError where they are read beyond the limit."""
    if not compression:
        with file:
            yield file
        return
    unpacked: Any = Unpacked(gzip.GzipFile(fileobj=file), path, max_bytes)
    with io.BufferedReader(unpacked, BLOCK) as plain:
        yield plain


class Counted(Unpacked):
    """Counts what Arrow reads of a CSV file, and what its cells will take. numbers: the share of columns that are."""

    def __init__(
        self, packed: pa.NativeFile, path: str | Path, max_bytes: int | None, delimiter: str, numbers: float = 0
    ) -> None:
        super().__init__(packed, path, max_bytes)
        self.cell = round(CELL - (CELL - NUMBER) * numbers)
        self.ends, self.takes, self.quoted = (ord(delimiter), ord("\n")), 0, False

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes."""
        block: bytes = self.packed.read(size)
        signs = np.frombuffer(block, np.uint8)  # `bytes.count` takes three times as long
        self.takes += len(block) + self.cell * sum(int(np.count_nonzero(signs == end)) for end in self.ends)
        self.quoted = self.quoted or b'"' in block
        self.check(self.takes)
        return block
