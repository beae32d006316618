"""The second outputs of the C++ ops are for their gradients: what is derived through them is refused, never 0."""

import pytest
import tensorflow as tf
from needs_compiler import needs_compiler

from dnn.kernels.compiled import compiled_ops

pytestmark = needs_compiler

X = tf.constant([[1.0, 2.0, -4.0], [0.5, 0.0, 3.0]])


def loss_op(x):
    return compiled_ops("softmax_cross_entropy.cc").dnn_softmax_cross_entropy(labels=[0, 2], logits=x)


def layer_op(x):
    return compiled_ops("layer_normalization.cc").dnn_layer_normalization(
        x=x, gamma=[1.0] * 3, beta=[0.0] * 3, epsilon=0.1
    )


def gradient(op, *places, persistent=False):
    """A function of x: the derivative by x of the sum of the squares in these outputs of the op."""

    def derived(x):
        with tf.GradientTape(persistent=persistent) as tape:
            tape.watch(x)
            outputs = op(x)
            total = tf.add_n([tf.cast(tf.reduce_sum(outputs[place] ** 2), x.dtype) for place in places])
        return tape.gradient(total, x)

    return derived


def traced(function, shape=(2, 3)):
    return tf.function(function, autograph=False, input_signature=[tf.TensorSpec(shape)])


OPS = pytest.mark.parametrize(
    ("op", "message"),
    [
        (loss_op, "the fused softmax cross-entropy has no second derivative"),
        (layer_op, "the statistics of the fused layer normalization have no derivative"),
    ],
)


@OPS
@pytest.mark.parametrize("places", [[1], [0, 1]])
def test_a_derivative_through_the_second_output_is_refused_in_every_mode(op, message, places):
    derived = gradient(op, *places)
    for function in (derived, traced(derived), traced(derived, [None, 3]), traced(derived, None)):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            function(X)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        gradient(traced(op), *places)(X)


@OPS
def test_a_step_of_training_does_not_look(op, message):
    for shape in ((2, 3), [None, 3], None):
        graph = traced(gradient(op, 0), shape).get_concrete_function().graph
        assert not {"Assert", "All"} & {operation.type for operation in graph.get_operations()}


@OPS
def test_a_tape_that_asks_a_function_for_all_its_derivatives_may(op, message):
    """A persistent tape has TensorFlow derive through every output of a function, if by zeros that it cannot know."""
    function = traced(lambda x: op(x)[0])
    expected = gradient(op, 0)(X)
    for persistent in (False, True):
        derived = gradient(lambda x: [function(x)], 0, persistent=persistent)
        tf.debugging.assert_near(derived(X), expected, rtol=1e-5)
        tf.debugging.assert_near(traced(derived)(X), expected, rtol=1e-5)
