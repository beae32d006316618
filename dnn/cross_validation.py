"""`dnn train --folds`: train and test on each of some folds in turn, and tell what they reach together."""

import numpy as np

from dnn.data.split import split
from dnn.data_notes import table_notes
from dnn.estimator.examples import Examples, held_out
from dnn.preparation import read_with_target
from dnn.report.screen import fold_lines
from dnn.report.voice import Voice
from dnn.settings import TrainSettings, classifies
from dnn.training_run import estimator_of

FOLD_SCORES = (("loss", "accuracy", "roc_auc"), ("r2", "mae", "rmse"))


def cross_validate(settings: TrainSettings, voice: Voice, *, most_notes: int | None = 12) -> None:
    """Train and test on each of the folds in turn, and tell what they reach together; no folder is left.

    Raises:
        ValueError: If the data are a prepared folder, or cannot be dealt to so many folds.
    """
    folds = settings.folds or 0
    if settings.data and settings.data.is_dir():
        raise ValueError(f"{settings.data} is a prepared folder, whose parts are dealt; --folds needs a file")
    table, target = read_with_target(settings)
    voice.result("data", {"rows": table.rows, "target": target}, [f"data: {table.source}, {table.rows:,} rows"])
    voice.say(f"target: {target}" + ("" if settings.target else "; --target names another column"))
    voice.notes(table_notes(table, target, settings), most=most_notes)
    shares = [1 / folds] * folds
    parts = split(table, target, fractions=shares, seed=settings.seed, stratify=classifies(settings))
    whole = Examples(table.without(target).columns, table.column(target), None, table.options)
    found = []
    for number, part in enumerate(parts, start=1):
        rest = np.setdiff1d(np.arange(table.rows), part.rows)
        rows, test = (whole.take(indices) for indices in (rest, part.rows))
        estimator = estimator_of(settings, amounts=not classifies(settings))
        train, held = held_out(estimator.strata(rows.target), estimator.validation, settings.seed)
        estimator.fit_examples(rows.take(train), rows.take(held), target=target)
        results, _ = estimator.evaluate_arrays(estimator.encoded(test))
        found.append({name: results[name] for name in FOLD_SCORES[not classifies(settings)]})
        figures = [f"{name} {value:.4g}" for name, value in found[-1].items() if value is not None]
        voice.say(f"fold {number} of {folds}: {', '.join(figures)}")
    voice.result("folds", found, ["", *fold_lines(found)])
    voice.end()
