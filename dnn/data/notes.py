"""A note on a table: what is suspicious of which column, in one sentence, and the setting that would help."""

from collections.abc import Sequence
from typing import NamedTuple

from dnn.data.names import shell_quoted

# from the most important to the least
KINDS = (
    "task",
    "leakage",
    "imbalance",
    "nearly numeric",
    "date",
    "identifier",
    "index",
    "codes",
    "spelling",
    "duplicates",
    "constant",
)


class Remedy(NamedTuple):
    """A setting that would help.

    Args:
        setting: "drop", "kind", "missing", "task" or "class_weight".
        value: What it is set to; of "drop" and "kind", for `column`.
        column: The column it is for; "" for the whole table.
    """

    setting: str
    value: str = ""
    column: str = ""

    def option(self) -> str:
        """Return it as an option of the command line: `--kind branch=category`."""
        word = "=".join(filter(None, (self.column, self.value)))
        return f"--{self.setting.replace('_', '-')} {shell_quoted(word)}"

    def argument(self) -> str:
        """Return it as an argument in Python: `kinds={'branch': 'category'}`."""
        in_python = {
            "drop": f"drop=[{self.column!r}]",
            "kind": f"kinds={{{self.column!r}: {self.value!r}}}",
            "missing": f"missing=[{self.value!r}]",
        }
        return in_python.get(self.setting, f"{self.setting}={self.value!r}")


class Note(NamedTuple):
    """Something suspicious.

    Args:
        column: Name of the column; "" for the whole table.
        kind: One of `KINDS`.
        problem: A sentence without a full stop, which quotes the column's name.
        remedy: The setting that would help. None: there is none.
    """

    column: str
    kind: str
    problem: str
    remedy: Remedy | None = None

    @property
    def sentence(self) -> str:
        """The problem and its remedy on the command line."""
        return f"{self.problem}: {self.remedy.option()}" if self.remedy else self.problem

    @property
    def sentence_for_python(self) -> str:
        """The problem and its remedy as an argument in Python."""
        return f"{self.problem}: {self.remedy.argument()}" if self.remedy else self.problem


def note_lines(notes: Sequence[Note], most: int | None = 12) -> list[str]:
    """Return a line for each of the first `most` notes, and one that says how many more there are; None: all.

    >>> note_lines([Note("a", "constant", "'a' has one value", Remedy("drop", column="a")), Note("", "x", "y")], most=1)
    ["note: 'a' has one value: --drop a", '… and 1 more: --notes all']
    """
    lines = [f"note: {note.sentence}" for note in notes[:most]]
    rest = len(notes) - len(lines)
    return [*lines, f"… and {rest:,} more: --notes all"] if rest else lines
