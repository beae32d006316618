"""What simple models reach on the rows of a run, beside its network."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from dnn.data.amounts import Amounts
from dnn.estimator.base import Estimator
from dnn.helper_process import Ask, HelperError
from dnn.preparation import PARTS, Prepared
from dnn.report.baselines import Baseline, BaselineRows, baselines, boosting_task
from dnn.report.boosting import Boosted, boosted
from dnn.report.comparison import baseline_sentences, recall_sentences
from dnn.report.screen import baseline_lines
from dnn.report.voice import Voice
from dnn.settings import TrainSettings

MOST_CELLS = 4_000_000  # that another process is handed or gives back, 32 MB

Boosting: TypeAlias = bool | Callable[[], Boosted]
"""Whether gradient boosting is trained when it is asked for; or what returns the outcome of one that was begun."""


def begin_boosting(prepared: Prepared, settings: TrainSettings, ask: Ask) -> Boosting:
    """Let gradient boosting be trained beside the network, unless the table is large: then it is trained afterwards.

    It needs the columns as they were read, which a prepared folder does not keep.
    """
    if not prepared.parts:
        return lambda: (None, "a prepared folder keeps no columns")
    train, _, test = _baseline_rows(prepared)
    names, rows = _class_names(prepared), len(test.targets)
    if len(train.columns) * (len(train.targets) + rows) + len(names or ()) * rows > MOST_CELLS:
        return True
    try:
        answer = ask(boosted, boosting_task(train, test, names, settings.seed))
    except Exception:  # which will come again, when what the network has learnt is kept
        return True

    def outcome() -> Boosted:
        try:
            return answer()
        except Exception as error:  # what was learnt by the network is kept already
            return None, str(error) if isinstance(error, HelperError) else f"{type(error).__name__}: {error}"

    return outcome


def baselines_of(prepared: Prepared, settings: TrainSettings, boosting: Boosting) -> list[Baseline]:
    """Return what simple models reach on the test rows."""
    return baselines(
        *_baseline_rows(prepared),
        classes=_class_names(prepared),
        seed=settings.seed,
        linear=any(settings.hidden),
        boosting=boosting,
    )


def _baseline_rows(prepared: Prepared) -> list[BaselineRows]:
    """Return the rows of each part."""
    amounts = prepared.encoding.labels if isinstance(prepared.encoding.labels, Amounts) else None
    rows = []
    for name in PARTS:
        inputs, targets = prepared.arrays[name][:2]
        columns = prepared.parts[name].columns if prepared.parts else {}
        rows.append(BaselineRows(inputs, amounts.restore(targets) if amounts else targets, columns))
    return rows


def _class_names(prepared: Prepared) -> Sequence[str] | None:
    encoding = prepared.encoding
    return None if isinstance(encoding.labels, Amounts) else encoding.class_labels.names


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
