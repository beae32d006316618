"""The settings of a run, each with its default and its meaning: of `dnn.Classifier`, `dnn.Regressor` and the command.

A default stands here alone: estimators, options, help texts and config.json take it from here. Nothing slow is
imported, since `dnn --help` shows all of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

USUAL_TARGETS = ("deposit", "y")

TASKS = ("classification", "regression")
ACTIVATIONS = ("relu", "elu", "gelu", "leaky_relu", "mish", "selu", "sigmoid", "silu", "softplus", "tanh")
OPTIMIZERS = ("adam", "adamw", "rmsprop", "sgd")
MONITORS = ("val_loss", "val_accuracy", "val_roc_auc", "val_average_precision")  # of classes; the first, of amounts too
ON_NAN = ("stop", "skip", "ignore")
ARCHITECTURES = ("mlp", "tabm", "realmlp")
SCHEDULES = ("constant", "cosine", "coslog4")
EMBEDDINGS = ("linear", "periodic", "pbld", "piecewise")
SCALES = ("standardize", "rescale", "normalize", "binarize", "quantile", "robust", "piecewise", "piecewise_tree")

HIDDEN = [30, 30]
SCALE = "piecewise"
EMBEDDED_SCALE = "standardize"  # of numbers that have a learnt embedding, which takes one feature of each
EXPLAINED_SCALE = "standardize"  # of a new network that is explained, as the preset "article" has it
BINS = 8  # of a column, for the scales of bins
SHARE = 0.1  # of the rows, for validation and for the test


def option(default: Any, meaning: str, **bounds: Any) -> Any:
    """Declare a setting: its default, its meaning for help texts, and what else the command line is to know of it."""
    made = {"default_factory": lambda: list(default)} if isinstance(default, list) else {"default": default}
    return field(**made, metadata={"help": meaning, **bounds})


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Data. The options that decide how a file becomes arrays; None: not given, so the default or the data decide."""

    data: Path | None = option(
        None,
        "CSV (gzip or not), Parquet, or a folder made by `dnn prepare`, which takes several: 'part-*.parquet'.",
        show_default="the embedded sample: 4,521 clients of a bank",
    )
    target: str | None = option(
        None, "Column to predict.", show_default=", else ".join((*USUAL_TARGETS, "the last column"))
    )
    drop: list[str] = option([], "Columns to leave out: --drop id --drop name, or --drop id,name.", show_default="none")
    kind: list[str] = option(
        [], "What a column holds: --kind branch=category, or =numeric.", show_default="found from the cells"
    )
    missing: list[str] = option([], 'What stands for a missing value: --missing "NA,?".', show_default="empty cells")
    delimiter: str | None = option(None, "Character between the cells of a CSV.", show_default="found from its lines")
    decimal: str | None = option(None, "Decimal sign of the numbers in a CSV.", show_default="found from the cells")
    encoding: str | None = option(
        None, "Encoding of a CSV, such as cp1252.", show_default="UTF-8, else UTF-16 by its mark, else cp1252"
    )
    max_bytes: int | None = option(
        None, "Memory that a file may take, in bytes; never more than is free.", min=1, show_default="16 GB"
    )
    skip_unlabelled: bool = option(False, "Leave out rows without a target instead of refusing the file.")
    task: str | None = option(None, "Predict classes or an amount.", choices=TASKS, show_default=TASKS[0])
    scale: str | None = option(
        None, "How to scale numbers; with --embedding by default standardize.", choices=SCALES, show_default=SCALE
    )
    bins: int | None = option(None, "Most bins of a column, for --scale piecewise.", min=1, show_default=str(BINS))
    column_scale: list[str] = option(
        [], "Scale of one column: --column-scale age=quantile.", show_default="that of all"
    )
    missing_indicator: bool = option(False, "Add a feature for each numeric column that tells its empty cells.")
    min_count: int | None = option(
        None, "Values of a category with fewer rows share one feature.", min=1, show_default="1: each has its own"
    )
    ordinal: list[str] = option(
        [], "Order of a category, which makes it a number: --ordinal size=small,medium,large.", show_default="none"
    )
    validation: float | None = option(None, "Share of the rows for validation, in (0, 1).", show_default=str(SHARE))
    test: float | None = option(None, "Share of the rows for the test, in (0, 1).", show_default=str(SHARE))


