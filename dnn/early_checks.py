"""What a command refuses before TensorFlow is imported, which takes a second: wrong paths and options."""

import glob
import math
from pathlib import Path

from dnn.data.names import shell_quoted, suggestion
from dnn.files.durable import is_locked
from dnn.files.json_files import read_json
from dnn.files.new_folder import refuse_existing, refuse_unwritable
from dnn.settings import (
    EMBEDDED_SCALE,
    MONITORS,
    SHARE,
    DataSettings,
    ExplainSettings,
    PrepareSettings,
    TrainSettings,
    column_scales_given,
    for_json,
    kinds_given,
    listed,
    orders_given,
    pairs,
)
from dnn.train.every import checked_every

MOST_ROWS, MOST_STEPS = 256, 20  # of a page of `dnn explain`


def check_early(settings: DataSettings, out: Path | None) -> None:
    """Refuse what the options alone, and a look at the file system, show to be wrong.

    Raises:
        ValueError: If an option is out of its range, or two contradict each other.
        OSError: If the data do not exist, or the folder to make does, or cannot be made.
    """
    if isinstance(settings, TrainSettings) and settings.resume:
        _check_resumed(settings)
        return
    if settings.data is not None:
        check_data(settings.data, several=isinstance(settings, PrepareSettings))
    if out is not None:
        refuse_unfinished(out)
        refuse_unwritable(refuse_existing(out))
    if isinstance(settings, PrepareSettings) or not (
        settings.data and settings.data.is_dir()
    ):  # a prepared folder has decided it
        checked_fractions(settings)
    kinds_given(settings)
    column_scales_given(settings)
    orders_given(settings)
    if settings.target in listed(settings.drop):
        raise ValueError(f"--drop leaves out {settings.target!r}, which is the target")
    if isinstance(settings, TrainSettings):
        _check_training(settings)


def refuse_unfinished(out: Path) -> None:
    """Refuse the folder of a run that broke off, and say how to go on with it. Raises: FileExistsError."""
    state = out / "state.json"
    if state.is_file() and read_json(state).get("state") != "finished":
        if is_locked(out):
            raise FileExistsError(f"{out} is in use: another process trains there")
        again = f"dnn train --resume {shell_quoted(str(out))}"
        raise FileExistsError(f"{out} is a run that is not finished; go on with it: {again}")


def _check_resumed(settings: TrainSettings) -> None:
    """Refuse options beside --resume: those of the run hold. Raises: ValueError; FileNotFoundError."""
    if not (settings.resume and settings.resume.is_dir()):
        raise FileNotFoundError(f"there is no run folder {settings.resume}")
    if settings.data is not None:  # where the file is now
        check_data(settings.data)
    told, usual = for_json(settings), for_json(TrainSettings())
    for name in told:
        if name not in ("resume", "data", "max_bytes") and told[name] != usual[name]:
            raise ValueError(f"--{name.replace('_', '-')} was decided when the run began; leave it out")


def check_page(settings: ExplainSettings) -> None:
    """Refuse as `check_early`, counts out of range, and a page that would replace a file, or could not be written."""
    check_early(settings, None)
    for name, count, most in (("rows", settings.rows, MOST_ROWS), ("steps", settings.steps, MOST_STEPS)):
        if not 1 <= count <= most:
            raise ValueError(f"--{name} must be from 1 to {most}, got {count}")
    if settings.out.exists() and not settings.out.is_file():
        raise ValueError(f"{settings.out} is not a file that could be replaced")
    if not settings.force:
        refuse_existing(settings.out, remedy="choose another name, or replace it with --force")
    refuse_unwritable(settings.out)
    if 0 in settings.hidden and len(settings.hidden) > 1:
        raise ValueError(f"--hidden 0, for no hidden layer, stands alone, got {settings.hidden}")


def check_data(path: Path, *, several: bool = False) -> None:
    """Refuse data that are not there. Raises: FileNotFoundError, with files of nearly that name beside it.

    several: whether a pattern of paths may stand for the files that it finds.
    """
    if not path.exists():
        if glob.has_magic(str(path)) and glob.glob(str(path), recursive=True):
            if several:
                return
            first = f"dnn prepare --data {shell_quoted(str(path))}"
            raise ValueError(f"{path} stands for several files; prepare them first: {first}")
        beside = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
        raise FileNotFoundError(f"there is no file {path}{suggestion(path.name, beside)}")


