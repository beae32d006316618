"""What simple models reach on the rows of a run, beside its network."""

from collections.abc import Mapping, Sequence
from typing import Any

from dnn.data.amounts import Amounts
from dnn.estimator.base import Estimator
from dnn.preparation import PARTS, Prepared
from dnn.report.baselines import Baseline, BaselineRows, baselines
from dnn.report.comparison import baseline_sentences, recall_sentences
from dnn.report.screen import baseline_lines
from dnn.report.voice import Voice
from dnn.settings import TrainSettings


def baselines_of(prepared: Prepared, settings: TrainSettings) -> list[Baseline]:
    """Return what simple models reach on the test rows; gradient boosting needs the columns as they were read."""
    labels = prepared.encoding.labels
    amounts = labels if isinstance(labels, Amounts) else None
    classes = None if amounts else prepared.encoding.class_labels.names

    def rows_of(name: str) -> BaselineRows:
        inputs, targets = prepared.arrays[name][:2]
        columns = prepared.parts[name].columns if prepared.parts else {}
        return BaselineRows(inputs, amounts.restore(targets) if amounts else targets, columns)

    return baselines(
        *(rows_of(name) for name in PARTS),
        classes=classes,
        seed=settings.seed,
        linear=any(settings.hidden),
        boosting=bool(prepared.parts),
    )


def tell_baselines(
    estimator: Estimator,
    prepared: Prepared,
    results: Mapping[str, Any],
    output: Any,
    simple: Sequence[Baseline],
    voice: Voice,
) -> None:
    """Tell what they reach beside the estimator, and what is told by that."""
    sentences = recall_sentences(results) if "recall" in results else []
    if simple:
        scores = {each.name: each.scores for each in simple if each.output is not None}
        skipped = {each.name: each.skipped for each in simple if each.output is None}
        voice.result("baselines", scores, ["", *baseline_lines(results, scores, skipped)])
        labels, targets = prepared.encoding.labels, prepared.arrays["test"][1]
        targets = labels.restore(targets) if isinstance(labels, Amounts) else targets
        sentences += baseline_sentences(targets, output, simple)
    if sentences:
        voice.notes(sentences, most=None)
