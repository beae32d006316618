"""The conformance table: it is that of this code, as far as a few examples of each row can tell, and shown as it is."""

import ast
import dataclasses
import functools
from fractions import Fraction
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats

import conformance
import dnn
from conformance import exact, measure
from conformance.exact import EXACT
from conformance.piece import Row, rows_of
from conformance.pieces import all_rows, pieces
from conformance.reasons import reason, why_large
from conformance.table import DTYPES, MARKDOWN, RECORD, compact, markdown, read, written
from dnn.nn.optimizers import adam, rmsprop
from dnn.testing import PIECES

RECORDED, FIRST = read(RECORD.read_text())
# piece of dnn.testing -> pieces of the table, where they are not of one name
ROWS_OF = {
    "Sequential": ("Dense", "Dropout", "BatchNormalization"),
    "mlp": ("Dense", "relu"),
    "sparse_softmax_cross_entropy": ("sparse cross-entropy",),
    "sparse_softmax_cross_entropy, ignore_class": ("sparse cross-entropy, ignore_class=2",),
    "sparse_softmax_cross_entropy, label_smoothing": ("sparse cross-entropy, label_smoothing=0.1",),
    "softmax_cross_entropy": ("cross-entropy", "cross-entropy, label_smoothing=0.1"),
    "binary_cross_entropy": ("binary cross-entropy", "binary cross-entropy, label_smoothing=0.1"),
    "mean_squared_error": ("mean squared error",),
    "top_k_accuracy": ("top_k_accuracy, k=2",),
    "accuracy_score": ("accuracy",),
    "precision_score": ("precision",),
    "recall_score": ("recall",),
    "f1_score": ("f1",),
    "roc_auc_score": ("roc_auc",),
    "average_precision_score": ("average_precision",),
    "brier_score_loss": ("brier_score",),
    "RMSprop": ("RMSprop", "RMSprop, centered"),
    "AdamW": ("AdamW", "AdamW, exclude_from_weight_decay"),
    "ClipGradients, global": ("Adam, clipnorm", "Adam, global_clipnorm"),
    "ClipGradients, clipvalue": ("Adam, clipvalue",),
    "AverageWeights": ("SGD, averaged", "SGD, ema_overwrite_frequency=3"),
    "AccumulateGradients": ("Adam, accumulated",),
}
# what a measured piece is made of -> that piece
WITHIN = {
    "variance_scaling": "glorot_uniform",
    "dense": "Dense",
    "layer_normalization": "LayerNormalization",
    "Dropout": "dropout",
    "Sequential": "Dense",
    "mlp": "Dense",
    "accuracy_score": "confusion_matrix",
    "Optimizer": "SGD",
    "sgd_update": "SGD",
    "adam_update": "Adam",
    "amsgrad_update": "Adam",
    "rmsprop_update": "RMSprop",
    "centered_rmsprop_update": "RMSprop",
    "clip_by_global_norm": "ClipGradients",
    "clip_by_norm": "ClipGradients",
    "clip_by_value": "ClipGradients",
    "cosine_decay": "CosineDecay",
    "linear_warmup": "CosineDecay",
    "exponential_decay": "ExponentialDecay",
    "piecewise_constant_decay": "PiecewiseConstantDecay",
}
# a list of variables, their penalties' sum, a weight looked up for each row, a comparison of whole numbers, a warning
NO_ARITHMETIC = ("weights", "penalty", "class_weights", "counted", "UndefinedMetricWarning")


@pytest.fixture(scope="module")
def fresh() -> list[Row]:
    """All rows, over the first chunk of inputs alone: the record has these too."""
    return all_rows(chunks=1)


def is_worse(row: Row, recorded: Row) -> bool:
    """Whether a row over the first chunk is worse than the recorded one over the same chunk: not Keras's numbers to
    the last bit where it was; or of an error that is larger by more than a quarter and half a last place, for another
    processor's exp may round otherwise; or newly above Keras's error, by more than a quarter of a last place."""
    if recorded.difference == 0 and row.difference != 0:
        return True
    if recorded.our_error is None:
        return row.difference > recorded.difference
    last_place = 1e-9 if row.unit == "one" else 1
    larger = row.our_error > 1.25 * recorded.our_error + 0.5 * last_place
    known = row.keras_error is not None and not recorded.is_red
    return larger or (known and row.our_error > row.keras_error + 0.25 * last_place)


def worse_rows_of(*names: str, domains=("ordinary",), dtypes=("float32", "float64")) -> set[tuple[str, str]]:
    """(piece, dtype) of the rows of these pieces that are worse when measured again."""
    by_key = {row.key: row for row in FIRST}
    wanted = [p for p in pieces() if p.name in names and p.domain in domains and p.dtype in dtypes]
    rows = [row for piece in wanted for row in rows_of(piece, chunks=1)]
    return {(row.piece, row.dtype) for row in rows if is_worse(row, by_key[row.key])}


def test_the_recorded_rows_are_those_of_the_code(fresh):
    keys = [row.key for row in RECORDED]
    assert keys == [row.key for row in FIRST] == [row.key for row in fresh]
    assert len(set(keys)) == len(keys)


def test_no_row_is_worse_than_recorded(fresh):
    assert [row for row, recorded in zip(fresh, FIRST, strict=True) if is_worse(row, recorded)] == []


