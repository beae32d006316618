"""The sections that look inside: what the network makes of the columns, and how its layers stand over the epochs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dnn.pages.model_charts import dead_chart, dependence_chart, importance_chart, spread_chart
from dnn.pages.page import charts, html_table, paragraph, section


def columns_part(importance: Mapping[str, Any] | None, dependence: Sequence[Mapping[str, Any]]) -> str:
    """Return the section of permutation importance and partial dependence.

    Args:
        importance: score, rows, of_rows, repeats, left_out, columns; None: the columns are not known.
        dependence: Of each column that is shown: column, grid, averages.

    Returns:
        HTML.
    """
    heading = "What the network makes of the columns"
    if importance is None:
        return section(heading, paragraph("A prepared folder keeps the encoded arrays and not the columns."))
    columns = dict(sorted(importance["columns"].items(), key=lambda item: -float(np.mean(item[1]))))
    rows = ((name, float(np.mean(values)), float(np.std(values))) for name, values in columns.items())
    told = (
        f"Each column's cells are shuffled among {importance['rows']:,} of {importance['of_rows']:,} test rows, "
        f"{importance['repeats']} times; as sklearn.inspection.permutation_importance does."
    )
    if importance["left_out"]:
        told += f" {importance['left_out']:,} more columns are left out: the first {len(columns):,} are shown."
    grids = [
        dependence_chart(index, each["column"], each["grid"], each["averages"]) for index, each in enumerate(dependence)
    ]
    parts = [
        paragraph(told),
        importance_chart(dict(list(columns.items())[:30]), importance["score"]),
        html_table(("column", "mean", "standard deviation"), rows, name="importance", tall=True),
    ]
    if grids:
        parts += [
            "<h3>Partial dependence</h3>",
            paragraph(
                "What is predicted on average over the same rows if all of them have one value in a column: "
                f"{importance['predicted']}. The {len(grids)} most important columns; as "
                'sklearn.inspection.partial_dependence(kind="average") does.'
            ),
            charts(grids),
        ]
    return section(heading, *parts)


def layers_part(layers: Mapping[str, Any]) -> str:
    """Return the section of weights, activations and gradients.

    Args:
        layers: rows, and records as `LayerRecord.records`.

    Returns:
        HTML; "" without records.
    """
    records = layers["records"]
    if not records:
        return ""
    epochs = ", ".join(str(record["epoch"]) for record in records)
    told = (
        f"Measured on {layers['rows']:,} training rows after the epochs {epochs}. The line is the median; the bands "
        "hold half, nine tenths, and all of the values. Gradients are those of the kernel, of the mean loss. "
        "Of an ensemble it is the first member."
    )
    parts = [paragraph(told)]
    for number, layer in enumerate(records[0]["layers"]):
        drawn = [spread_chart(records, number, what) for what in ("weights", "activations", "gradients")]
        parts += [f"<h3>Layer {number + 1}, {layer['units']:,} units</h3>", charts(drawn)]
        if None in drawn:
            parts.append(paragraph("What is missing here held a number that is not finite."))
    dead = dead_chart(records)
    return section("Layers", *parts, *([dead] if dead else []))
