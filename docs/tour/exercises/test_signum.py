"""Signum keeps the laws of an optimizer, and goes by the sign of SGD's momentum."""

import numpy as np
import tensorflow as tf

import dnn

GRADIENTS = np.random.default_rng(0).normal(size=(30, 5)).astype("float32")


def test_no_law_of_an_optimizer_is_broken(answer):
    dnn.testing.check_optimizer(lambda parameters: answer.Signum(parameters, 0.1))


def test_each_step_has_the_sign_of_the_momentum_of_sgd(answer):
    p, u = tf.Variable(tf.zeros(5)), tf.zeros(5)
    optimizer = answer.Signum([p], 0.5, beta=0.75)
    for t, g in enumerate(GRADIENTS, start=1):
        before = p.numpy()
        optimizer.apply([tf.constant(g)])
        _, u = dnn.sgd_update(g, u, learning_rate=1.0, momentum=0.75)  # Signum's, times 4
        np.testing.assert_array_equal(p - before, -0.5 * np.sign(u), err_msg=f"step {t}")


def test_it_is_lion_for_these_betas(answer):
    assert answer.LION_BETAS, "LION_BETAS must be two numbers"
    beta_1, beta_2 = answer.LION_BETAS
    p, m, signs = tf.Variable(tf.zeros(5)), np.zeros(5), []
    optimizer = answer.Signum([p], 1.0, beta=0.95)
    for t, g in enumerate(GRADIENTS, start=1):
        before = p.numpy()
        optimizer.apply([tf.constant(g)])
        signs.append(np.sign(beta_1 * m + (1 - beta_1) * g))
        m = beta_2 * m + (1 - beta_2) * g
        np.testing.assert_array_equal(p - before, -signs[-1], err_msg=f"step {t}: Lion with {answer.LION_BETAS}")
