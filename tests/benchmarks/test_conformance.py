"""Every piece is as exact as its arithmetic allows, on any processor; and the table shows what was measured."""

import functools
import inspect
from fractions import Fraction
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf
from machine import needs_bfloat16_products
from modes import THOROUGH

import dnn
from benchmarks.conformance import exact, measure
from benchmarks.conformance.comparison import Comparison, rows_of
from benchmarks.conformance.exact import EXACT
from benchmarks.conformance.pieces import comparisons
from benchmarks.conformance.reasons import why_compared, why_large
from benchmarks.conformance.table import DTYPES, MARKDOWN, RECORD, SUBNORMALS, compact, markdown, read, written
from dnn.nn.optimizers import adam, rmsprop

RECORDED = read(RECORD.read_text("utf-8"))
FIDELITY = Path(dnn.__file__).parent.parent / "docs" / "fidelity.md"
BESIDE_PYTABKIT = "beside pytabkit, whose piece it is: tests/nn/test_realmlp.py"
BESIDE_RTDL = "beside rtdl_num_embeddings: tests/nn/test_numeric_embeddings.py"
BESIDE_SCIKIT_LEARN = "one formula in float64, held against scikit-learn or every threshold in tests/nn/scores"
# public names of dnn.nn that no comparison is named after, and that are no formula of a class that one is named after
NOT_COMPARED = {
    "Coslog": BESIDE_PYTABKIT,
    "coslog": BESIDE_PYTABKIT,
    "NTKDense": BESIDE_PYTABKIT,
    "ntk_dense": BESIDE_PYTABKIT,
    "ParametricActivation": BESIDE_PYTABKIT,
    "parametric": BESIDE_PYTABKIT,
    "Scaling": BESIDE_PYTABKIT,
    "realmlp": BESIDE_PYTABKIT,
    "standard_normal": BESIDE_PYTABKIT,
    "Embedding": BESIDE_RTDL,
    "LinearEmbeddings": BESIDE_RTDL,
    "LinearReLUEmbeddings": BESIDE_RTDL,
    "PBLDEmbeddings": BESIDE_PYTABKIT,
    "pbld_embeddings": BESIDE_PYTABKIT,
    "PeriodicEmbeddings": BESIDE_RTDL,
    "PiecewiseLinearEmbeddings": BESIDE_RTDL,
    "periodic_features": BESIDE_RTDL,
    "ByGroup": "calls an optimizer for each group: tests/nn/optimizers/test_more_optimizers.py",
    "GLU": "two Dense and a product: tests/nn/test_glu.py",
    "mlp": "makes a Sequential",
    "ColumnBlocks": "calls a layer for each of its columns",
    "SkipNotFinite": "beside fits without the rows it leaves out: tests/train/test_not_finite.py",
    "Residual": "beside Keras's functional model: tests/nn/test_residual.py",
    "Ensemble": "its members are compared with themselves alone: tests/train/test_members.py",
    "ensemble_mlp": "makes an Ensemble",
    "log_mean_softmax": "beside SciPy: tests/nn/test_ensemble.py",
    "mean_output": "one mean",
    "TabM": "beside its authors' package, tabm: tests/nn/test_tabm.py",
    "batch_ensemble": "the formula of TabM",
    "balanced_accuracy_score": BESIDE_SCIKIT_LEARN,
    "cohen_kappa_score": BESIDE_SCIKIT_LEARN,
    "fbeta_score": BESIDE_SCIKIT_LEARN,
    "matthews_corrcoef": BESIDE_SCIKIT_LEARN,
    "top_k_accuracy_score": BESIDE_SCIKIT_LEARN,
    "mean_absolute_percentage_error": BESIDE_SCIKIT_LEARN,
    "mean_absolute_error": BESIDE_SCIKIT_LEARN,
    "r2_score": BESIDE_SCIKIT_LEARN,
    "root_mean_squared_error": BESIDE_SCIKIT_LEARN,
    "threshold_of_cost": BESIDE_SCIKIT_LEARN,
    "threshold_of_recall": BESIDE_SCIKIT_LEARN,
    "Optimizer": "abstract",
    "ScoreMetric": "calls a score: tests/nn/test_score_metric.py",
    "Sequential": "calls its layers in turn",
    "UndefinedMetricWarning": "a warning",
    "class_weights": "looks up a weight for each row",
    "counted": "compares integers",
    "get_weights": "copies variables",
    "load_weights": "reads variables",
    "save_weights": "writes variables",
    "set_weights": "assigns variables",
    "summary": "prints a table",
    "variance_scaling": "what glorot, he and lecun are made of",
    "weights": "lists variables",
}


def wrong_rows_of(comparison: Comparison) -> list[str]:
    """Measure the first inputs, and Keras only where the bits must be its own; all of both in the thorough profile."""
    rows = rows_of(comparison, chunks=None if THOROUGH else 1, beside_keras=THOROUGH)
    return [f"{', '.join(row.key)}: {row.wrong}" for row in rows if row.wrong]


def case(comparison: Comparison):
    marks = [needs_bfloat16_products] if (comparison.name, comparison.dtype) == ("Dense", "bfloat16") else []
    return pytest.param(comparison, id=f"{comparison.name}-{comparison.domain}-{comparison.dtype}", marks=marks)


