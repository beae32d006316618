"""The page of a training step: a section for each operation, with its formula, its source and its numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from latex2mathml.converter import convert

import dnn
from dnn.data.feature_origins import cell_text
from dnn.inspection.formulas import Formula, formula_of
from dnn.inspection.in_keras import UnlikeKeras
from dnn.inspection.maps import Map, json_of
from dnn.inspection.operations import Operation
from dnn.inspection.optimizer_formulas import clipping_told, optimizer_formulas
from dnn.inspection.record import RecordedStep
from dnn.inspection.sources import FunctionSource
from dnn.inspection.step_data import step_data
from dnn.inspection.step_maps import Names, all_maps
from dnn.inspection.update_rules import alpha
from dnn.pages.page import LIGHT, escaped, html_table, page, paragraph, properties, section

Array = npt.NDArray[Any]
HERE = Path(__file__).parent
COLOURS = "--map-negative: {}; --map-positive: {}; --goal: {};"
LIGHT_MAPS, DARK_MAPS = COLOURS.format("#b35806", "#2166ac", "#8b1a6b"), COLOURS.format("#f1a340", "#74add1", "#f29ad1")
STYLE = (
    f":root {{ {LIGHT_MAPS} }} @media (prefers-color-scheme: dark) {{ :root {{ {DARK_MAPS} }} }}\n"
    f":root.paper {{ {properties(LIGHT.items())} {LIGHT_MAPS} }}\n"
)
WORDS = (
    "Each square is a number: blue above 0, orange below, the stronger the farther from 0 (by the root of its share of "
    "the largest). Point at a square, or tab to a map and use the arrow keys: its exact value, what it comes from "
    "(outlined) and what it goes into (outlined in purple) are shown, and for a gradient the finite difference of the "
    "loss: (L(c + h) − L(c − h)) / 2h, computed in float64. A click or Enter pins the square, so that the panel stays "
    "while the page is scrolled; another click on it or Escape lets it go."
)

ALPHA = "α (corrects m and v for beginning at 0)"
MOST_ORIGINS = 8  # rows of the table that tells how cells became features
PANEL = (
    '<p id="said" class="unseen" role="status"></p><div id="panel" role="group" aria-label="The square pointed at">'
    '<details open><summary><span id="cell">Point at a square.</span> <span id="pin" hidden>pinned</span></summary>'
    '<div id="readout"></div></details></div>'
)
SHIFTED = (
    "The logits minus the largest of their row, which changes no probability and lets no exp overflow; and their "
    "softmax. The loss does the same inside."
)


def step_page(
    records: Sequence[RecordedStep], names: Names, in_keras: UnlikeKeras, *, description: str = "", graph: str = ""
) -> str:
    """Return the page of these steps, which follow each other.

    description: what the network and the rows are. graph: the section on what TensorFlow makes of a step.
    """
    maps = {made.id: made for made in all_maps(records, names)}
    first = records[0]
    sections = [
        section("The rows", *_rows_parts(names, len(records)), _maps(maps, [("x", "value"), ("x", "gradient")]))
    ]
    for number, operation in enumerate(first.step.operations, start=1):
        sections.append(_operation_section(number, operation, first, maps, in_keras))
        if operation.output == first.step.logits and "probabilities:value" in maps:
            shown = [("shifted", "value"), ("probabilities", "value")]
            sections.append(section("Logits as probabilities", paragraph(SHIFTED), _maps(maps, shown)))
    sections += [_optimizer_section(records, maps, in_keras), graph]
    data = json_of(step_data(records, maps, names))
    head = [
        "<h1>One training step, number by number</h1>",
        paragraph(description) if description else "",
        paragraph(WORDS),
        _summary(records, maps),
        paragraph(f"Not compared with Keras: {in_keras.reason}.") if in_keras.reason else "",
        _buttons(len(records)),
    ]
    body = "\n".join([*head, *sections, PANEL, f'<script type="application/json" id="data">{data}</script>'])
    styles = ("step.css", *(["graph.css"] if graph else []))
    style = STYLE + "".join((HERE / name).read_text("utf-8") for name in styles)
    script = "".join((HERE / name).read_text("utf-8") for name in ("step.js", "step_panel.js"))
    return page("One training step", body, script=script, style=style)


def _operation_section(
    number: int, operation: Operation, record: RecordedStep, maps: dict[str, Map], in_keras: UnlikeKeras
) -> str:
    shown = [(name, part) for name in (*operation.inputs[1:], operation.output) for part in ("value", "gradient")]
    boxed = [(f"{operation.output}/{i}", "gradient") for i in range(len(operation.inside))]
    parts = [
        *_formula(operation.piece),
        _maps(maps, shown + boxed),
        _keras_line(operation, in_keras),
        _source_details(record.sources[operation.output]),
    ]
    return section(f"{number}. {operation.title}", *parts)


def _optimizer_section(records: Sequence[RecordedStep], maps: dict[str, Map], in_keras: UnlikeKeras) -> str:
    first = records[0]
    tables = [_of_step(index, _scalars(record)) for index, record in enumerate(records)]
    formulas = optimizer_formulas(first.optimizer)
    titles = [f"<h3>{escaped(name)}</h3>" if len(formulas) > 1 else "" for name, _ in formulas]
    parts = [_maps(maps, [(name, part) for part in _update_order(maps, name)]) for name in _in_order(first)]
    return section(
        f"The step: {type(first.optimizer).__name__}",
        *(title + _formula_box(formula) for title, (_, formula) in zip(titles, formulas, strict=True)),
        *tables,
        *parts,
        paragraph(_in_keras("new weights", [*in_keras.weights.values()])) if in_keras.weights else "",
        _source_details(first.sources["step"]),
    )


def _scalars(record: RecordedStep) -> str:
    """Return the settings of the optimizer, and what clipping made of the gradients."""
    told = clipping_told(record.optimizer, {name: record.gradients[name] for name in record.updates})
    factor = alpha(record)
    shown = record.scalars if factor is None else {**record.scalars, ALPHA: f"{factor:.9g}"}
    return html_table([*shown], [[*shown.values()]]) + (paragraph(told) if told else "")


def _keras_line(operation: Operation, in_keras: UnlikeKeras) -> str:
    """Return how far Keras's values and gradients of this operation are, in the first step."""
    gradients = [in_keras.gradients[name] for name in operation.inputs if name in in_keras.gradients]
    found = [
        *([_in_keras("values", [in_keras.values[operation.output]])] if operation.output in in_keras.values else []),
        *([_in_keras("gradients of the weights", gradients)] if gradients else []),
    ]
    return paragraph(" ".join(found)) if found else ""


