"""`dnn explain`: a file becomes features, and the first step of a network on some of its rows a page."""

from typing import Any

import dnn
from dnn.data.amounts import Amounts
from dnn.inspection.explain import explain
from dnn.preparation import Prepared, prepare_file, read_prepared
from dnn.report.voice import Voice
from dnn.settings import ExplainSettings


def explain_step(settings: ExplainSettings, voice: Voice) -> None:
    """`dnn explain`: take the first steps of a new network, and write them as a page.

    Raises:
        ValueError: If the data cannot be learnt from.
    """
    prepared = _prepared(settings)
    features, labels = prepared.encoding.features, prepared.encoding.labels
    names = None if isinstance(labels, Amounts) else list(labels.names)
    x, y = prepared.arrays["train"][:2]
    count = min(settings.rows * settings.steps, len(x))
    outputs = len(names) if names else 1
    made = explain(
        dnn.mlp([features.width, *(units for units in settings.hidden if units), outputs], seed=settings.seed),
        x[:count],
        y[:count],
        loss=dnn.sparse_softmax_cross_entropy if names else dnn.mean_squared_error,
        steps=settings.steps,
        batch_size=min(settings.rows, count),
        seed=settings.seed,
        feature_names=features.names,
        class_names=names,
        columns=_cells(prepared, count),
        graph=settings.graph,
    )
    settings.out.parent.mkdir(parents=True, exist_ok=True)
    voice.say(f"page: {made.save(settings.out)}, {len(made.html.encode()) / 1e6:.1f} MB; open it in a browser")


def _prepared(settings: ExplainSettings) -> Prepared:
    if settings.data is not None and settings.data.is_dir():
        return read_prepared(settings.data, settings)
    return prepare_file(settings, settings.seed)


def _cells(prepared: Prepared, count: int) -> dict[str, list[Any]]:
    """Return the first training rows as they were read, by column; nothing if only the arrays were kept."""
    if not prepared.parts:
        return {}
    part = prepared.parts["train"]
    columns = {**part.columns, prepared.encoding.target: part.target}
    return {name: list(cells[:count]) for name, cells in columns.items()}
