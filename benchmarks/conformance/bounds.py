"""How large an error may be: bounds that follow from the arithmetic alone, and so hold on every processor.

They are counted in last places of the dtype that computes:

- an addition, a product, a quotient or a square root is rounded to the nearest number (IEEE 754): half a last place, or
  a whole one of a result whose own last place is half as large. So a rounding counts 1;
- a function of the library (exp, expm1, log, log1p, tanh, erfc, rsqrt) counts 4. TensorFlow promises nothing; OpenCL
  3.0, for one, allows exp 3 (section 7.4), and 2.2 is the most that was seen here;
- of the roundings of a sum about as many go up as down: √n of n terms, in whatever order a processor adds them.
  Source: N. Higham, T. Mary, "A New Approach to Probabilistic Rounding Error Analysis", 2019, theorem 2.4.

What one processor gave is a report, `table.md`, and never a bound.
"""

import math

import ml_dtypes

LIBRARY = 4
SHORT = LIBRARY + 4  # a formula of one library function and four roundings, or a little more
# a loss, and its last place, may be twice the largest logit, which counts as 1 at least, and ln 5 more
IN_LOGIT_ULP = 2 + math.log(5)
HALF = ("bfloat16", "float16")
ALL = (*HALF, "float32", "float64")


def sum_of(terms: int) -> float:
    """Return the last places by which a sum may err."""
    return math.sqrt(terms)


def rounded_once(places: float, dtype: str, *, kept: bool = False) -> float:
    """Return the bound, in last places of `dtype`, of what is computed in float32 at least.

    Args:
        places: Last places of the dtype that computes: float64 for float64, else float32.
        dtype: Of the arguments.
        kept: Whether the result stays float32, so that it is not rounded to a half precision.
    """
    computed = "float64" if dtype == "float64" else "float32"
    return _bound(places, computed, () if kept else (dtype,), dtype)


def rounded_once_from_float64(places: float, dtype: str, *, kept: bool = False) -> float:
    """As `rounded_once`, for what is computed in float64; TensorFlow casts it to half precisions by way of float32."""
    stored = () if dtype == "float64" else ("float32",) if kept else ("float32", dtype)
    return _bound(places, "float64", stored, dtype)


def largest_exponent(dtype: str) -> float:
    """Return the largest x for which e^−x is an ordinary number of the dtype that computes."""
    return -math.log(float(ml_dtypes.finfo("float64" if dtype == "float64" else "float32").tiny))


def _bound(places: float, computed: str, stored: tuple[str, ...], dtype: str) -> float:
    if not places:
        return 0.0  # what no operation rounds is a number of the dtype
    roundings = [_epsilon(wide) / 2 for wide in dict.fromkeys(stored) if _epsilon(wide) > _epsilon(computed)]
    return (places * _epsilon(computed) + sum(roundings)) / _epsilon(dtype)


def _epsilon(dtype: str) -> float:
    return float(ml_dtypes.finfo(dtype).eps)
