"""The screen output of a run: lines of text that fit 80 columns, 50, or a log file.

Most functions return lines for a given width; `dnn.report.voice` prints them, or gives them to a program.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from dnn.control import plain_lines
from dnn.nn.html_table import small_table
from dnn.report.console import steady_console
from dnn.report.text_table import aligned, counted_things, printable, width_of

MOST_SHOWN = 20  # classes of a confusion matrix: a screen's worth
NAME_WIDTH = 24  # columns of a class's name

ShowEpoch: TypeAlias = Callable[[dict[str, float], Any], None]

CLASSIFICATION = (("loss", "loss"), ("accuracy", "accuracy"), ("area under the ROC curve", "roc_auc"))
REGRESSION = (
    ("R²", "r2"),
    ("mean absolute error", "mae"),
    ("  of always predicting the median", "mae_of_median"),
    ("root mean squared error", "rmse"),
    ("  of always predicting the mean", "rmse_of_mean"),
)


def say(text: str, console: Console | None = None) -> None:
    """Print text as it is, but for control characters: it may hold what looks like markup, and its lines stay whole."""
    (console or steady_console()).print(Text(plain_lines(text)), soft_wrap=True)


def show_results(scores: Mapping[str, Any], *, title: str) -> None:
    """Print the figures of a test, and the confusion matrix."""
    console = steady_console()
    say("\n".join(result_lines(scores, title=title, width=console.width)), console)


def plain_scores(results: Mapping[str, Any]) -> list[str]:
    """Return the name and the figure of each score of a test, for a program; nan for one that is not defined."""
    scores = {name: score for name, score in results.items() if name not in ("threshold", "positive")}
    return [
        f"{name} {math.nan if score is None else score:.6g}"
        for name, score in scores.items()
        if score is None or isinstance(score, float)
    ]


@contextmanager
def epoch_lines(console: Console, epochs: int) -> Iterator[ShowEpoch]:
    """Give a callback for `fit` that prints a line for each epoch, over a progress bar if there is a terminal."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield lambda record, history: console.print(Text(epoch_line(record, history.best_epoch)), soft_wrap=True)
        return
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs at most"))
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task("training", total=epochs)

        def show(record: dict[str, float], history: Any) -> None:
            style = "bold green" if record["epoch"] == history.best_epoch else ""
            bar.console.print(Text(epoch_line(record, history.best_epoch), style))
            bar.advance(task)

        yield show


def epoch_line(record: Mapping[str, float], best_epoch: int | None) -> str:
    """Return "epoch   3* loss 0.3401  accuracy 0.8812  …", a star at the best epoch so far.

    Figures of layers, "gradient_norm/layers/0" for example, are left out.
    """
    shown = {name: value for name, value in record.items() if name != "epoch" and "/" not in name}
    values = "  ".join(f"{name} {four_digits(value)}" for name, value in shown.items())
    return f"epoch {record['epoch']:3}{'*' if record['epoch'] == best_epoch else ' '} {values}"


def best_epoch_line(best_epoch: int, epochs: int, most: int, *, restored: bool = True) -> str:
    """Return which epoch was the best, and that more may help if it was the last of all that were allowed."""
    kept = "its weights are kept" if restored or best_epoch == epochs else "the last epoch's weights are kept"
    line = f"best epoch: {best_epoch} of {epochs}; {kept}"
    return f"{line}\nthe best epoch is the last one: more --epochs may help" if best_epoch == epochs == most else line


def result_lines(scores: Mapping[str, Any], *, title: str, width: int = 80) -> list[str]:
    """Return the figures of a test, and of classes the confusion matrix.

    Args:
        scores: As `scores` or `regression_scores` returns.
        title: What was tested.
        width: Columns of the screen.
    """
    lines = [f"{title}: {counted_things(scores['rows'])}", *aligned(figure_rows(scores))]
    if "classes" not in scores:
        return lines
    if scores.get("threshold") is not None:
        positive = printable(scores["positive"], 16)
        lines.append(f"  '{positive}' from the probability {scores['threshold']:.4g} on")
    return [*lines, "", *confusion_lines(scores, width=width)]


def figure_rows(scores: Mapping[str, Any]) -> list[list[str]]:
    """Return name and value of each figure of a test, as `scores` or `regression_scores` returns them."""
    if "classes" not in scores:
        return [[name, significant(scores[key])] for name, key in REGRESSION]
    figures = [[name, four_digits(scores[key])] for name, key in CLASSIFICATION]
    majority = printable(scores["classes"][int(np.sum(scores["confusion_matrix"], axis=1).argmax())], 14)
    figures.insert(2, [f"  of always guessing '{majority}'", four_digits(scores["majority_accuracy"])])
    return figures


def scores_html(scores: Mapping[str, Any]) -> str:
    """Return the figures of a test, and of classes the confusion matrix, as HTML for a notebook."""
    figures = small_table((), figure_rows(scores), caption=counted_things(scores["rows"]))
    if "classes" not in scores:
        return figures
    names = [printable(name, NAME_WIDTH) for name in scores["classes"][:MOST_SHOWN]]
    header, *rows = confusion_rows(scores, names, [f"predicted {name}" for name in names])
    left_out = len(scores["classes"]) - len(names)
    below = [f"classes left out: {left_out:,}"] if left_out else []
    return figures + small_table(header, rows, caption="Confusion matrix", below=below)


