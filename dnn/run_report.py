"""report.json of a run, from which its page is made: what is measured of a trained estimator for it."""

import csv
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.classifier import Classifier
from dnn.data.amounts import Amounts
from dnn.data.table import Column
from dnn.estimator.base import Estimator
from dnn.estimator.class_names import class_names
from dnn.files.json_files import read_json, write_json
from dnn.files.manifest import refuse_damaged, renew_in_manifest
from dnn.nn.losses import mean_squared_error, sparse_softmax_cross_entropy
from dnn.nn.softmax import softmax
from dnn.pages.compare import Run, compare_page
from dnn.pages.data_summary import column_summary
from dnn.pages.flat import finite
from dnn.pages.importance import Columns, column_importance, partial_dependence_of, value_grid
from dnn.pages.layer_record import LayerRecord
from dnn.pages.members import member_scores
from dnn.pages.outcomes import MOST_CLASSES, amount_charts, class_charts
from dnn.pages.run_page import run_page
from dnn.preparation import Prepared

FORMAT = 1
OF_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
NUMBERS, PAGE = "report.json", "report.html"
MOST_ROWS = 500  # of permutation importance and partial dependence
MOST_COLUMNS = 40
MOST_GRIDS = 9
REPEATS = 5


class Stopwatch:
    """The seconds of the stages of a run, one after the other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Note the seconds since the last lap, or since the beginning, under the name of a stage."""
        now = time.perf_counter()
        self.seconds[stage], self.last = now - self.last, now


def leave_report(
    folder: Path,
    estimator: Estimator,
    prepared: Prepared,
    output: npt.NDArray[Any],
    record: LayerRecord,
    metrics: Mapping[str, Any],
    config: Mapping[str, Any],
    notes: list[str],
    watch: Stopwatch,
) -> Path:
    """Measure what the page of a run shows, write report.json and report.html, and return the path of the page.

    Args:
        folder: The run folder, which is there.
        estimator: It was trained.
        prepared: What on, and the test rows.
        output: What the network gives for the test rows: logits, or amounts.
        record: The layers at some epochs.
        metrics: The contents of metrics.json.
        config: The contents of config.json.
        notes: What was told of the data and the results.
        watch: The seconds so far.
    """
    watch.lap("writing the run folder")
    history = estimator.history_
    report = {
        "history": {"epochs": history.epochs, "best_epoch": history.best_epoch},
        "metrics": metrics,
        "config": config,
        "data": data_of(prepared, notes),
        "outcomes": outcomes_of(estimator, prepared, output),
        "members": member_scores(estimator.fitted.model, *prepared.arrays["test"][:2]),
        "layers": {"rows": record.rows, "records": record.records},
        **column_findings(estimator, prepared, estimator.seed),
    }
    watch.lap("measuring for this page")
    write_json(folder / NUMBERS, finite({"format": FORMAT, **report, "timing": watch.seconds}))
    return write_page(folder)


def layer_record(prepared: Prepared) -> LayerRecord:
    """Return a callback that looks at the layers with the first training rows."""
    inputs, targets = prepared.arrays["train"][:2]
    amounts = isinstance(prepared.encoding.labels, Amounts)
    return LayerRecord(inputs, targets, mean_squared_error if amounts else sparse_softmax_cross_entropy)


def outcomes_of(estimator: Estimator, prepared: Prepared, output: npt.NDArray[Any]) -> dict[str, Any]:
    """Return the numbers of the charts of the test rows; `output` is what the network gives for them."""
    targets = prepared.arrays["test"][1]
    if isinstance(estimator, Classifier):
        return class_charts(targets, output)
    return amount_charts(estimator.fitted.encoding.amounts.restore(targets), output)


def data_of(prepared: Prepared, notes: list[str]) -> dict[str, Any]:
    """Return the summary of what was read."""
    table, target = prepared.table, prepared.encoding.target
    return {
        "source": Path(prepared.origin["path"]).name,
        "target": target,
        "parts": {name: len(arrays[1]) for name, arrays in prepared.arrays.items()},
        "columns": None if table is None else column_summary(table.columns),
        "notes": notes,
    }


def column_findings(estimator: Estimator, prepared: Prepared, seed: int) -> dict[str, Any]:
    """Return permutation importance and partial dependence of the columns; without their cells, neither."""
    if not prepared.parts:
        return {"importance": None, "dependence": []}
    part = prepared.parts["test"]
    rows = np.sort(np.random.default_rng(seed).permutation(len(part.target))[:MOST_ROWS])
    columns, target = {name: cells[rows] for name, cells in part.columns.items()}, part.target[rows]
    score = "rise of the loss, in nats" if isinstance(estimator, Classifier) else "rise of the RMSE"
    names = list(columns)[:MOST_COLUMNS]
    found = column_importance(
        columns, _table_scores(estimator, target), names=names, repeats=REPEATS, seed=seed % 2**32
    )
    importance = {"score": score, "rows": len(rows), "of_rows": len(part.target), "repeats": REPEATS}
    importance |= {"left_out": len(columns) - len(names), "columns": found, "predicted": _predicted(estimator)}
    known = [name for name in names if len(value_grid(columns[name]))]  # one may be empty in all of these rows
    chosen = sorted(known, key=lambda name: -float(np.mean(found[name])))[:MOST_GRIDS]
    return {"importance": importance, "dependence": [_dependence(estimator, columns, name) for name in chosen]}