@dataclass(frozen=True, kw_only=True)
class SeedSetting:
    """Network and training. Chance."""

    seed: int = option(0, "Seed of the split, the first weights and the order of the rows.", min=0, max=2**63 - 1)


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(SeedSetting):
    """Network and training. In Python, `activation` and `optimizer` may be functions as well."""

    hidden: list[int] = option(HIDDEN, "Units of each hidden layer: --hidden 64 32; 0 for none.", min=0)
    architecture: str = option(
        "mlp", "mlp, usual layers; tabm, an ensemble with shared kernels; realmlp, RealMLP's.", choices=ARCHITECTURES
    )
    ensemble: int = option(1, "Networks that are trained as one; their mean probability decides.", min=1)
    embedding: str | None = option(
        None, "Learnt vectors of the numbers, before the network.", choices=EMBEDDINGS, show_default="none"
    )
    embedding_size: int = option(8, "Size of the vector of a number, for --embedding.", min=1)
    frequency_scale: float | None = option(
        None, "Deviation of the first frequencies, > 0.", show_default="0.01 for periodic, 0.1 for pbld"
    )
    category_embedding: int = option(0, "Size of a learnt vector of categories with more values; 0: one-hot.", min=0)
    activation: Any = option("gelu", "Function between the layers.", choices=ACTIVATIONS)
    dropout: float = option(0.2, "Share of each hidden layer's units that a training step drops, in [0, 1).")
    optimizer: Any = option("adam", "What changes the weights.", choices=OPTIMIZERS)
    learning_rate: float = option(0.001, "The optimizer's step size, > 0.")
    weight_decay: float = option(0.0, "Weights shrink by this × the learning rate in each step, >= 0.")
    beta_2: float = option(0.999, "How slowly Adam's and AdamW's mean of squares forgets, in [0, 1).")
    schedule: str = option("constant", "How the learning rate changes over all epochs.", choices=SCHEDULES)
    warmup: int = option(0, "Epochs in which it first rises from 0, for --schedule cosine.", min=0)
    label_smoothing: float = option(0.0, "Share of each label that is spread over all classes, in [0, 1).")
    batch_size: int = option(100, "Rows per step.", min=1)
    epochs: int = option(100, "Maximum number of passes over the training rows.", min=1)
    patience: int = option(15, "Stop after this many epochs that were not better.", min=1)
    min_delta: float = option(0.0, "By how much the monitored figure must be better to count.", min=0)
    monitor: str = option("val_loss", "Figure of the validation rows that must become better.", choices=MONITORS)
    restore_best: bool = option(True, "Keep the weights of the best epoch.")
    on_nan: Any = option("stop", "What a loss that is no number does; skip leaves out its step.", choices=ON_NAN)
    jit: bool | None = option(None, "Compile with XLA from the start, or never; by default, as soon as it pays off.")


@dataclass(frozen=True, kw_only=True)
class TrainSettings(NetworkSettings, DataSettings):
    """Results. The options of `dnn train`, which has those of its bases too."""

    out: Path | None = option(None, "Run folder to make; it must not exist.", show_default="runs/DATE-TIME")
    class_weight: list[str] = option(
        [], "What a row of a class weighs: balanced, or --class-weight yes=5.", show_default="all alike"
    )
    min_recall: float | None = option(
        None, "Recall of the second class that the threshold must reach on validation rows.", show_default="none"
    )
    cost: list[float] = option(
        [],
        "Costs of a false alarm and of a miss, --cost 1 20: the threshold that costs least on validation rows.",
        show_default="none",
    )
    folds: int | None = option(None, "Cross-validate with this many folds instead, and write no folder.", min=2)
    baselines: bool = option(True, "Compare with logistic regression and gradient boosting.")
    report: bool = option(True, "Leave the run as pictures too, report.html.")
    resume: Path | None = option(
        None, "Run folder of a training that broke off: go on with it, to the same result.", show_default="none"
    )
    checkpoint_every: str | None = option(
        None,
        'When the state of the training is kept: "2 epochs", "500 steps", "10 minutes".',
        show_default="after an epoch, for at most 2 % of the time",
    )
    tensorboard: Path | None = option(
        None, "Write event files for TensorBoard into a folder of the run's name in this one.", show_default="none"
    )


@dataclass(frozen=True, kw_only=True)
class PrepareSettings(DataSettings, SeedSetting):
    """Results. The options of `dnn prepare`: those of `dnn train` that decide how a file becomes arrays."""

    out: Path = option(Path("prepared"), "Folder to make; it must not exist.")


