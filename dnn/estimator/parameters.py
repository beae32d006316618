"""The settings of an estimator as scikit-learn reads and changes them: `clone` and searches need no more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from typing_extensions import Self

from dnn.data.scale import ScaleLearner
from dnn.data.table import Kind
from dnn.nn.protocols import ActivationLike, OptimizerLike
from dnn.presets import preset_of
from dnn.settings import BINS, DEFAULTS, SHARE


@dataclass(eq=False, repr=False, kw_only=True)
class Parameters:
    """A dataclass whose fields are settings."""

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Self:
        """Make an estimator whose settings go together.

        Args:
            name: "article", the network of the article; "ensemble", 16 networks as one; "tabm", 16 that share their
                kernels; "realmlp", RealMLP's recipe. See `dnn train --preset`.
            **changes: Settings of the constructor, which go before those of the preset.

        Returns:
            The estimator, not trained yet; its settings are all in `get_params()`.

        Raises:
            ValueError: If there is no such preset.
            TypeError: If there is no such setting.

        Example:
            >>> dnn.Classifier.preset("ensemble", seed=1)
            Classifier(ensemble=16, scale='piecewise', seed=1)
        """
        return cls(**{**preset_of(name, getattr(cls, "task", "classification")), **changes})

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings by name.

        Args:
            deep: Makes no difference: no setting is an estimator.

        Returns:
            Each argument of the constructor, as it was given.
        """
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def set_params(self, **settings: Any) -> Self:
        """Change settings.

        Args:
            **settings: Arguments of the constructor.

        Returns:
            The estimator itself.

        Raises:
            ValueError: If a name is not one of the settings.
        """
        names = [each.name for each in fields(self)]
        for name, value in settings.items():
            if name not in names:
                raise ValueError(f"Invalid parameter {name!r} for estimator {self}. Valid parameters are: {names!r}.")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        given = {each.name: repr(getattr(self, each.name)) for each in fields(self)}
        changed = [f"{each.name}={given[each.name]}" for each in fields(self) if given[each.name] != repr(each.default)]
        return f"{type(self).__name__}({', '.join(changed)})"


@dataclass(eq=False, repr=False, kw_only=True)
class EstimatorSettings(Parameters):
    """The settings of an estimator, with the defaults of `dnn train`; `Classifier` and `Regressor` document each."""

    hidden: Sequence[int] = field(default=tuple(DEFAULTS.hidden), kw_only=False)
    architecture: str = DEFAULTS.architecture
    ensemble: int = DEFAULTS.ensemble
    embedding: str | None = DEFAULTS.embedding
    embedding_size: int = DEFAULTS.embedding_size
    frequency_scale: float | None = DEFAULTS.frequency_scale
    category_embedding: int = DEFAULTS.category_embedding
    activation: str | ActivationLike = DEFAULTS.activation
    dropout: float = DEFAULTS.dropout
    optimizer: str | Callable[..., OptimizerLike] = DEFAULTS.optimizer
    learning_rate: float = DEFAULTS.learning_rate
    weight_decay: float = DEFAULTS.weight_decay
    beta_2: float = DEFAULTS.beta_2
    schedule: str = DEFAULTS.schedule
    warmup: int = DEFAULTS.warmup
    label_smoothing: float = DEFAULTS.label_smoothing
    batch_size: int = DEFAULTS.batch_size
    epochs: int = DEFAULTS.epochs
    patience: int = DEFAULTS.patience
    min_delta: float = DEFAULTS.min_delta
    monitor: str = DEFAULTS.monitor
    restore_best: bool = DEFAULTS.restore_best
    validation: float = SHARE
    scale: str | ScaleLearner | None = None
    bins: int = BINS
    column_scale: Mapping[str, str | ScaleLearner] | None = None
    missing_indicator: bool = DEFAULTS.missing_indicator
    min_count: int = 1
    ordinal: Mapping[str, Sequence[str]] | None = None
    kinds: Mapping[str, Kind] | None = None
    drop: Sequence[str] = ()
    missing: Sequence[str] = ()
    delimiter: str | None = DEFAULTS.delimiter
    decimal: Any = DEFAULTS.decimal
    encoding: str | None = DEFAULTS.encoding
    on_nan: Any = DEFAULTS.on_nan
    jit: bool | None = DEFAULTS.jit
    seed: int = DEFAULTS.seed


def several(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return names as a tuple; a string is one name.

    >>> several("NA"), several(["id", "name"])
    (('NA',), ('id', 'name'))
    """
    return (names,) if isinstance(names, str) else tuple(names)
