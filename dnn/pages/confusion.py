"""The confusion matrix as a table whose cells are the darker the more of their true class they hold."""

from collections.abc import Sequence

from dnn.pages.page import escaped, paragraph

MOST_CLASSES_SHOWN = 30
DARKEST = 40  # percent of the accent, on which the text still has its contrast


def confusion_part(matrix: Sequence[Sequence[int]], classes: Sequence[str], threshold: float | None) -> str:
    """Return the matrix as HTML.

    Args:
        matrix: The rows of each true class (down) by predicted class (across).
        classes: Their names.
        threshold: From which probability on a row is of the second class; None: the most probable class.

    Returns:
        HTML, with the id "confusion"; of more than 30 classes a sentence, since the page would get too large.
    """
    if len(classes) > MOST_CLASSES_SHOWN:
        return paragraph(f"The confusion matrix of {len(classes):,} classes is in metrics.json; up to 30 are shown.")
    rule = "the most probable class" if threshold is None else f"“{classes[1]}” from the probability {threshold:.4g} on"
    heads = "".join(f'<th scope="col" class="number">{escaped(name)}</th>' for name in classes)
    rows = (
        f'<tr><th scope="row">{escaped(name)}</th>{"".join(_shaded(count, sum(counts)) for count in counts)}</tr>'
        for name, counts in zip(classes, matrix, strict=True)
    )
    caption = f"Rows of each true class (down) by predicted class (across); predicted is {rule}."
    return "\n".join(
        [
            "<h3>Confusion matrix</h3>",
            '<div class="scroll" tabindex="0"><table id="confusion">',
            f"<caption>{escaped(caption)}</caption>",
            f"<thead><tr><th>true \\ predicted</th>{heads}</tr></thead>",
            "<tbody>",
            *rows,
            "</tbody></table></div>",
        ]
    )


def _shaded(count: int, rows: int) -> str:
    share = round(DARKEST * count / rows) if rows else 0
    shade = f"background: color-mix(in srgb, var(--accent) {share}%, var(--background))"
    return f'<td class="number" data-value="{count}" style="{shade}">{count:,}</td>'