def _table_scores(estimator: Estimator, target: npt.NDArray[Any]) -> Callable[[Columns, int], npt.NDArray[np.float64]]:
    """Return −loss, or −RMSE, of each of some tables that stand one after the other and have these targets."""

    def scores(columns: Columns, count: int) -> npt.NDArray[np.float64]:
        if isinstance(estimator, Classifier):
            labels = np.tile(estimator.fitted.encoding.class_labels(class_names(target)), count)
            logits = estimator.fitted.logits(columns).astype(np.float64)
            return -sparse_softmax_cross_entropy(labels, logits).numpy().reshape(count, -1).mean(axis=1)
        errors = np.tile(np.asarray(target, np.float64), count) - estimator.fitted.amounts(columns)
        return -np.sqrt(np.square(errors).reshape(count, -1).mean(axis=1))

    return scores


def write_page(folder: Path) -> Path:
    """Make report.html of a run folder again, of its report.json, and return its path.

    Raises:
        ValueError: If the folder is not there or has no report.json, or it is damaged or of another format.
    """
    numbers = folder / NUMBERS
    if not folder.is_dir():
        raise ValueError(f"{folder} is not there, or no folder: give that of a run")
    if not numbers.is_file():
        raise ValueError(f"{folder} has no {NUMBERS}: dnn train leaves it there, but for --no-report; train again")
    refuse_damaged(folder, (NUMBERS,))
    report = read_json(numbers)
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        raise ValueError(f"{numbers} is not of format {FORMAT}; another version of dnn has written it")
    try:
        source = run_page(report)
    except OF_DAMAGE as error:
        raise ValueError(f"{numbers} is damaged: {error!r}") from None
    partial = folder / f".{PAGE}.partial"
    partial.write_text(source, "utf-8")
    os.replace(partial, folder / PAGE)
    renew_in_manifest(folder, PAGE)
    return folder / PAGE


def write_comparison(folders: Sequence[Path], out: Path) -> Path:
    """Write the page of several run folders side by side, and return its path.

    Raises:
        ValueError: If there are fewer than two, one twice, or one is not the folder of a run.
    """
    refuse_no_runs(folders)
    names = [folder.name for folder in folders]
    names = names if len(set(names)) == len(names) else [str(folder) for folder in folders]
    runs = [_run_of(folder, name) for folder, name in zip(folders, names, strict=True)]
    try:
        out.write_text(compare_page(runs), "utf-8")
    except OF_DAMAGE as error:
        raise ValueError(f"one of the runs is damaged, {', '.join(map(str, folders))}: {error!r}") from None
    return out


def refuse_no_runs(folders: Sequence[Path]) -> None:
    """Refuse what cannot be compared. Raises: ValueError as `write_comparison`."""
    for folder in folders:
        for file in ("metrics.json", "config.json", "history.csv"):
            if not (folder / file).is_file():
                why = f"it has no {file}" if folder.is_dir() else "there is no such folder"
                raise ValueError(f"{folder} is not the folder of a run of dnn train: {why}")
    if len({folder.resolve() for folder in folders}) < max(len(folders), 2):
        raise ValueError(f"compare takes two run folders or more, each once, got {', '.join(map(str, folders))}")


def _run_of(folder: Path, name: str) -> Run:
    refuse_damaged(folder, ("metrics.json", "config.json", "history.csv"))
    metrics = _object(folder / "metrics.json", {"best_epoch": int, "test": dict})
    config = _object(folder / "config.json", {"data": dict, "arguments": dict})
    return Run(name, metrics, config, _history(folder / "history.csv"))


def _object(path: Path, wanted: Mapping[str, type]) -> dict[str, Any]:
    """Return the object in a JSON file. Raises: ValueError if a key that is wanted is not there, or of another type."""
    value = read_json(path)
    for key, kind in wanted.items():
        if not isinstance(value, dict) or not isinstance(value.get(key), kind):
            raise ValueError(f"{path} is damaged: it has no {key!r}, or it is of another type")
    return dict(value)


def _history(path: Path) -> list[dict[str, float]]:
    """Return the records of a history.csv. Raises: ValueError if a cell is no number, or a record has no epoch."""
    try:
        with open(path, newline="", encoding="utf-8") as lines:
            records = [{key: float(cell) for key, cell in record.items() if cell} for record in csv.DictReader(lines)]
        return [{**record, "epoch": int(record["epoch"])} for record in records]
    except (*OF_DAMAGE, csv.Error) as error:
        raise ValueError(f"{path} is damaged: {error!r}") from None


def _predicted(estimator: Estimator) -> str:
    if not isinstance(estimator, Classifier):
        return f"the amount of {estimator.fitted.encoding.target}"
    names = _shown_classes(estimator)
    return f"the probability of {', '.join(f'“{name}”' for name in names.values())}"


def _shown_classes(estimator: Estimator) -> dict[int, str]:
    """Return the classes whose probability is drawn: of two the second, of more the first eight."""
    names = estimator.fitted.encoding.class_labels.names
    return {1: names[1]} if len(names) == 2 else dict(enumerate(names[:MOST_CLASSES]))


def _dependence(estimator: Estimator, columns: Mapping[str, Column], name: str) -> dict[str, Any]:
    if isinstance(estimator, Classifier):
        shown = _shown_classes(estimator)
        grid, means = partial_dependence_of(columns, name, lambda rows: softmax(estimator.fitted.logits(rows)).numpy())
    else:
        shown = {0: estimator.fitted.encoding.target}
        grid, means = partial_dependence_of(columns, name, estimator.fitted.amounts)
    return {"column": name, "grid": grid, "averages": {output: means[index] for index, output in shown.items()}}
