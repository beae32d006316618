"""Adam in a loop that carries its means has the bits of Adam's own steps, and its variables after each piece."""

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.train.adam_in_loop import can_be_joined

X = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
DATA = X, (X[:, 0] > 0).astype(np.int32)


class OwnSteps(dnn.Adam):
    """The same, but of another class, which a loop leaves as it is."""


def fitted(kind, jit_compile, dtype, rate, **options):
    model = dnn.mlp([4, 7, 5, 2], seed=1, dtype=dtype)
    optimizer = kind(model.trainable_variables, rate, beta_1=0.8)
    assert can_be_joined(optimizer) == (kind is dnn.Adam)
    data = X.astype(dtype.as_numpy_dtype), DATA[1]
    options |= {"loss": dnn.sparse_softmax_cross_entropy, "optimizer": optimizer, "jit_compile": jit_compile}
    history = dnn.fit(model, data, batch_size=8, epochs=3, **options)
    variables = [*model.variables, *optimizer.m, *optimizer.v, optimizer.t]
    return [variable.numpy() for variable in variables], history.epochs


@pytest.mark.parametrize(
    ("jit_compile", "dtype", "rate"),
    [(False, tf.float32, 0.01), (False, tf.float64, dnn.CosineDecay(0.01, 30)), (True, tf.float32, 0.01)],
)
def test_weights_means_and_losses_are_those_of_its_own_steps_to_the_bit(jit_compile, dtype, rate, tmp_path):
    values, epochs = fitted(OwnSteps, jit_compile, dtype, rate)
    in_pieces = [] if jit_compile else [{"checkpoint": dnn.Checkpoints(tmp_path, every="2 steps")}]
    for options in ({}, *in_pieces):
        joined, joined_epochs = fitted(dnn.Adam, jit_compile, dtype, rate, **options)
        assert joined_epochs == epochs
        for ours, theirs in zip(joined, values, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_what_is_not_one_vector_of_one_kind_takes_its_own_steps():
    few, many = tf.Variable(tf.zeros([3, 2])), tf.Variable(tf.zeros([1000, 300]))
    assert can_be_joined(dnn.Adam([few, tf.Variable([1.0])]))
    replaced = dnn.Adam([few])
    replaced.apply = lambda gradients: None
    others = [
        dnn.Adam([few, many]),
        dnn.Adam([few, tf.Variable(np.zeros(2))]),
        dnn.Adam([tf.Variable(tf.zeros(3, tf.bfloat16))]),
        dnn.Adam([few], amsgrad=True),
        dnn.Adam([few], weight_decay=0.1),
        dnn.Adam([few], [0.1, 0.2, 0.3]),
        dnn.AdamW([few]),
        dnn.SGD([few]),
        replaced,
    ]
    assert not any(map(can_be_joined, others))
