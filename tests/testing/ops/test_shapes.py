"""Laws of static shapes: a wrong one, of a result or of a gradient, is found by the law that is for it."""

import pytest
import tensorflow as tf
from op_laws import ANY_BATCH, GRADIENT_SHAPE, SHAPE, broken, broken_laws, by_numpy, found, holds, not_applicable, relu

from dnn.testing import Floats

LAWS = [SHAPE, ANY_BATCH]
SHAPES = {
    "right": (lambda x: x.shape, set()),
    "unknown": (lambda x: None, {SHAPE}),
    "a column too many": (lambda x: [x.shape[0], x.shape[1] + 1], {SHAPE, ANY_BATCH}),
    "a row for any batch": (lambda x: [1 if x.shape[0] is None else x.shape[0], x.shape[1]], {ANY_BATCH}),
}
by_name = pytest.mark.parametrize(("shape", "laws"), SHAPES.values(), ids=SHAPES)


@by_name
def test_a_wrong_shape_is_found(shape, laws):
    op = by_numpy(relu, shape)
    assert broken_laws(op, relu, laws=LAWS, gradient=None) == laws
    assert all("is inferred" in broken(op, relu, law=law, gradient=None) for law in laws)


@by_name
def test_a_wrong_shape_of_a_gradient_is_found(shape, laws):
    doubled = by_numpy(lambda x: 2 * x, shape)

    @tf.custom_gradient
    def op(x):
        return 2 * x, doubled

    if laws:
        detail = broken(op, law=GRADIENT_SHAPE)
        assert "is inferred" in detail
        assert ("for any batch" in detail) == (SHAPE not in laws)
    else:
        holds(op, law=GRADIENT_SHAPE)


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

    detail = broken(Shifted(), None, Floats(["batch"]), law=GRADIENT_SHAPE)
    assert "for the gradient by float argument or variable 1, which has (2, 3)" in detail


def test_the_axis_whose_size_may_be_unknown_is_told_by_its_name():
    reason = not_applicable(tf.abs, None, Floats(("r", "c")), law=ANY_BATCH)
    assert reason == 'no axis is named "batch", the one whose size may be unknown'
    assert holds(tf.abs, law=ANY_BATCH).startswith("(None, ")


def positive(x):
    return tf.boolean_mask(x, x > 0)


@pytest.mark.parametrize(
    ("op", "inputs"),
    [(positive, Floats()), (lambda x: tf.unique(x)[0], Floats(["batch"]))],
    ids=["boolean_mask", "unique"],
)
def test_a_size_may_depend_on_numbers(op, inputs):
    detail = holds(op, None, inputs, law=SHAPE, gradient=None)
    assert detail.endswith("; a size depends on the numbers in the arguments")


def test_a_size_that_depends_on_numbers_excuses_no_other():
    def op(x):
        y = tf.boolean_mask(x, x[:, 0] > 0)
        if tf.executing_eagerly():
            return y
        return tf.ensure_shape(tf.numpy_function(lambda z: z, [y], y.dtype), [None, None])

    (finding,) = found(op, laws=[SHAPE], gradient=None)
    assert "is inferred" in finding.detail
