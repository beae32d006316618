"""What makes an epoch fast, in counts, which no busy machine changes."""

import numpy as np
import pytest
import tensorflow as tf

import dnn
import dnn.train.trainers
from dnn.train.epoch import trace_training, training_program
from dnn.train.evaluation import evaluation_program, trace_evaluation
from dnn.train.rows import Rows
from dnn.train.runtime import Compiled

ROWS, FEATURES, BATCH = 1_029, 51, 100  # ten steps, and a short one
EPOCHS = 5
OPERATIONS = 815  # in the graph of a training epoch and all its functions; half of them run in every step
SPECS = Rows(tf.TensorSpec([ROWS, FEATURES]), tf.TensorSpec([ROWS], tf.int32))
CACHES = (trace_training, trace_evaluation)
LOSS, METRICS = dnn.sparse_softmax_cross_entropy, (dnn.accuracy,)


@pytest.fixture(scope="module")
def fitted():
    """What a fit of five epochs compiled, by name; "calls": how often it called the training epoch; "traced": how many
    training and evaluation functions were made."""
    misses = [cached.cache_info().misses for cached in CACHES]
    model = dnn.mlp([FEATURES, 30, 30, 2], seed=0)
    optimizer = dnn.Adam(model.trainable_variables)
    x = np.random.default_rng(0).standard_normal((ROWS, FEATURES), np.float32)
    data, calls = (x, (x[:, 0] > 0).astype(np.int32)), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dnn.train.trainers, "trace_training", counting(trace_training, calls))
        options = {"loss": LOSS, "optimizer": optimizer, "batch_size": BATCH, "epochs": EPOCHS}
        dnn.fit(model, data, data, on_nan="ignore", **options)  # the epoch alone, which its guard is around
    return {
        "calls": len(calls),
        "training": trace_training(training_program(model, LOSS, optimizer, METRICS, BATCH, SPECS), False),
        "evaluation": trace_evaluation(evaluation_program(model, LOSS, METRICS, ROWS, SPECS)),
        "traced": [cached.cache_info().misses - before for cached, before in zip(CACHES, misses, strict=True)],
    }


def counting(compiled, calls: list):
    """`compiled`, but each call of what it makes is noted."""

    def made(*arguments):
        function = compiled(*arguments)

        def counted(*tensors):
            calls.append(1)
            return function(*tensors)

        counted.function, counted.training_calls = function.function, function.training_calls
        return counted

    return made


def test_an_epoch_is_one_call(fitted):
    assert fitted["calls"] == EPOCHS


def test_all_epochs_together_are_traced_once(fitted):
    assert fitted["traced"] == [1, 1]


def test_a_training_epoch_has_no_more_operations_than_were_recorded(fitted):
    assert BATCH < len(fitted["training"].operations()) <= OPERATIONS


@pytest.mark.parametrize("name", ["training", "evaluation"])
def test_an_epoch_never_goes_back_to_python(fitted, name):
    assert not {op for op in fitted[name].operations() if "PyFunc" in op or "Host" in op}


def test_a_function_of_python_would_be_seen():
    back = tf.function(lambda x: tf.py_function(lambda y: y, [x], tf.float32), input_signature=[tf.TensorSpec([])])
    assert "EagerPyFunc" in Compiled(back.get_concrete_function()).operations()
