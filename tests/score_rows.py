"""Rows to score, as Hypothesis draws them, and what a score makes of them beside scikit-learn's."""

import warnings

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

KINDS = {
    "integers": np.array([-1, 0, 1, 2, 7]),
    "strings": np.array(["no", "yes", "maybe", "unknown"]),
    "floats": np.array([0.0, 1.0, 2.0]),
    "truth values": np.array([False, True]),
}
SCORES = st.integers(-3, 3).map(float) | st.floats(-1e6, 1e6)  # many ties, and any order


@st.composite
def classes(draw, least=1, most=5):
    """From `least` to `most` labels of one kind, in any order."""
    names = draw(st.sampled_from([names for names in KINDS.values() if len(names) >= least]))
    order = draw(st.permutations(range(len(names))))
    return names[order[: draw(st.integers(least, min(most, len(names))))]]


def rows_of(names, rows):
    """The labels of `rows` rows; a class may have none."""
    return hnp.arrays(np.int64, rows, elements=st.integers(0, len(names) - 1)).map(lambda index: names[index])


@st.composite
def weights(draw, rows):
    """None; whole numbers, so that sums are exact; or floats. Some are 0, but not all."""
    whole, some = st.integers(0, 4), st.just(0.0) | st.floats(2**-10, 9)
    elements = draw(st.sampled_from([None, (np.int64, whole), (np.float64, some)]))
    return elements and draw(hnp.arrays(elements[0], rows, elements=elements[1]).filter(np.any))


def answer(score, *arguments, **options):
    """(the value, whether it warned), or (the word "refused", False)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = score(*arguments, **options)
        except (TypeError, ValueError):
            return "refused", False
    return value, any(issubclass(warning.category, UserWarning) for warning in caught)


def assert_same_answer(ours, theirs, *arguments, **options):
    """Values within 1e-12, NaN alike; warnings and errors where scikit-learn has them."""
    value, warned = answer(ours, *arguments, **options)
    expected, expected_to_warn = answer(theirs, *arguments, **options)
    assert warned == expected_to_warn, (value, expected)
    assert isinstance(value, str) == isinstance(expected, str), (value, expected)
    if not isinstance(value, str):
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
        assert np.asarray(value).dtype == np.asarray(expected).dtype
