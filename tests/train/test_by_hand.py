"""The loop of docs/guide.md that takes each step by hand: the weights of `fit`, to the last bit."""

import numpy as np
import tensorflow as tf

import dnn

LOSS = dnn.sparse_softmax_cross_entropy


def test_steps_by_hand_give_the_weights_of_a_fit():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(130, 6)).astype(np.float32), random.integers(0, 3, 130)
    model, hand = (
        dnn.Sequential(
            [dnn.Dense(6, 8, activation=dnn.relu, seed=0), dnn.Dropout(0.3, seed=1), dnn.Dense(8, 3, seed=2)]
        )
        for _ in range(2)
    )
    optimizer = dnn.Adam(hand.trainable_variables)
    for epoch in range(1, 4):
        order = np.random.default_rng((5, epoch)).permutation(len(x))
        for step, first in enumerate(range(0, len(x), 16)):
            rows = order[first : first + 16]
            with tf.GradientTape() as tape:
                logits = hand(x[rows], training=tf.constant([5, epoch, step]))
                loss = tf.reduce_mean(LOSS(y[rows], logits))
            optimizer.apply(tape.gradient(loss, optimizer.parameters))
    its = dnn.Adam(model.trainable_variables)
    dnn.fit(model, (x, y), loss=LOSS, optimizer=its, batch_size=16, epochs=3, seed=5, jit_compile=False)
    for value, other in zip(hand.variables, model.variables, strict=True):
        np.testing.assert_array_equal(value, other)