def test_no_chunk_is_worse_than_the_largest_of_all():
    """So the record of the first chunk is of the same run as that of all."""
    for row, first in zip(RECORDED, FIRST, strict=True):
        assert first.numbers <= row.numbers
        assert first.difference is None or first.difference <= row.difference
        assert first.our_error is None or first.our_error <= row.our_error


@pytest.mark.parametrize("factor", [-1, 1 + 1e-5])
def test_another_step_would_be_found(monkeypatch, factor):
    def mutated(update):
        def other(*args, **options):
            step, *slots = update(*args, **options)
            return step * factor, *slots

        return other

    monkeypatch.setattr(adam, "adam_update", mutated(adam.adam_update))
    monkeypatch.setattr(rmsprop, "centered_rmsprop_update", mutated(rmsprop.centered_rmsprop_update))
    found = worse_rows_of("Adam", "RMSprop, centered", "SGD")
    assert found == {(name, dtype) for name in ("Adam", "RMSprop, centered") for dtype in ("float32", "float64")}


def test_another_loss_would_be_found(monkeypatch):
    """Keras's own cross-entropy in the place of ours: nearer to Keras, and further from the truth."""
    keras_s = functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=True)
    monkeypatch.setitem(vars(dnn), "sparse_softmax_cross_entropy", keras_s)
    found = worse_rows_of("sparse cross-entropy", domains=("confident",), dtypes=DTYPES)
    assert found == {("sparse cross-entropy", dtype) for dtype in DTYPES}


def test_an_error_newly_above_keras_s_would_be_found():
    row = Row("piece", "value", "ordinary", "float32", "ulp", 1, 1.0, our_error=1.0, keras_error=1.0)
    assert not is_worse(dataclasses.replace(row, our_error=1.2), row)
    assert is_worse(dataclasses.replace(row, our_error=1.3), row)
    assert is_worse(dataclasses.replace(row, difference=1e-9), dataclasses.replace(row, difference=0.0))


@pytest.mark.parametrize("piece", PIECES)
def test_every_piece_has_a_row(piece):
    """Those that are made of other pieces have none of their own."""
    assert {row.piece for row in RECORDED} >= set(ROWS_OF.get(piece, (piece,)))


def test_every_public_number_of_the_core_is_measured():
    """Each name of dnn.nn that computes something stands in a module of conformance/, or is what the class does that
    stands there, or says why it needs none."""
    used = {
        node.attr
        for path in Path(conformance.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "dnn"
    }
    core = {name for name in dnn.__all__ if getattr(dnn, name).__module__.startswith("dnn.nn.")}
    assert core - used == set(WITHIN) | set(NO_ARITHMETIC)
    assert set(WITHIN.values()) <= used


def test_the_tables_show_the_record():
    assert MARKDOWN.read_text() == markdown(RECORDED)
    assert compact(RECORDED) in (Path(__file__).parent.parent / "README.md").read_text()
    assert read(written(RECORDED, FIRST)) == (RECORDED, FIRST)


def test_a_row_that_is_red_or_large_or_much_better_than_keras_says_why():
    told = [row for row in RECORDED if row.is_red or row.is_stricter]
    assert [row.key for row in RECORDED if row.is_large and not why_large(row)] == []
    assert [row.key for row in told if not reason(dataclasses.replace(row, our_error=min(row.our_error, 20)))] == []
    assert [row.key for row in RECORDED if reason(row) and not (row.is_large or row in told)] == []


def test_the_initializers_are_keras_s_bit_for_bit():
    drawn = [row for row in RECORDED if row.our_error is None]
    assert len(drawn) == 24
    assert all(row.difference == 0 and row.numbers > 1000 for row in drawn)


@pytest.mark.parametrize(
    ("actual", "expected", "dtype", "error"),
    [
        (1 + 2**-23, 1, np.float32, 1),
        (1 - 2**-24, 1, np.float32, 0.5),
        (2 - 2**-23, 2, np.float32, 0.5),
        (0, 1, np.float32, 2**23),
        (1, Fraction(1, 3), np.float64, 2 * 2**54 / 3),
        (np.nan, 1, np.float32, np.inf),
        (np.inf, 1, np.float32, np.inf),
        (np.inf, 1e39, np.float32, 0),
        (-np.inf, 1e39, np.float32, np.inf),
        (0, 1e-38, np.float32, 1e-38 / (1000 * np.finfo(np.float32).tiny)),
    ],
)
def test_an_error_is_counted_in_last_places_of_the_exact_value(actual, expected, dtype, error):
    ratio = Fraction(expected)
    number = EXACT.mpf(ratio.numerator) / ratio.denominator
    found = measure.largest_error(np.array([actual], dtype), exact.parts([number]), measure.ulp, (), dtype)
    assert found == pytest.approx(error, rel=1e-6)


def test_the_exact_functions_are_scipy_s_to_float64():
    x = np.linspace(-30, 30, 61)
    for ours, scipy_s in (
        (exact.normal, scipy.stats.norm.cdf),
        (exact.normal_density, scipy.stats.norm.pdf),
        (exact.logistic, scipy.special.expit),
        (exact.tanh, np.tanh),
        (exact.expm1, np.expm1),
    ):
        np.testing.assert_allclose(ours(exact.exact(x)).astype(np.float64), scipy_s(x), rtol=1e-12)