@pytest.mark.parametrize("comparison", [case(comparison) for comparison in comparisons()])
def test_a_piece_is_as_exact_as_its_arithmetic_allows(comparison):
    assert wrong_rows_of(comparison) == []


def found(*names: str, domain: str = "ordinary") -> set[tuple[str, str]]:
    """(piece, dtype) of the comparisons that are wrong."""
    named = [comparison for comparison in comparisons() if comparison.name in names and comparison.domain == domain]
    return {(comparison.name, comparison.dtype) for comparison in named if wrong_rows_of(comparison)}


def test_a_step_that_is_longer_by_a_hundred_thousandth_is_found(monkeypatch):
    def longer(update):
        def mutated(*args, **options):
            step, *slots = update(*args, **options)
            return step * (1 + 1e-5), *slots

        return mutated

    monkeypatch.setattr(adam, "adam_update", longer(adam.adam_update))
    monkeypatch.setattr(rmsprop, "centered_rmsprop_update", longer(rmsprop.centered_rmsprop_update))
    assert found("Adam", "RMSprop, centered", "SGD") == {
        (name, dtype) for name in ("Adam", "RMSprop, centered") for dtype in ("float32", "float64")
    }


def test_a_loss_that_is_nearer_to_keras_and_further_from_the_truth_is_found(monkeypatch):
    keras_s = functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=True)
    monkeypatch.setitem(vars(dnn), "sparse_softmax_cross_entropy", keras_s)
    name = "sparse_softmax_cross_entropy"
    assert found(name, domain="confident") == {(name, dtype) for dtype in (*DTYPES, "float16")}


def test_every_public_piece_is_compared():
    """A new one gets an entry in the module of its kind in benchmarks/conformance/.

    A free function in the module of a compared class is the formula of that class.
    """
    compared = {comparison.name.split(",")[0] for comparison in comparisons()}
    public = {name: getattr(dnn, name) for name in dnn.__all__ if getattr(dnn, name).__module__.startswith("dnn.nn.")}
    classes = {public[name].__module__ for name in compared if inspect.isclass(public[name])}
    formulas = {name for name, x in public.items() if inspect.isfunction(x) and x.__module__ in classes}
    assert compared <= set(public)
    assert set(public) - compared - formulas == set(NOT_COMPARED)


def test_the_table_has_the_rows_and_the_bounds_of_the_code():
    """If not: python -m benchmarks.conformance."""
    expected = {
        (c.name, part.name, c.domain, c.dtype): (part.bound, part.keras_bits) for c in comparisons() for part in c.parts
    }
    recorded = {row.key: (row.bound, row.keras_bits) for row in RECORDED.rows}
    assert list(recorded) == list(expected)
    assert recorded == {key: (pytest.approx(bound), bits) for key, (bound, bits) in expected.items()}
    assert len(recorded) == len(RECORDED.rows)


def test_the_table_tells_where_it_was_measured_and_is_right():
    assert [row for row in RECORDED.rows if row.wrong] == []
    assert RECORDED.processor
    assert set(RECORDED.versions) == {"python", "tensorflow", "keras"}
    assert RECORDED.where in markdown(RECORDED)


def test_the_pages_show_the_table():
    assert MARKDOWN.read_text("utf-8") == markdown(RECORDED)
    assert compact(RECORDED) in FIDELITY.read_text("utf-8")
    assert read(written(RECORDED)) == RECORDED


def test_a_row_that_is_red_or_large_or_much_better_than_keras_says_why():
    """A reason stands in the entry of its piece."""
    rows = RECORDED.rows
    assert [row.key for row in rows if row.is_large and not why_large(row)] == []
    assert [row.key for row in rows if (row.is_red or row.is_stricter) and not why_compared(row)] == []


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
    counted = measure.largest_error(np.array([actual], dtype), exact.parts([number]), measure.ulp, (), dtype)
    assert counted == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "xla"])
def test_subnormal_numbers_are_0_here_and_in_keras(compiled):
    """Where a processor keeps them, as for XLA's tanh, both have the same; the table says that it leaves them out."""
    x = np.float32([[1e-39, -3e-40]])
    pairs = {
        "leaky_relu": (dnn.leaky_relu, keras.activations.leaky_relu),
        "tanh": (dnn.tanh, keras.activations.tanh),
        "silu": (dnn.silu, keras.activations.silu),
        "L1": (dnn.L1(1.0), keras.regularizers.L1(1.0)),
        "absolute_error": (
            lambda x: dnn.absolute_error(0 * x, x),
            lambda x: keras.losses.mean_absolute_error(0 * x, x),
        ),
    }
    for name, functions in pairs.items():
        ours, keras_s = (tf.function(f, jit_compile=True)(x) if compiled else f(tf.constant(x)) for f in functions)
        np.testing.assert_array_equal(ours, keras_s, name)
        assert np.abs(ours).max() < np.finfo(np.float32).tiny
    assert SUBNORMALS in MARKDOWN.read_text("utf-8")
    assert SUBNORMALS.replace("\n", " ") in FIDELITY.read_text("utf-8")


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
