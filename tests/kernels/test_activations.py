"""The activations of the epochs in C++, and their derivatives, are their formulas to some roundings, in 50 digits."""

import ctypes
import subprocess
from pathlib import Path

import mpmath
import numpy as np
import pytest
from needs_compiler import needs_compiler

import dnn.kernels
from dnn.ops.compiler import OUR_FLAGS, compiler

pytestmark = needs_compiler
E, TANH = mpmath.exp, mpmath.tanh
SCALE, ALPHA = mpmath.mpf("1.0507009873554804934"), mpmath.mpf("1.6732632423543772848")
FORMULAS = {
    "leaky_relu": lambda x: x if x > 0 else x / 5,
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "selu": lambda x: SCALE * (x if x >= 0 else ALPHA * mpmath.expm1(x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "sigmoid": lambda x: 1 / (1 + E(-x)),
    "tanh_of": TANH,
    "softplus": lambda x: mpmath.log1p(E(x)),
    "silu": lambda x: x / (1 + E(-x)),
    "mish": lambda x: x * TANH(mpmath.log1p(E(x))),
}
LIMITS = {"leaky_relu": -np.inf, "elu": -1, "selu": -float(SCALE * ALPHA), "tanh_of": -1}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made, include = tmp_path_factory.mktemp("activations") / "activations.so", Path(dnn.kernels.__file__).parent
    source = str(Path(__file__).with_name("activations.cc"))
    subprocess.run([*compiler(), *OUR_FLAGS, "-std=c++17", f"-I{include}", source, "-o", str(made)], check=True)
    return ctypes.CDLL(str(made))


def computed(library, name, x):
    y, slopes = np.empty_like(x), np.empty_like(x)
    real = "float" if x.dtype == np.float32 else "double"
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (x, y, slopes)]
    getattr(library, f"{name}_{real}")(pointers[0], ctypes.c_int64(x.size), *pointers[1:])
    return y, slopes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FORMULAS)
def test_values_and_slopes_are_those_of_fifty_digits(library, name, dtype):
    """The formula's own condition, x f'(x) / f(x), is at most some 30 in this range: the roundings of eˣ grow by it."""
    x = np.concatenate([np.geomspace(1e-6, 30, 60), -np.geomspace(1e-6, 30, 60)]).astype(dtype)
    y, slopes = computed(library, name, x)
    with mpmath.workdps(50):
        exact = [FORMULAS[name](mpmath.mpf(float(each))) for each in x]
        derived = [mpmath.diff(FORMULAS[name], mpmath.mpf(float(each)), h=mpmath.mpf("1e-20")) for each in x]
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(y, np.array(exact, np.float64), rtol=64 * eps, atol=eps * 1e-6)
    np.testing.assert_allclose(slopes, np.array(derived, np.float64), rtol=0, atol=8 * eps)


@pytest.mark.parametrize("name", FORMULAS)
def test_at_infinity_they_have_their_limits_and_a_nan_stays_one(library, name):
    y, slopes = computed(library, name, np.array([-np.inf, np.inf, np.nan], np.float32))
    least, most = LIMITS.get(name, 0), 1 if name in ("sigmoid", "tanh_of") else np.inf
    np.testing.assert_allclose(y, [least, most, np.nan], rtol=1e-6)
    ends = {"leaky_relu": (0.2, 1), "selu": (0, float(SCALE)), "sigmoid": (0, 0), "tanh_of": (0, 0)}
    np.testing.assert_allclose(slopes[:2], ends.get(name, (0, 1)), rtol=1e-6)