def _in_keras(what: str, apart: Sequence[float]) -> str:
    return f"Same in Keras: its {what} {_by_at_most(max(apart))}."


def _by_at_most(apart: float) -> str:
    return f"differ by at most {apart:.1e}" if apart else "are equal to the last bit"


def _in_order(record: RecordedStep) -> list[str]:
    """Return the names of the parameters in the order of the layers, kernel before bias."""
    first = [name for name in record.step.variables if name in record.updates]
    return first + [name for name in record.updates if name not in first]


def _of_step(index: int, part: str) -> str:
    """Return HTML that is shown with this step alone."""
    return f'<div data-of-step="{index}"{" hidden" if index else ""}>{part}</div>'


def _update_order(maps: dict[str, Map], name: str) -> list[str]:
    return [each.part for each in maps.values() if each.tensor == name and each.part not in ("value", "gradient")]


def _formula(piece: Any) -> list[str]:
    formula = formula_of(piece)
    return [] if formula is None else [_formula_box(formula)]


def _formula_box(formula: Formula) -> str:
    lines = "".join(f"<li>{convert(line)}</li>" for line in formula.derivation)
    value = convert(formula.value, display="block")
    box = '<div class="formula" tabindex="0" role="group" aria-label="Formula and derivation">'
    return f'{box}{value}<ol class="derivation">{lines}</ol></div>'


