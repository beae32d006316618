"""The calls for a user's own pieces: a good one passes, a bad one is named, and the examples may be other ones."""

import functools

import faulty
import numpy as np
import pytest
import tensorflow as tf
from multiplies_bfloat16 import multiplies_bfloat16

import dnn
from dnn.nn.argument_checks import checked_float, checked_numbers
from dnn.testing import (
    BINARY_LOGITS,
    BINARY_TARGETS,
    LABELS,
    LOGITS,
    ONE_HOT,
    Layer,
    check_activation,
    check_layer,
    check_loss,
    check_metric,
    check_optimizer,
    check_score,
    laws,
)


def focal_loss(y_true, y_pred):
    losses = dnn.sparse_softmax_cross_entropy(y_true, y_pred)
    return (1 - tf.exp(-losses)) ** 2 * losses


def wrong_side(targets, logits):
    """How many outputs of a row are on the wrong side."""
    return dnn.binary_accuracy(targets, logits) < 1


def test_good_pieces_of_a_user_pass():
    check_layer(faulty.Scale)
    check_loss(focal_loss, xla=False)
    check_metric(wrong_side, examples=(BINARY_TARGETS, BINARY_LOGITS), xla=False)
    check_optimizer(faulty.Descent, xla=False)
    examples = {"examples": (LABELS, dnn.softmax(LOGITS).numpy()), "perfect": (LABELS, ONE_HOT)}
    check_score(functools.partial(dnn.log_loss, labels=[0, 1, 2]), least=0.0, best=0.0, **examples)


@pytest.mark.parametrize(
    ("check", "subject", "name"),
    [
        (check_activation, faulty.doubled_in_a_graph, "doubled_in_a_graph"),
        (check_layer, faulty.Counting, "Counting"),
        (check_layer, lambda: faulty.largest_of_two, "largest_of_two"),
        (check_loss, functools.partial(faulty.mean_loss), "mean_loss"),
        (check_metric, faulty.squeezed_hits, "squeezed_hits"),
        (check_optimizer, faulty.PythonSteps, "PythonSteps"),
        (check_score, faulty.score_of_the_first_row, "score_of_the_first_row"),
    ],
)
def test_a_bad_piece_is_called_by_its_name(check, subject, name):
    with pytest.raises(AssertionError, match=f"^{name} breaks the law "):
        check(subject)


def test_a_layer_of_another_width_and_dtype_gets_other_examples():
    check_layer(lambda: dnn.Dense(3, 2, dtype=tf.float64), examples=(LOGITS.astype(np.float64),))


def test_a_wrong_shape_that_broadcasts_is_caught():
    def loss(targets, predictions):
        targets, predictions = checked_numbers(targets, "targets"), checked_float(predictions, "predictions")
        return tf.reduce_mean((tf.cast(targets, predictions.dtype) - predictions) ** 2, axis=-1)

    with pytest.raises(AssertionError, match=r"loss breaks .*\ntargets of shape \(\) is accepted without an error"):
        check_loss(loss, examples=(ONE_HOT, LOGITS))


class PlainProduct(tf.Module):
    """x · w, cast: what is wrong with x, TensorFlow says."""

    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.ones([4, 3]), name="w")

    def __call__(self, x):
        return x @ tf.cast(self.w, x.dtype)


class Signs(tf.Module):
    """p ← p − 0.1 · sign of the gradient."""

    def __init__(self, parameters):
        super().__init__()
        self.parameters = parameters

    def apply(self, gradients):
        for p, g in zip(self.parameters, gradients, strict=True):
            p.assign_sub(0.1 * tf.sign(g))


def chosen_class_costs(labels, z):
    return -tf.gather(tf.nn.log_softmax(z), labels, batch_dims=1)


def hits(labels, z):
    return tf.equal(tf.argmax(z, axis=-1, output_type=labels.dtype), labels)


def share_of_hits(labels, z):
    return np.mean(np.argmax(z, axis=-1) == labels)


ORDINARY = [
    pytest.param(check_layer, PlainProduct, marks=multiplies_bfloat16),
    (check_loss, tf.nn.sparse_softmax_cross_entropy_with_logits),
    (check_loss, chosen_class_costs),
    (check_metric, hits),
    (check_score, share_of_hits),
    (check_optimizer, Signs),
]


@pytest.mark.parametrize(("check", "subject"), ORDINARY)
def test_ordinary_pieces_that_refuse_nothing_keep_the_other_laws(check, subject):
    check(subject, refuses=False)
    with pytest.raises(AssertionError, match=r"(?s) breaks the law refuses_.* leave this law out: refuses=False"):
        check(subject)


def test_what_cannot_be_made_is_called_by_the_name_of_its_maker():
    with pytest.raises(AssertionError, match=r"^Dense breaks the law can_be_called: .*\n.*`lambda: MyLayer\(4\)`"):
        check_layer(dnn.Dense)
    with pytest.raises(AssertionError, match="^Descent breaks the law can_be_called: "):
        check_optimizer(faulty.Descent([tf.Variable(1.0)]))


def test_an_optimizer_may_be_made_from_one_of_its_parameters():
    check_optimizer(lambda p: dnn.AdamW(p, 0.1, exclude_from_weight_decay=[p[1]]), xla=False)


def test_examples_have_seven_rows():
    with pytest.raises(ValueError, match=r"examples must have 7 rows each, got shapes \[\(7,\), \(6, 3\)\]"):
        check_loss(focal_loss, examples=(LABELS, LOGITS[:6]))


def test_what_has_no_kernel_for_xla_keeps_the_other_laws():
    assert {law.__name__ for law in laws(Layer("", faulty.Scale))} - {
        law.__name__ for law in laws(Layer("", faulty.Scale, xla=False))
    } == {"xla_agrees"}
