"""What all scales and encodings refuse: rows of another shape, which would broadcast to wrong numbers in silence."""

import numpy as np
import pytest
import tensorflow as tf

from dnn.data.one_hot import OneHot
from dnn.data.ordinal import Ordinal
from dnn.data.piecewise_linear import PiecewiseLinear
from dnn.data.preprocess import Binarize, Normalize, Rescale, Standardize
from dnn.data.quantiles import Quantile
from dnn.data.robust_scale import RobustScale

X = np.random.default_rng(0).normal(size=(6, 3))
SCALES = [Binarize, Normalize, PiecewiseLinear, Quantile, Rescale, RobustScale, Standardize]


@pytest.mark.parametrize("scale", SCALES)
def test_a_scale_takes_a_matrix_of_its_columns_alone(scale):
    learnt = scale.learn(X)
    assert learnt(X.astype(np.float32)).dtype == tf.float64
    assert learnt(X[:0]).shape[0] == 0
    for wrong in (X[0], X[np.newaxis], X[0, 0], *([] if scale is Normalize else [X[:, :1], X[:, :2]])):
        for x in (wrong, tf.constant(wrong)):
            with pytest.raises(ValueError, match=r"x must be \[rows, (3|columns)\], got shape"):
                learnt(x)
    with pytest.raises(ValueError, match=r"got shape \(3,\); one row is x\[np.newaxis\]"):
        learnt(X[0])
    if scale is not Normalize:  # which learns nothing
        for wrong in (X[0], X[:0], X[np.newaxis]):
            with pytest.raises(ValueError, match=r"x must be \[rows, columns\], with a row at least, got shape"):
                scale.learn(wrong)


@pytest.mark.parametrize(
    "encoding", [OneHot(["a", "b"]), Ordinal.learn(["a", "b"], ["a", "b"])], ids=["one-hot", "ordinal"]
)
def test_an_encoding_takes_one_column_of_strings(encoding):
    assert encoding(np.array(["b", "a"])).shape[0] == 2
    for wrong in (np.array([["b"], ["a"]]), "a"):
        with pytest.raises(ValueError, match=r"strings must be \[rows\], got shape"):
            encoding(wrong)
