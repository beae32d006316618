"""The laws of an activation and a layer that call an op in C++: what such an op lacks is told with the remedy."""

import pytest
import tensorflow as tf
from needs_compiler import needs_compiler

from dnn.testing import check_activation, check_layer

pytestmark = needs_compiler


@pytest.fixture
def relu_of_float32(relus):
    """float32 alone."""

    @tf.custom_gradient
    def relu(x):
        y = relus.right_relu(x)
        return y, lambda g: tf.where(y > 0, g, 0)

    return relu


@pytest.fixture
def relu(relu_of_float32):
    def relu(x):
        x = tf.convert_to_tensor(x)
        return tf.cast(relu_of_float32(tf.cast(x, tf.float32)), x.dtype)

    return relu


class Gate(tf.Module):
    """x · w through an activation."""

    def __init__(self, width, activation):
        super().__init__()
        self.w, self.activation = tf.Variable(tf.ones([width]), name="w"), activation

    def __call__(self, x):
        return self.activation(x * tf.cast(self.w, x.dtype))


def breach(check, *arguments, **options) -> AssertionError:
    with pytest.raises(AssertionError) as error:
        check(*arguments, **options)
    return error.value


def test_what_xla_has_no_kernel_for_is_told_in_one_error_with_the_remedy(relu):
    for error in (breach(check_activation, relu), breach(check_layer, lambda: Gate(4, relu), refuses=False)):
        law, what = str(error).split("\n")
        assert " breaks the law xla_agrees: XLA compiles it" in law
        assert what.startswith("XLA has no kernel for RightRelu: pass xla=False, ")
        assert error.__cause__ is None
        assert error.__suppress_context__


def test_with_the_remedy_the_other_laws_hold(relu):
    check_activation(relu, xla=False)
    check_layer(lambda: Gate(4, relu), xla=False, refuses=False)


def test_an_activation_of_float32_alone_is_told_how_to_take_others(relu_of_float32):
    error = breach(check_activation, relu_of_float32, xla=False)
    assert "relu breaks the law keeps_the_dtype: " in str(error)
    assert "Cast what it has no kernel for to float32, and the result back, " in str(error)
    assert not isinstance(error.__cause__, AssertionError)