def confusion_lines(scores: Mapping[str, Any], *, width: int = 80) -> list[str]:
    """Return the confusion matrix with precision and recall; as a list of classes where the matrix is too wide.

    Args:
        scores: As `scores` returns.
        width: Columns of the screen.
    """
    classes = scores["classes"]
    part = f", first {MOST_SHOWN} of {len(classes)} classes" if len(classes) > MOST_SHOWN else ""
    names = [printable(name, NAME_WIDTH) for name in classes[:MOST_SHOWN]]
    numbers = [f"{number}" for number in range(1, len(names) + 1)]
    numbered = [f"{number:2} {name}" for number, name in enumerate(names, start=1)]
    for down, across in ((names, [f"predicted {name}" for name in names]), (names, names), (numbered, numbers)):
        lines = aligned(confusion_rows(scores, down, across))
        if width_of(lines) <= width:
            return [f"confusion matrix{part}: true down, predicted across", *lines]
    return [f"classes{part}", *_class_lines(scores, width)]


def baseline_lines(
    ours: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]], skipped: Mapping[str, str] | None = None
) -> list[str]:
    """Return a table of this model and of simple ones on the same rows, and why others were left out.

    Args:
        ours: The scores of the model, as `scores` or `regression_scores` returns.
        others: The same of each baseline, by name.
        skipped: Name and reason of each baseline that has none.
    """
    if "classes" in ours:
        keys, shown = {"loss": "loss", "accuracy": "accuracy", "ROC AUC": "roc_auc"}, four_digits
    else:
        keys, shown = {"R²": "r2", "MAE": "mae", "RMSE": "rmse"}, significant
    models = {"this model": ours, **others}
    rows = [[name, *(shown(scores[key]) for key in keys.values())] for name, scores in models.items()]
    lines = aligned([["", *keys], *rows])
    if others and ours.get("threshold") is not None:
        lines.append("  the others' accuracy is by the threshold 0.5")
    return ["on the same rows", *lines, *(f"  {name}: {why}" for name, why in (skipped or {}).items())]


def fold_lines(folds: Sequence[Mapping[str, float | None]], *, of: str = "fold") -> list[str]:
    """Return a table of scores: the mean over folds or seeds, ± the standard deviation, the least and the greatest.

    Args:
        folds: The scores of each fold, by name; those that are not numbers are left out.
        of: What they are: "fold" or "seed".
    """
    rows = [["", "mean", "± sd", "least", "greatest"]]
    for name in folds[0] if folds else ():
        values = np.array([value for fold in folds if isinstance(value := fold[name], int | float)])
        if len(values):
            spread = values.std(ddof=1) if len(values) > 1 else None
            rows.append([name, *map(significant, (values.mean(), spread, values.min(), values.max()))])
    return [counted_things(len(folds), of), *aligned(rows)]


def four_digits(value: float | None) -> str:
    """Return four digits after the point, or "–" where there is no number."""
    return "–" if value is None else f"{value:.4f}"


def significant(value: float | None) -> str:
    """Return four significant digits of an amount, all of those before the point, or "–" where there is no number."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:#.4g}".rstrip(".")


def confusion_rows(scores: Mapping[str, Any], down: Sequence[str], across: Sequence[str]) -> list[list[str]]:
    """Return the confusion matrix with precision and recall, a header first, of as many classes as there are names."""
    rows = [["true", *across, "precision", "recall"]]
    for name, shown, counts in zip(scores["classes"], down, scores["confusion_matrix"], strict=False):
        ratios = [four_digits(scores[ratio][name]) for ratio in ("precision", "recall")]
        rows.append([shown, *(f"{count:,}" for count in counts[: len(down)]), *ratios])
    return rows


def _class_lines(scores: Mapping[str, Any], width: int) -> list[str]:
    """Return a line for each class with its most frequent mistake, or two lines where one is too wide."""
    classes, matrix = scores["classes"], np.array(scores["confusion_matrix"])
    widest = min(NAME_WIDTH, max(8, width - 34))
    rows, mistakes = [["class", "rows", "precision", "recall"]], ["most frequent mistake"]
    for number, name in enumerate(classes[:MOST_SHOWN]):
        ratios = [four_digits(scores[ratio][name]) for ratio in ("precision", "recall")]
        rows.append([printable(name, widest), f"{matrix[number].sum():,}", *ratios])
        wrong = np.where(np.arange(len(classes)) == number, 0, matrix[number])
        taken = f"{printable(classes[wrong.argmax()], widest)} ({counted_things(int(wrong.max()))})"
        mistakes.append(taken if wrong.any() else "none")
    lines = aligned(rows)
    wide = [f"{line:{width_of(lines)}}  {mistake}" for line, mistake in zip(lines, mistakes, strict=True)]
    if width_of(wide) <= width:
        return wide
    below = [f"    mistaken for {mistake}" if mistake != "none" else "" for mistake in mistakes[1:]]
    pairs = zip(lines[1:], below, strict=True)
    return [lines[0], *(line for pair in pairs for line in pair if line)]
