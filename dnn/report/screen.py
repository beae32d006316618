"""What a person sees of a run: a line an epoch, a table of results, the confusion matrix."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

MOST_SHOWN = 20  # classes of a confusion matrix: a screen's worth


@contextmanager
def epoch_lines(console: Console, epochs: int) -> Iterator[Callable]:
    """A callback for `fit` that prints a line an epoch, over a progress bar if there is a terminal."""
    if not console.is_terminal:
        yield lambda record, history: console.print(epoch_line(record, history.best_epoch), soft_wrap=True)
        return
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs at most"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("training", total=epochs)

        def show(record, history):
            best = record["epoch"] == history.best_epoch
            bar.console.print(epoch_line(record, history.best_epoch), style="bold green" if best else None)
            bar.advance(task)

        yield show


def epoch_line(record: Mapping[str, float], best_epoch: int | None) -> str:
    """ "epoch   3* loss 0.3401  accuracy 0.8812  …", the star behind the best epoch so far; it fits in 80 columns."""
    figures = "  ".join(f"{name} {value:.4f}" for name, value in record.items() if name != "epoch")
    return f"epoch {record['epoch']:3}{'*' if record['epoch'] == best_epoch else ' '} {figures}"


def result_tables(scores: Mapping, *, title: str) -> Sequence[Table]:
    """The table of `scores`, and the confusion matrix with each class's precision and recall."""
    summary = Table(title=escape(f"{title}: {scores['rows']:,} rows"), title_justify="left", show_header=False)
    for name, key, unit in (
        ("loss", "loss", "nats"),
        ("accuracy", "accuracy", ""),
        ("accuracy of always guessing the most frequent class", "majority_accuracy", ""),
        ("area under the ROC curve, exact", "roc_auc", ""),
    ):
        summary.add_row(name, figure(scores[key]), unit)
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
        matrix.add_row(escape(name), *cells, figure(scores["precision"][name]), figure(scores["recall"][name]))
    return summary, matrix


def figure(value: float | None) -> str:
    """Four digits after the point, or "–" where there is no number."""
    return "–" if value is None else f"{value:.4f}"
