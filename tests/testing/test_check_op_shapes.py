"""check_op of an op that infers a wrong shape, of a result or of a gradient: the law that is for it finds it."""

import pytest
import tensorflow as tf
from broken_laws import QUICK, broken, by_numpy, relu

from dnn.testing import Floats, check_op

KNOWN, ANY_BATCH = "infers its shape", "infers its shape for any batch"
SHAPES = [
    ("right", lambda x: x.shape, set()),
    ("unknown", lambda x: None, {KNOWN}),
    ("a column too many", lambda x: [x.shape[0], x.shape[1] + 1], {KNOWN, ANY_BATCH}),
    ("a row for any batch", lambda x: [1 if x.shape[0] is None else x.shape[0], x.shape[1]], {ANY_BATCH}),
]
by_name = pytest.mark.parametrize(("name", "shape", "laws"), SHAPES, ids=[name for name, *_ in SHAPES])


@by_name
def test_a_wrong_shape_is_found(name, shape, laws):
    op = by_numpy(relu, shape)
    if not laws:
        report = check_op(op, relu, gradient=None, **QUICK)
        assert report["agrees under xla"].detail == "it has no kernel for XLA: PyFunc"
        return
    found = broken(op, relu, gradient=None)
    assert laws <= found.keys() <= laws | {"agrees in graph mode"}
    assert all("is inferred" in found[law] for law in laws)


OF_GRADIENTS = "infers the shape of its gradients"


@by_name
def test_a_wrong_shape_of_a_gradient_is_found(name, shape, laws):
    doubled = by_numpy(lambda x: 2 * x, shape)

    @tf.custom_gradient
    def op(x):
        return 2 * x, doubled

    if not laws:
        assert check_op(op, **QUICK)[OF_GRADIENTS].verdict == "holds"
        return
    found = broken(op, lambda x: 2 * x)
    assert OF_GRADIENTS in found.keys() <= {OF_GRADIENTS, "agrees in graph mode"}
    assert "is inferred" in found[OF_GRADIENTS]
    assert "for any batch" in found[OF_GRADIENTS] or KNOWN in laws


def test_a_wrong_shape_of_a_gradient_by_a_variable_is_found():
    transposed = by_numpy(lambda g: g, lambda g: g.shape[::-1])

    class Shifted(tf.Module):
        def __init__(self):
            super().__init__()
            self.shift = tf.Variable(tf.ones([2, 3]))

        def __call__(self, x):
            @tf.custom_gradient
            def passed(shift):
                return tf.identity(shift), transposed

            return x[:, tf.newaxis, tf.newaxis] + passed(tf.convert_to_tensor(self.shift))

    found = broken(Shifted(), None, inputs=Floats(["batch"]))
    assert "for the gradient by float argument or variable 1, which has (2, 3)" in found[OF_GRADIENTS]
