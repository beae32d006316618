"""How a file is to be read where its reader would guess wrongly, and how its numbers are written.

They are kept with a model, so that a later file is read by the same rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

Decimal = Literal[".", ","]
Notation = Literal["plain", "1,234.5", "1.234,5", "1,234.5%", "1.234,5%"]
"""How the numbers of a column are written: "plain" as programs write them; the others as people do."""
Origin = Literal["number", "date", "duration", "time of day"]
"""What the numbers of a column were in their source; a timestamp is a date."""


@dataclass(frozen=True)
class ReadOptions:
    """Options of reading a table; those for text hold for CSV files only.

    Args:
        delimiter: The one character between the cells of a line; None finds out which of , ; tab and | it is.
        decimal: "." or ",", the decimal mark; None finds out, column by column.
        encoding: Name of the file's encoding, as Python has it, "cp1252" say; None takes UTF-16 with a byte-order
            mark and UTF-8, and reads as cp1252 what is neither.
        missing: Cells that mean "empty", in every column: NaN among numbers, "" among categories.
        notations: How the numbers of a column are written, by column name; the others are found out.
        origins: What the numbers of a column were in their source, by column name; a column of another origin is
            refused, since dates become days since 1970. Those that are not named may be anything.
        max_bytes: How much memory a file may take once it is unpacked, in bytes; None: 16 GB. It is never more than is
            free. It is not kept with a model.
    """

    delimiter: str | None = None
    decimal: Decimal | None = None
    encoding: str | None = None
    missing: tuple[str, ...] = ()
    notations: Mapping[str, Notation] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    max_bytes: int | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.delimiter is not None and not is_delimiter(self.delimiter):
            raise ValueError(f"a delimiter must be one ASCII character, no quote or line break, got {self.delimiter!r}")
        if self.decimal not in (None, *get_args(Decimal)):
            raise ValueError(f"decimal must be '.' or ',', got {self.decimal!r}")
        if self.encoding is not None:
            _check_encoding(self.encoding)
        if isinstance(self.missing, str) or not all(isinstance(marker, str) for marker in self.missing):
            raise ValueError(f"missing must be several strings, got {self.missing!r}")
        if strange := [notation for notation in self.notations.values() if notation not in get_args(Notation)]:
            raise ValueError(f"a notation must be one of {get_args(Notation)}, got {strange[0]!r}")
        if unknown := [origin for origin in self.origins.values() if origin not in get_args(Origin)]:
            raise ValueError(f"an origin must be one of {get_args(Origin)}, got {unknown[0]!r}")
        if self.max_bytes is not None and self.max_bytes < 1:
            raise ValueError(f"max_bytes must be 1 or more, got {self.max_bytes}")
        object.__setattr__(self, "missing", tuple(marker.strip() for marker in self.missing))
        object.__setattr__(self, "notations", dict(self.notations))
        object.__setattr__(self, "origins", dict(self.origins))

    def updated(self, other: "ReadOptions | None") -> "ReadOptions":
        """Return these options, but what the other ones say where they say something.

        Args:
            other: Options that go before these; None changes nothing.

        Returns:
            New options.
        """
        said = {} if other is None else {one.name: getattr(other, one.name) for one in fields(other)}
        return ReadOptions(**self._values() | {name: value for name, value in said.items() if value})

    def fixed(self, kinds: Mapping[str, str]) -> "ReadOptions":
        """Return options that leave no notation to be found out: what has none in training is plain.

        Args:
            kinds: Kind by name of the training columns.

        Returns:
            New options.
        """
        plain: dict[str, Notation] = {name: "plain" for name, kind in kinds.items() if kind == "numeric"}
        return self.updated(ReadOptions(notations={**plain, **self.notations}))

    def state(self) -> dict[str, Any]:
        """Return the options.

        Returns:
            Plain strings, lists and dicts, for JSON.
        """
        state = self._values() | {"missing": list(self.missing)}
        del state["max_bytes"]  # of this machine, and not of the data
        if not self.origins:  # as in the files that were written before there were origins
            del state["origins"]
        return state

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "ReadOptions":
        """Make the options that had this state.

        Args:
            state: What `state` returned.

        Returns:
            The options.

        Raises:
            ValueError: If it is not the state of options.
        """
        try:
            options = cls(**state)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"not the state of options: {error}") from None
        if options.state() != state:
            raise ValueError("not the state of options: its contents are inconsistent")
        return options

    def _values(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}


def _check_encoding(encoding: str) -> None:
    try:
        "".encode(encoding)
    except (LookupError, TypeError, ValueError):
        raise ValueError(f"Python knows no encoding {encoding!r}; {_remedy_for(encoding)}") from None


def _remedy_for(encoding: object) -> str:
    from dnn.data.scale_choice import SCALES  # which imports TensorFlow

    if encoding in SCALES:
        return f"it is a scale of numbers: --scale {encoding}, scale={encoding!r}"
    return "try utf-8, cp1252, latin-1 or utf-16"


def is_delimiter(text: str) -> bool:
    """Whether a text can stand between the cells of a line."""
    return len(text) == 1 and text.isascii() and text not in '"\r\n\0'
