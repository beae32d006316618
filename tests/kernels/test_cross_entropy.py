"""The losses of rows side by side are mpmath's, and those of one row after the other."""

import ctypes
import subprocess
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from needs_compiler import needs_compiler

import dnn.kernels
from dnn.kernels.compiled import vector_flags
from dnn.ops.compiler import OUR_FLAGS, compiler

pytestmark = needs_compiler
GROUP = 16
LOGITS = st.one_of(st.floats(-40, 40, width=32), st.sampled_from([0.0, 1e30, -1e30, -np.inf, np.nan, 88.0, -88.0]))


FAST = "-ffp-contract=fast"


@pytest.fixture(scope="module", params=[(FAST,), ("-ffp-contract=off",), ("-DONE_WIDTH",), (FAST, *vector_flags())])
def library(tmp_path_factory, request):
    made, include = tmp_path_factory.mktemp("losses") / "losses.so", Path(dnn.kernels.__file__).parent
    source = str(Path(__file__).with_name("cross_entropy.cc"))
    command = [*compiler(), *OUR_FLAGS, *request.param, "-std=c++17", f"-I{include}", source, "-o", str(made)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(made))


def place_of(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def test_the_logarithm_is_right_to_three_units_in_the_last_place(library):
    random = np.random.default_rng(0)
    x = np.concatenate(
        [10 ** random.uniform(-320, 9, 2000), random.uniform(0, 3, 2000), [0, 1, np.sqrt(2) - 1, 5e-324]]
    )
    y = np.empty_like(x)
    library.logarithms(place_of(x), ctypes.c_int64(len(x)), place_of(y))
    with mpmath.workprec(200):
        exact = [mpmath.log1p(mpmath.mpf(float(each))) for each in x]
        errors = [
            abs(mpmath.mpf(float(got)) - true) / np.spacing(float(true)) for got, true in zip(y, exact, strict=True)
        ]
    assert max(errors) < 3
    x = np.array([np.nan])
    library.logarithms(place_of(x), ctypes.c_int64(1), place_of(y))
    assert np.isnan(y[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_and_its_slope_are_right_to_a_few_units_in_the_last_place(library, dtype):
    """The slope is 0 near −0.75: there the error is measured by its terms, Φ and x φ."""
    random = np.random.default_rng(0)
    x = np.concatenate([random.uniform(-12, 12, 3000), random.normal(size=1000), [0, -0.0, 1e-30, -38, 50]]).astype(
        dtype
    )
    y, slopes = np.empty_like(x), np.empty_like(x)
    function = library.float_gelu if dtype == np.float32 else library.double_gelu
    function(place_of(x), ctypes.c_int64(len(x)), place_of(y), place_of(slopes))
    tiny = np.finfo(dtype).tiny
    with mpmath.workprec(300):
        for each, value, slope in zip(x, y, slopes, strict=True):
            each = mpmath.mpf(float(each))
            normal, density = mpmath.ncdf(each), mpmath.npdf(each)
            assert abs(value - each * normal) <= 5 * np.finfo(dtype).eps * abs(each * normal) + 40 * tiny, each
            terms = normal + abs(each) * density
            assert abs(slope - (normal + each * density)) <= 5 * np.finfo(dtype).eps * terms + 40 * tiny, each
    x = np.array([-np.inf, np.inf, np.nan], dtype)
    function(place_of(x), ctypes.c_int64(3), place_of(y), place_of(slopes))
    np.testing.assert_array_equal(y[:3], [0, np.inf, np.nan])
    np.testing.assert_array_equal(slopes[:3], [0, 1, np.nan])


@given(
    rows=st.lists(st.lists(LOGITS, min_size=16, max_size=16), min_size=GROUP, max_size=GROUP),
    labels=st.lists(st.integers(0, 15), min_size=GROUP, max_size=GROUP),
    classes=st.integers(1, 16),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@example(rows=[[3.0] * 16] * GROUP, labels=[1] * GROUP, classes=2, dtype=np.float32)
@example(rows=[[-np.inf] * 16] * GROUP, labels=[1] * GROUP, classes=2, dtype=np.float32)
def test_rows_side_by_side_have_the_losses_of_each_alone(library, rows, labels, classes, dtype):
    z = np.ascontiguousarray(np.array(rows, dtype)[:, :classes].T)
    label = np.array(labels, np.int32) % classes
    loss, alone_loss = np.empty(GROUP, dtype), np.empty(GROUP, dtype)
    gradient, alone, index = np.empty_like(z), np.empty((GROUP, classes), dtype), np.empty(GROUP, np.int32)
    function = library.float_losses if dtype == np.float32 else library.double_losses
    arrays = map(place_of, (label, loss, gradient, index, alone_loss, alone))
    function(place_of(z), ctypes.c_int64(classes), *arrays)
    near = {"rtol": 8 * np.finfo(dtype).eps, "atol": np.finfo(dtype).tiny}
    np.testing.assert_allclose(loss, alone_loss, **near)
    np.testing.assert_allclose(gradient.T, alone, **near)
    largest = np.where(np.isnan(z), -np.inf, z)
    assert index.tolist() == np.argmax(largest, axis=0).tolist()
