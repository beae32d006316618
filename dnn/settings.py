"""The settings of `dnn train` and `dnn prepare`. Each default stands here, for the options and for config.json.

Nothing slow is imported here, since `dnn --help` shows the defaults.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

USUAL_TARGETS = ("deposit", "y")


class Scale(str, Enum):
    """How numbers are brought to one scale; `dnn.data.preprocess.SCALES` has the class of each."""

    standardize = "standardize"
    rescale = "rescale"
    normalize = "normalize"
    binarize = "binarize"


SCALE = Scale.standardize
SHARE = 0.1  # of the rows, for validation and for the test


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """The options of `dnn train`. None is "not given": some must not be given with a prepared folder, which decided."""

    data: Path | None = None  # the embedded sample
    target: str | None = None  # `default_target`
    drop: list[str] = field(default_factory=list)
    out: Path | None = None  # runs/DATE-TIME
    scale: Scale | None = None  # SCALE
    validation: float | None = None  # SHARE
    test: float | None = None  # SHARE
    hidden: list[int] = field(default_factory=lambda: [30, 30])
    learning_rate: float = 0.001
    batch_size: int = 100
    epochs: int = 100
    patience: int = 2
    min_delta: float = 0.0
    restore_best: bool = True
    jit: bool | None = None  # "auto"
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class PrepareSettings:
    """The options of `dnn prepare`: those of `dnn train` that decide how a file becomes arrays."""

    out: Path
    data: Path | None
    target: str | None
    drop: list[str]
    scale: Scale | None
    validation: float | None
    test: float | None
    seed: int


DEFAULTS = TrainSettings()


def default_target(names: Sequence[str]) -> str:
    """Return the column to predict if none is named: deposit, else y, else the last one."""
    return next((name for name in USUAL_TARGETS if name in names), names[-1] if names else "")


def for_json(settings: TrainSettings | PrepareSettings) -> dict[str, Any]:
    """Return the options as they were given, in plain values."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(settings).items()}