def checked_fractions(settings: DataSettings) -> tuple[float, float, float]:
    """Return the share of the rows of each part. Raises: ValueError if none is left to train on."""
    validation = SHARE if settings.validation is None else settings.validation
    test = SHARE if settings.test is None else settings.test
    if not (0 < validation < 1 and 0 < test < 1 and validation + test < 1):
        raise ValueError(f"--validation and --test must leave rows to train on, got {validation} and {test}")
    return 1 - validation - test, validation, test


def _check_training(settings: TrainSettings) -> None:
    if settings.folds and (settings.out or settings.cost or settings.min_recall is not None):
        raise ValueError("--folds leaves no model: leave out --out, --min-recall and --cost")
    if settings.folds and settings.checkpoint_every:
        raise ValueError("--folds keeps no checkpoints: leave out --checkpoint-every")
    try:
        checked_every(settings.checkpoint_every)
    except ValueError as error:
        raise ValueError(f"--checkpoint-every: {error}") from None
    if settings.folds and settings.tensorboard:
        raise ValueError("--folds trains several networks: leave out --tensorboard")
    if settings.tensorboard:
        run = settings.tensorboard / (settings.out or Path("run")).name
        remedy = "if a run that broke off left it, delete it, or choose another name"
        refuse_unwritable(refuse_existing(run, remedy=remedy) if settings.out else run)
    if settings.min_recall is not None and not 0 <= settings.min_recall <= 1:
        raise ValueError(f"--min-recall must be in [0, 1], got {settings.min_recall}")
    if 0 in settings.hidden and len(settings.hidden) > 1:
        raise ValueError(f"--hidden 0, for no hidden layer, stands alone, got {settings.hidden}")
    if len(settings.cost) not in (0, 2):
        raise ValueError(f"--cost takes two numbers, of a false alarm and of a miss, got {len(settings.cost)}")
    if settings.cost and settings.min_recall is not None:
        raise ValueError("--cost and --min-recall each choose the threshold; leave one out")
    if settings.task == "regression":
        _refuse_of_classes(settings)
    class_weight_given(settings)
    _check_network(settings)


def class_weight_given(settings: TrainSettings) -> str | dict[str, float] | None:
    """Return {"yes": 5.0} of --class-weight yes=5, or "balanced". Raises: ValueError for what is neither."""
    values = settings.class_weight
    if not values or values == ["balanced"]:
        return "balanced" if values else None
    try:
        return {name: float(weight) for name, weight in pairs(values, "--class-weight").items()}
    except ValueError:
        told = f"--class-weight must be balanced alone, or CLASS=NUMBER such as yes=5, got {' '.join(values)}"
        raise ValueError(told) from None


def _refuse_of_classes(settings: TrainSettings) -> None:
    """Refuse what amounts do not have. Raises: ValueError."""
    given = {
        "--class-weight": settings.class_weight,
        "--label-smoothing": settings.label_smoothing,
        "--cost": settings.cost,
        "--min-recall": settings.min_recall is not None,
        f"--monitor {settings.monitor}": settings.monitor != MONITORS[0],
    }
    for option in (name for name, value in given.items() if value):
        remedy = f", which have {MONITORS[0]} alone" if "monitor" in option else ""
        raise ValueError(f"{option} is for classes, and --task regression predicts amounts{remedy}")


def _check_network(settings: TrainSettings) -> None:
    """Refuse what no network is made or trained with. Raises: ValueError."""
    if not 0 < settings.learning_rate < math.inf:
        raise ValueError(f"--learning-rate must be > 0, got {settings.learning_rate}")
    if not 0 <= settings.weight_decay < math.inf:
        raise ValueError(f"--weight-decay must be >= 0, got {settings.weight_decay}")
    if not 0 <= settings.beta_2 < 1:
        raise ValueError(f"--beta-2 must be in [0, 1), got {settings.beta_2}")
    if not 0 <= settings.label_smoothing < 1:
        raise ValueError(f"--label-smoothing must be in [0, 1), got {settings.label_smoothing}")
    if settings.frequency_scale is not None and not 0 < settings.frequency_scale < math.inf:
        raise ValueError(f"--frequency-scale must be > 0, got {settings.frequency_scale}")
    if settings.embedding and (settings.scale or "").startswith("piecewise"):
        made = f"--scale {settings.scale} makes one of each bin; give --scale {EMBEDDED_SCALE}"
        raise ValueError(f"--embedding takes one feature of each number, and {made}")
    if not 0 <= settings.dropout < 1:
        raise ValueError(f"--dropout must be in [0, 1), got {settings.dropout}")
