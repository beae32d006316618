"""debug_numerics: the first tensor of a step that is not finite, and a model that is as before."""

import threading

import numpy as np
import tensorflow as tf

import dnn
from dnn.nn.noted_outputs import noted_outputs


class Root(tf.Module):
    """The square root of a relu: its derivative at 0 is infinite, and nothing shows it on the way forward."""

    def __init__(self):
        self.a, self.b = dnn.Dense(2, 3, activation=dnn.relu, seed=1), dnn.Dense(3, 2, seed=2)
        self.calls = tf.Variable(0.0, trainable=False)

    def __call__(self, x):
        self.calls.assign_add(1.0)
        return self.b(tf.sqrt(self.a(x)))


def test_the_table_goes_forward_and_back_and_marks_the_first_that_is_not_finite():
    model = Root()
    optimizer = dnn.Adam(model.trainable_variables)
    x = np.array([[1.0, -2.0], [0.0, 0.0]], np.float32)  # a row of zeros: relu(0)
    before = [variable.numpy() for variable in [*model.variables, *optimizer.variables]]
    found = dnn.debug_numerics(model, (x, [0, 1]), dnn.sparse_softmax_cross_entropy, optimizer)
    names = [each.name for each in found.ranges]
    assert names == [
        *("x", "output of a Dense", "output of b Dense", "loss of a row", "mean loss"),
        *("gradient by output of b Dense", "gradient by b/bias", "gradient by b/kernel"),
        *("gradient by output of a Dense", "gradient by a/bias", "gradient by a/kernel"),
        *("a/bias after the step", "a/kernel after the step", "b/bias after the step", "b/kernel after the step"),
    ]
    hidden = tf.nn.relu(x @ model.a.kernel + model.a.bias).numpy()
    assert found.first.name == "gradient by output of a Dense"
    assert (found.first.nans, found.first.infinities) == (0, int((hidden == 0).sum()))
    assert (found.ranges[1].min, found.ranges[1].max) == (hidden.min(), hidden.max())
    marked = [line for line in repr(found).splitlines() if line.endswith("<- first that is not finite")]
    assert [line.split("  ")[0] for line in marked] == ["gradient by output of a Dense"]
    assert "<td" in found._repr_html_()
    for variable, value in zip([*model.variables, *optimizer.variables], before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_a_weight_or_an_input_that_is_not_finite_comes_before_the_outputs_and_functions_of_a_sequential_are_seen():
    model = dnn.Sequential([dnn.Dense(2, 2, seed=0), dnn.Sequential([tf.exp, tf.math.log])])
    names = [each.name for each in dnn.debug_numerics(model, [[1.0, 2.0]]).ranges]
    assert names == [
        "x",
        "output of layers/0 Dense",
        "output of layers/1/layers/0 exp",
        "output of layers/1/layers/1 log",
    ]
    assert dnn.debug_numerics(model, [[np.nan, 1.0]]).first.name == "x"
    model.layers[0].bias.assign([0.0, np.inf])
    assert str(dnn.debug_numerics(model, [[1.0, 2.0]]).first) == "layers/0/bias, 1 infinite of 2 numbers"


def test_hooks_are_gone_afterwards_and_note_nothing_of_another_thread():
    model = dnn.Sequential([dnn.Dense(2, 2, seed=0), tf.exp])
    call, layers = dnn.Dense.__call__, vars(model)["layers"]
    try:
        with noted_outputs(model) as notes:
            other = threading.Thread(target=lambda: model(tf.ones([1, 2])))
            other.start()
            other.join()
            assert notes == []
            model(tf.ones([1, 3]))
    except ValueError:
        assert dnn.Dense.__call__ is call
        assert vars(model)["layers"] is layers
    else:
        raise AssertionError("a wrong shape passed")