@dataclass(frozen=True, kw_only=True)
class ExplainSettings(DataSettings, SeedSetting):
    """The step. The options of `dnn explain`; its network is by default that of the preset "article"."""

    run: Path | None = option(
        None, "Folder that `dnn train` made: its network, on the first rows of --data.", show_default="a new network"
    )
    scale: str | None = option(None, "How to scale numbers.", choices=SCALES, show_default=EXPLAINED_SCALE)
    rows: int = option(8, "Rows of a step, 1 to 256.")
    steps: int = option(1, "Steps, one after the other, 1 to 20.")
    hidden: list[int] = option(HIDDEN, "Units of each hidden layer, with relu: --hidden 64 32; 0 for none.", min=0)
    graph: bool = option(False, "Show what TensorFlow makes of a step too: its graph, XLA's kernels, a timeline.")
    out: Path = option(Path("step.html"), "Page to write.")
    force: bool = option(False, "Replace the file --out if it exists.")


DEFAULTS = TrainSettings()
Settings = TypeVar("Settings", bound=DataSettings)


def scale_or_default(scale: Any, embedding: str | None) -> Any:
    """Return the scale of the numbers that is given, or the default one, None being not given."""
    return (EMBEDDED_SCALE if embedding else SCALE) if scale is None else scale


def default_target(names: Sequence[str]) -> str:
    """Return the column to predict if none is named: deposit, else y, else the last one."""
    return next((name for name in USUAL_TARGETS if name in names), names[-1] if names else "")


def for_json(settings: DataSettings) -> dict[str, Any]:
    """Return the options as they were given, in plain values."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(settings).items()}


def settings_from_json(kind: type[Settings], values: Mapping[str, Any]) -> Settings:
    """Return the settings that `for_json` told; what another version knows is left out.

    Raises:
        AttributeError: If `values` is no mapping.
    """
    known = {each.name for each in fields(kind)}
    given: dict[str, Any] = {name: value for name, value in values.items() if name in known}
    paths = [name for name in ("data", "out", "tensorboard", "run", "resume") if given.get(name) is not None]
    return kind(**given | {name: Path(given[name]) for name in paths})


def listed(values: Sequence[str]) -> list[str]:
    """Return the names of an option that may be repeated or hold several, separated by commas.

    >>> listed(["id,name", "note"])
    ['id', 'name', 'note']
    """
    return [part for value in values for part in (value.split(",") if value else [""])]


def pairs(values: Sequence[str], option_name: str) -> Mapping[str, str]:
    """Return {"branch": "category"} of ["branch=category"]. Raises: ValueError for a value without "="."""
    cut = [value.rpartition("=") for value in values]
    for value, (name, sign, _) in zip(values, cut, strict=True):
        if not sign or not name:
            raise ValueError(f"{option_name} must be NAME=VALUE, got {value!r}")
    return {name: value for name, _, value in cut}


def classifies(settings: DataSettings) -> bool:
    """Whether classes are predicted, and not amounts."""
    return (settings.task or TASKS[0]) == TASKS[0]


def kinds_given(settings: DataSettings) -> dict[str, Literal["numeric", "category"]]:
    """Return {"branch": "category"} of --kind branch=category. Raises: ValueError for another kind."""
    kinds: dict[str, Literal["numeric", "category"]] = {}
    for name, kind in pairs(settings.kind, "--kind").items():
        if kind not in ("numeric", "category"):
            raise ValueError(f"--kind {name}={kind}: a kind is numeric or category")
        kinds[name] = "numeric" if kind == "numeric" else "category"
    return kinds


def column_scales_given(settings: DataSettings) -> dict[str, str]:
    """Return {"age": "quantile"} of --column-scale age=quantile. Raises: ValueError for another scale."""
    scales = dict(pairs(settings.column_scale, "--column-scale"))
    for name, scale in scales.items():
        if scale not in SCALES:
            raise ValueError(f"--column-scale {name}={scale}: a scale is one of {', '.join(SCALES)}")
    return scales


def orders_given(settings: DataSettings) -> dict[str, tuple[str, ...]]:
    """Return {"size": ("small", "large")} of --ordinal size=small,large. Raises: ValueError without an order."""
    return {name: tuple(order.split(",")) for name, order in pairs(settings.ordinal, "--ordinal").items()}
