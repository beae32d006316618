"""What a command says, and to whom: lines to a person, one JSON document to a program, or a path alone.

A command tells everything to its voice, and asks for no mode: `voice.say(…)`, `voice.result(…)`, `voice.end(…)`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias

import numpy as np

from dnn.report.console import steady_console
from dnn.report.screen import ShowEpoch, epoch_lines, say

Mode: TypeAlias = Literal["normal", "quiet", "json"]


class Voice:
    """Tells a person ("normal"), a program ("json"), or only where the results are ("quiet").

    Args:
        mode: To whom it speaks.
        stream: Where it prints. None: to `sys.stdout`.
    """

    def __init__(self, mode: Mode = "normal", stream: TextIO | None = None) -> None:
        self.mode = mode
        self.console = steady_console(stream)
        self.document: dict[str, Any] = {"notes": []}

    @property
    def width(self) -> int:
        """Columns of the screen."""
        return self.console.width

    def say(self, *lines: str) -> None:
        """Tell a person some lines, as they are."""
        if self.mode == "normal":
            self._print(*lines)

    def notes(self, sentences: Sequence[str], *, most: int | None = 12) -> None:
        """Tell of what may be wrong: a person gets the first `most` and how many more there are, a program all."""
        self.document["notes"] += sentences
        rest = len(sentences) - len(sentences[:most])
        more = [f"… and {rest:,} more: --notes all"] if rest else []
        self.say(*(f"note: {sentence}" for sentence in sentences[:most]), *more)

    def result(self, name: str, value: Any, lines: Sequence[str] = ()) -> None:
        """Keep a value for a program under this name, and tell a person the lines."""
        self.document[name] = value
        self.say(*lines)

    def epochs(self, epochs: int) -> AbstractContextManager[ShowEpoch]:
        """Give a callback for `fit` that tells a person of each epoch; see `dnn.report.screen.epoch_lines`."""
        return epoch_lines(self.console, epochs) if self.mode == "normal" else nullcontext(_tell_nobody)

    def end(self, path: str | Path | None = None, alone: Sequence[str] = ()) -> None:
        """Print what a program wants: the document, or the path alone; a person was told all.

        Args:
            path: Where the results are.
            alone: Lines with the results, where they are in no file.
        """
        if self.mode == "json":
            self._print(as_json(self.document if path is None else {"path": str(path), **self.document}))
        elif self.mode == "quiet":
            self._print(*alone if path is None else [str(path)])

    def _print(self, *lines: str) -> None:
        for line in lines:
            say(line, self.console)


@contextmanager
def pictures_may_fail(voice: Voice, name: str) -> Iterator[None]:
    """Tell of what fails here in one line, and go on: what was learnt is kept already."""
    try:
        yield
    except Exception as error:  # of a library that draws, a font, a full disk
        voice.notes([f"{name} could not be made: {type(error).__name__}: {error}"], most=None)


def as_json(value: Any) -> str:
    """Return indented JSON, in ASCII, of nested dicts, lists, arrays, numbers, strings and paths; NaN becomes null."""
    return json.dumps(_plain(value), indent=2, allow_nan=False)


def _tell_nobody(record: dict[str, float], history: Any) -> None:
    """Be a callback that neither tells nor stops anything."""


def _plain(value: Any) -> Any:
    """Return the value in what JSON has. Raises: TypeError for anything else."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON: {value!r}")
