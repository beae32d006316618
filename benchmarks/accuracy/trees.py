"""Gradient-boosted trees: with their defaults, and with as many trees as the validation rows want.

Each gets the columns as they are, with categories as categories and missing cells missing. With its defaults a package
sees the training rows alone: it would use no others, and all methods then learn from the same rows. "Early stopping" is
the fair counterpart of a network that is stopped by the validation rows: small steps, up to 2,000 trees, of which those
are kept that had the least log loss there.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

import dnn
from benchmarks.accuracy.method import Fitted, Method
from benchmarks.accuracy.splits import Classes, Probabilities, Split

ROUNDS, PATIENCE = 2_000, 50
Settings = Mapping[str, Any]
NONE: Settings = {}


def hist_gradient_boosting(settings: Settings, split: Split, threads: int) -> Fitted:
    """scikit-learn's, whose threads are OpenMP's. By its defaults it stops early, by training rows, above 10,000."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingClassifier(**settings, random_state=split.seed)
    x, y = _rows(split, split.train)
    held_x, held_y = _rows(split, split.validation)
    with threadpool_limits(threads):
        model.fit(x, y, **({"X_val": held_x, "y_val": held_y} if settings else {}))
    return _fitted(model, split.frame)


def lightgbm(settings: Settings, split: Split, threads: int) -> Fitted:
    """LightGBM."""
    from lightgbm import LGBMClassifier, early_stopping

    held = {"eval_set": [_rows(split, split.validation)], "callbacks": [early_stopping(PATIENCE, verbose=False)]}
    model = LGBMClassifier(**settings, random_state=split.seed, n_jobs=threads, verbosity=-1)
    model.fit(*_rows(split, split.train), **(held if settings else {}))
    return _fitted(model, split.frame)


def xgboost(settings: Settings, split: Split, threads: int) -> Fitted:
    """XGBoost."""
    from xgboost import XGBClassifier

    model = XGBClassifier(**settings, random_state=split.seed, n_jobs=threads, enable_categorical=True)
    held = {"eval_set": [_rows(split, split.validation)], "verbose": False}
    model.fit(*_rows(split, split.train), **(held if settings else {}))
    return _fitted(model, split.frame)


def catboost(settings: Settings, split: Split, threads: int) -> Fitted:
    """CatBoost, which takes categories as text, also those it never saw."""
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(
        **settings,
        random_seed=split.seed,
        thread_count=threads,
        verbose=False,
        allow_writing_files=False,
        cat_features=list(split.categories),
    )
    held = {"eval_set": (_texts(split.validation), split.classes(split.validation))} if settings else {}
    model.fit(_texts(split.train), split.classes(split.train), **held)
    return _fitted(model, _texts)


def _texts(part: dnn.Part) -> Any:
    import pandas as pd

    return pd.DataFrame(dict(part.columns))


def _rows(split: Split, part: dnn.Part) -> tuple[Any, Classes]:
    return split.frame(part), split.classes(part)


def _fitted(model: Any, frame: Callable[[dnn.Part], Any]) -> Fitted:
    def predict(part: dnn.Part) -> Probabilities:
        return np.asarray(model.predict_proba(frame(part)), np.float64)

    return Fitted(predict)


def _pair(
    name: str,
    fit: Callable[[Settings, Split, int], Fitted],
    packages: Sequence[str],
    tuned: Settings,
    modules: Sequence[str] = (),
) -> list[Method]:
    named = {name: NONE, f"{name}, early stopping": tuned}
    return [Method(each, partial(fit, told), told, packages, "trees", modules) for each, told in named.items()]


METHODS: Sequence[Method] = [
    *_pair(
        "HistGradientBoosting",
        hist_gradient_boosting,
        ("scikit-learn", "pandas"),
        {"early_stopping": True, "learning_rate": 0.05, "max_iter": ROUNDS, "n_iter_no_change": PATIENCE},
        ("sklearn", "pandas"),
    ),
    *_pair("LightGBM", lightgbm, ("lightgbm", "pandas"), {"learning_rate": 0.05, "n_estimators": ROUNDS}),
    *_pair(
        "XGBoost",
        xgboost,
        ("xgboost", "pandas"),
        {"learning_rate": 0.05, "n_estimators": ROUNDS, "early_stopping_rounds": PATIENCE},
    ),
    *_pair(
        "CatBoost",
        catboost,
        ("catboost", "pandas"),
        {"iterations": ROUNDS, "early_stopping_rounds": PATIENCE, "use_best_model": True},
    ),
]
