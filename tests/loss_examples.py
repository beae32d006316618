"""What losses are called with: drawn labels or targets, and outputs."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SMALL = st.floats(-30, 30, width=32, allow_subnormal=False)
HUGE = st.floats(-(2.0**126), 2.0**126, width=32, allow_subnormal=False)  # ±8.5e37: a difference is still a float32
PROBABILITIES = st.sampled_from([0.0, 1.0]) | st.floats(0, 1, width=32, allow_subnormal=False)


@st.composite
def labels_and_logits(draw, elements=SMALL | HUGE):
    rows, classes = draw(st.integers(1, 6)), draw(st.integers(2, 6))
    logits = draw(hnp.arrays(np.float32, (rows, classes), elements=elements))
    return draw(hnp.arrays(np.int32, rows, elements=st.integers(0, classes - 1))), logits


@st.composite
def targets_and_logits(draw, elements=SMALL | HUGE):
    """Soft targets: n_j / Σ n, of whole numbers n, some of them 0."""
    labels, logits = draw(labels_and_logits(elements))
    counts = draw(hnp.arrays(np.float32, logits.shape, elements=st.integers(0, 9)))
    counts[np.arange(len(labels)), labels] += 1
    return counts / counts.sum(axis=1, keepdims=True), logits


@st.composite
def pairs_of_outputs(draw, targets, outputs=SMALL | HUGE):
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 4)))
    return (
        draw(hnp.arrays(np.float32, shape, elements=targets)),
        draw(hnp.arrays(np.float32, shape, elements=outputs)),
    )
