"""A console on which nothing that is printed can end the work: not a sign it lacks, nor a reader that has left.

`dnn train | head -1` trains to the end, and writes its run folder.
"""

import io
import os
import sys
from typing import TextIO, cast

from rich.console import Console


class SteadyStream(io.TextIOBase):
    """Writes to another stream: a sign that its encoding lacks becomes "?", and a closed pipe takes everything.

    Args:
        stream: The stream to write to. None: what `sys.stdout` is now.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stdout  # as it is now: a progress bar puts itself in its place
        self._is_closed_pipe = False

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property here, and an attribute there
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        if not self._is_closed_pipe:
            try:
                self._stream.write(text.encode(self.encoding, "replace").decode(self.encoding))
            except BrokenPipeError:
                self._close_pipe()
        return len(text)

    def flush(self) -> None:
        if not self._is_closed_pipe:
            try:
                self._stream.flush()
            except BrokenPipeError:
                self._close_pipe()

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def _close_pipe(self) -> None:
        """Let what is buffered, and what comes, go nowhere: Python flushes once more when it ends."""
        self._is_closed_pipe = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def steady_console(stream: TextIO | None = None) -> Console:
    """Return a console that prints text as it is: without markup, emoji or colours for numbers.

    Its width is COLUMNS if that is set, on a "dumb" terminal too; else the terminal's, or 80.

    Args:
        stream: Where it prints. None: to `sys.stdout`.
    """
    columns = os.environ.get("COLUMNS", "")
    width = (int(columns) or 80) if columns.isdecimal() else None
    height = 25 if width else None  # without it a dumb terminal would have 80 columns whatever `width` says
    file = cast(TextIO, SteadyStream(stream))
    return Console(file=file, width=width, height=height, markup=False, emoji=False, highlight=False)
