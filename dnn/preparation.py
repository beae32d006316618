"""From the options of `dnn train` and `dnn prepare` to encoded parts: read, checked, split, encoded."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from dnn.data.amounts import Amounts
from dnn.data.arrays import load_part
from dnn.data.encoding import Encoding, load_encoding
from dnn.data.feature_choice import FeatureChoice
from dnn.data.files import sample_path, sniff
from dnn.data.labels import Labels
from dnn.data.options import ReadOptions
from dnn.data.prepared import PreparedFolder, open_prepared
from dnn.data.shards import INDEX
from dnn.data.shards import PARTS as PARTS
from dnn.data.size_estimate import refuse_too_many_rows
from dnn.data.size_limit import limit_of
from dnn.data.split import Part, labelled_rows, split
from dnn.data.table import Table
from dnn.data.target_reading import read_for_task
from dnn.data.too_large import refuse_too_large
from dnn.early_checks import checked_fractions
from dnn.estimator.network import Rows
from dnn.files.json_files import read_json
from dnn.files.manifest import digest_of
from dnn.settings import (
    BINS,
    DataSettings,
    classifies,
    column_scales_given,
    default_target,
    for_json,
    kinds_given,
    listed,
    orders_given,
    scale_or_default,
)

COPIES = 3  # of the rows that are in memory at once where they are trained with as arrays
DECIDED = [each.name for each in fields(DataSettings) if each.name not in ("data", "max_bytes")]


class Prepared(NamedTuple):
    """What a network is trained on.

    encoding: what was learnt of the training rows. arrays: the parts, encoded, by name. parts: their columns as they
    were read, by name; none if only the arrays were kept. origin: what was read, for config.json. table: all rows as
    they were read, with the reader's notes; None if only the arrays were kept.
    """

    encoding: Encoding
    arrays: Mapping[str, Rows]
    parts: dict[str, Part]
    origin: dict[str, Any]
    table: Table | None


def prepare_file(settings: DataSettings, seed: int) -> Prepared:
    """Read a file, split it, and learn from the training rows how its columns become arrays.

    Raises:
        ValueError: If the file cannot be read or learnt from.
    """
    fractions = checked_fractions(settings)
    table, target = read_with_target(settings)
    parts = split(table, target, fractions=fractions, seed=seed, stratify=classifies(settings))
    learnt = (Labels if classifies(settings) else Amounts)(parts[0].target)
    choice = FeatureChoice(**feature_settings(settings))
    try:
        known = learnt(parts[0].target)
        features = choice.learn(parts[0].columns, known, regression=not classifies(settings))
    except ValueError as error:  # a line for each column
        raise ValueError(f"{table.source}: {error}") from None
    encoding = Encoding(features, learnt, target, tuple(listed(settings.drop)), table.options)
    arrays = {
        name: (encoding.inputs(part.columns), learnt(part.target)) for name, part in zip(PARTS, parts, strict=True)
    }
    path = settings.data or sample_path()
    origin = {"path": str(path.resolve()), "sha256": digest_of(path), "rows": table.rows, "target": target}
    origin |= {"scale": choice.scale, "split": {"validation": fractions[1], "test": fractions[2]}}
    return Prepared(encoding, arrays, dict(zip(PARTS, parts, strict=True)), origin, table)


def feature_settings(settings: DataSettings) -> dict[str, Any]:
    """Return the settings of the features under the names that estimators have. Raises: ValueError."""
    return {
        "scale": scale_or_default(settings.scale, getattr(settings, "embedding", None)),
        "bins": settings.bins or BINS,
        "column_scale": column_scales_given(settings) or None,
        "missing_indicator": settings.missing_indicator,
        "min_count": settings.min_count or 1,
        "ordinal": orders_given(settings) or None,
    }


def read_with_target(settings: DataSettings) -> tuple[Table, str]:
    """Read the file, and choose the target; rows without one are left out if the settings say so.

    Raises:
        ValueError: If the file cannot be read, or has no such target.
    """
    path, options, drop = settings.data or sample_path(), read_options(settings), listed(settings.drop)
    source, target = sniff(path, options), settings.target
    if target is None:
        target = default_target([name for name in source.names if name not in drop])
    refuse_too_many_rows(source, settings.max_bytes)
    how: Any = {"kinds": kinds_given(settings), "drop": drop, "options": options, "sure": settings.task is not None}
    table = read_for_task(source, target, "classification" if classifies(settings) else "regression", **how)
    refuse_too_large(table)
    return (labelled_rows(table, target) if settings.skip_unlabelled else table), target


def read_prepared(folder: Path, settings: DataSettings) -> Prepared:
    """Read what `dnn prepare` wrote; it decided what must not be given again.

    Raises:
        ValueError: If an option is given again, or a file is damaged.
    """
    refuse_decided(settings, "the folder was prepared")
    encoding = load_encoding(folder)
    classes = None if isinstance(encoding.labels, Amounts) else encoding.labels.classes
    if (folder / INDEX).is_file():
        opened = open_prepared(folder, check=True)
        of_parts = {name: rows.arrays() for name, rows in zip(PARTS, opened[2:5], strict=True)}
        return Prepared(encoding, of_parts, {}, origin_of(folder), None)
    paths = {name: folder / f"{name}.npz" for name in PARTS}
    shape: dict[str, Any] = {"width": encoding.features.width, "classes": classes, "max_bytes": settings.max_bytes}
    arrays = {name: load_part(path, **shape) for name, path in paths.items()}
    return Prepared(encoding, arrays, {}, origin_of(folder), None)


def stays_on_disk(settings: DataSettings, began: bool | None = None) -> PreparedFolder | None:
    """Return the prepared folder, opened, whose rows memory may not hold; None: they are read into memory.

    Each file is compared with its SHA-256.

    began: whether the rows of a run that is gone on with stayed there, which it keeps to. None: their size decides.

    Raises:
        ValueError: If an option is given again, or a file is damaged.
    """
    folder = settings.data
    if folder is None or not (folder / INDEX).is_file():
        return None
    refuse_decided(settings, "the folder was prepared")
    prepared = open_prepared(folder)
    large = COPIES * prepared.bytes > limit_of(settings.max_bytes) if began is None else began
    if large:
        prepared.check()
    return prepared if large else None


def origin_of(folder: Path) -> dict[str, Any]:
    """Return what config.json says of a prepared folder: its path, checksums, and its own config.json."""
    names = ["features.json", *([INDEX] if (folder / INDEX).is_file() else [f"{name}.npz" for name in PARTS])]
    origin: dict[str, Any] = {"path": str(folder.resolve())}
    origin["sha256"] = {name: digest_of(folder / name) for name in names}
    return origin | {"prepared": read_json(folder / "config.json")}


def refuse_decided(settings: DataSettings, when: str, *, besides: Sequence[str] = ()) -> None:
    """Refuse options that were decided before. Raises: ValueError for one that is given, and not among `besides`."""
    for option in (each for each in DECIDED if each not in besides):
        given = for_json(settings)[option]
        if given is not None and given is not False and given != []:  # 0 is given
            raise ValueError(f"--{option.replace('_', '-')} was decided when {when}; leave it out")


def read_options(settings: DataSettings) -> ReadOptions:
    """Return how the file is to be read. Raises: ValueError for an option out of its range."""
    return ReadOptions(
        delimiter=settings.delimiter,
        decimal=settings.decimal,  # type: ignore[arg-type]  # ReadOptions checks it
        encoding=settings.encoding,
        missing=tuple(listed(settings.missing)),
        max_bytes=settings.max_bytes,
    )
