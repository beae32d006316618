"""The products of product.h are NumPy's, with vectors of every size, also of those that the machine does not have."""

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from needs_compiler import needs_compiler

import dnn.kernels
from dnn.ops.compiler import OUR_FLAGS, compiler

pytestmark = needs_compiler


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made, include = tmp_path_factory.mktemp("product") / "product.so", Path(dnn.kernels.__file__).parent
    source = str(Path(__file__).with_name("product.cc"))
    subprocess.run([*compiler(), *OUR_FLAGS, "-std=c++17", f"-I{include}", source, "-o", str(made)], check=True)
    return ctypes.CDLL(str(made))


def place_of(array):
    return array.ctypes.data_as(ctypes.c_void_p)


@given(
    rows=st.integers(1, 20),
    inner=st.integers(0, 20),
    vectors=st.integers(1, 3),
    unused=st.integers(0, 15),
    seed=st.integers(0, 1000),
    dtype=st.sampled_from([np.float32, np.float64]),
    size=st.sampled_from([16, 32, 64]),
    turned=st.booleans(),
)
def test_a_product_is_numpy_s(library, rows, inner, vectors, unused, seed, dtype, size, turned):
    """For whole numbers, whose products and sums are exact; the first matrix as it is or transposed.

    Vectors without a column that is used are left as they are.
    """
    random = np.random.default_rng(seed)
    width, lanes = vectors * 64 // dtype().itemsize, size // dtype().itemsize
    used = max(1, width - unused)
    a, b = (random.integers(-9, 9, shape).astype(dtype) for shape in ((rows, inner), (inner, width)))
    beyond = np.full((rows + 1, width), 77, dtype)
    stored, steps = (a.T.copy(), (1, rows)) if turned else (a, (inner, 1))
    function = getattr(library, f"{'float' if dtype == np.float32 else 'double'}_{size}")
    of_a, sizes = map(ctypes.c_int64, (*steps, rows)), map(ctypes.c_int64, (width, used, inner))
    function(place_of(stored), *of_a, place_of(b), *sizes, place_of(beyond))
    written = -(-used // lanes) * lanes
    np.testing.assert_array_equal(beyond[:-1, :written], (a @ b)[:, :written])
    assert (beyond[:-1, written:] == 77).all()
    assert (beyond[-1] == 77).all()
