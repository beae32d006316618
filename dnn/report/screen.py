"""The screen output of a run: lines of text, a line for each epoch, a table of results, the confusion matrix."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

MOST_SHOWN = 20  # classes of a confusion matrix: a screen's worth

ShowEpoch: TypeAlias = Callable[[dict[str, float], Any], None]


def say(text: str) -> None:
    """Print text as it is: it may hold what looks like markup, and is not broken into lines."""
    Console().print(escape(text), highlight=False, soft_wrap=True)


@contextmanager
def epoch_lines(console: Console, epochs: int) -> Iterator[ShowEpoch]:
    """Give a callback for `fit` that prints a line for each epoch, over a progress bar if there is a terminal."""
    if not console.is_terminal:
        yield lambda record, history: console.print(epoch_line(record, history.best_epoch), soft_wrap=True)
        return
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs at most"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("training", total=epochs)

        def show(record: dict[str, float], history: Any) -> None:
            best = record["epoch"] == history.best_epoch
            bar.console.print(epoch_line(record, history.best_epoch), style="bold green" if best else None)
            bar.advance(task)

        yield show


def epoch_line(record: Mapping[str, float], best_epoch: int | None) -> str:
    """Return "epoch   3* loss 0.3401  accuracy 0.8812  …", a star at the best epoch so far, in at most 80 columns."""
    values = "  ".join(f"{name} {value:.4f}" for name, value in record.items() if name != "epoch")
    return f"epoch {record['epoch']:3}{'*' if record['epoch'] == best_epoch else ' '} {values}"


def show_results(scores: Mapping[str, Any], *, title: str) -> None:
    """Print the table of `scores`, and the confusion matrix."""
    for table in result_tables(scores, title=title):
        Console().print(table)


def result_tables(scores: Mapping[str, Any], *, title: str) -> tuple[Table, Table]:
    """Return the table of `scores`, and the confusion matrix with each class's precision and recall."""
    summary = Table(title=escape(f"{title}: {scores['rows']:,} rows"), title_justify="left", show_header=False)
    for name, key, unit in (
        ("loss", "loss", "nats"),
        ("accuracy", "accuracy", ""),
        ("accuracy of always guessing the most frequent class", "majority_accuracy", ""),
        ("area under the ROC curve, exact", "roc_auc", ""),
    ):
        summary.add_row(name, four_digits(scores[key]), unit)
    return summary, _confusion_table(scores)


def _confusion_table(scores: Mapping[str, Any]) -> Table:
    classes = scores["classes"]
    shown = classes[:MOST_SHOWN]
    part = f" ({len(shown)} of {len(classes)} classes)" if len(shown) < len(classes) else ""
    matrix = Table(title=f"confusion matrix{part}: true class down, predicted across", title_justify="left")
    matrix.add_column("true")
    for name in shown:
        matrix.add_column(escape(f"predicted {name}"), justify="right")
    matrix.add_column("precision", justify="right")
    matrix.add_column("recall", justify="right")
    for name, row in zip(shown, scores["confusion_matrix"], strict=False):
        cells = [f"{rows:,}" for rows in row[: len(shown)]]
        ratios = [four_digits(scores[ratio][name]) for ratio in ("precision", "recall")]
        matrix.add_row(escape(name), *cells, *ratios)
    return matrix


def four_digits(value: float | None) -> str:
    """Return four digits after the point, or "–" where there is no number."""
    return "–" if value is None else f"{value:.4f}"