def _maps(maps: dict[str, Map], shown: Sequence[tuple[str, str]]) -> str:
    found = [maps[f"{tensor}:{part}"] for tensor, part in shown if f"{tensor}:{part}" in maps]
    return f'<div class="maps">{"".join(map(_figure, found))}</div>' if found else ""


def _figure(made: Map) -> str:
    shape = " × ".join(map(str, made.shape)) or "one number"
    sampled = f", {len(made.rows)} × {len(made.columns)} of them shown" if made.is_sampled else ""
    what = escaped(f"{made.title}, {shape}{sampled}")
    label = f"{what}; arrow keys read its numbers"
    canvas = f'<canvas data-map="{escaped(made.id)}" tabindex="0" role="img" aria-label="{label}"></canvas>'
    return f'<figure class="map" id="map-{escaped(made.id)}"><figcaption>{what}</figcaption>{canvas}</figure>'


def _source_details(sources: Sequence[FunctionSource]) -> str:
    return "".join(
        f"<details><summary><code>{escaped(source.name)}</code>, {escaped(source.file)}, line {source.line}</summary>"
        f'<pre tabindex="0" role="group" aria-label="Source of {escaped(source.name)}">{escaped(source.text)}</pre>'
        "</details>"
        for source in sources
    )


def _rows_parts(names: Names, steps: int) -> list[str]:
    if not names.cells:
        return []
    tables = []
    of_all = "" if len(names.cells) == names.columns else f", {len(names.cells)} of its {names.columns:,} columns"
    for index in range(steps):
        rows = zip(*(cells[index] for cells in names.cells.values()), strict=True)
        cells = [list(map(cell_text, row)) for row in rows]
        shown = html_table([*names.cells], cells, caption=f"as the table has them{of_all}")
        tables.append(_of_step(index, shown + (_origins_table(names, index) if names.origins else "")))
    return [
        *tables,
        paragraph("Below, the features that were made of them: numbers on one scale, a 1 for each category."),
    ]


def _origins_table(names: Names, step: int) -> str:
    """Return how each column that is shown became features, with the cell of each row and what it became."""
    origins = [origin for origin in names.origins[step] if origin.column in names.cells]
    rows = [[origin.column, origin.how, *origin.short[:MOST_ORIGINS]] for origin in origins]
    header = ["column", "feature", *(f"row {row}" for row in range(1, len(rows[0]) - 1))]
    rest = len(origins[0].short) - MOST_ORIGINS
    more = f", of the first {MOST_ORIGINS} rows; point at x for the other {rest}" if rest > 0 else ""
    return html_table(header, rows, caption=f"how each cell became a feature; x is the cell{more}", tall=len(rows) > 30)


def _summary(records: Sequence[RecordedStep], maps: dict[str, Map]) -> str:
    apart = [
        np.max(np.abs(m.slopes[i] - m.numbers[i].ravel()), initial=0)
        for m in maps.values()
        for i in range(len(m.slopes))
    ]
    checked = sum(slope.size for made in maps.values() for slope in made.slopes)
    unlike = max(record.unlike_step for record in records)
    checks = (
        f"{checked:,} gradients are checked; the largest difference from a finite difference is {max(apart):.1e}."
        if checked
        else "No finite differences: calling the model changes its variables, so a cell has no one slope."
    )
    words = f"{checks} "
    words += f"The new weights {'differ from' if unlike else 'are equal to'} those of fit's own step"
    words += f" by at most {unlike:.1e}." if unlike else ", to the last bit."
    if unlike > 1e-5:
        words += " That is more than rounding: what is shown is not quite what fit does with this model."
    return paragraph(f"{words} Made by dnn {dnn.__version__}.")


def _buttons(steps: int) -> str:
    if steps == 1:
        return ""
    made = (f'<button data-step="{i}" aria-pressed="{"false" if i else "true"}">{i + 1}</button>' for i in range(steps))
    return f'<div class="steps screen-only" role="group" aria-label="Step">Step {" ".join(made)}</div>'
