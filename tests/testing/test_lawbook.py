"""Each law can be broken: a piece with one fault is caught by the law that is meant for it, which says why."""

import functools

import faulty
import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.testing import (
    LABELS,
    LAWS,
    ONE_HOT,
    Activation,
    Callback,
    Features,
    Initializer,
    Layer,
    Loss,
    Metric,
    Optimizer,
    Regularizer,
    Schedule,
    Score,
    laws,
)

MADE, COUNTS, RANDOM = faulty.Scale(), faulty.CountsEpochs(), np.random.default_rng(0)
FAULTS = {
    "can_be_called": [
        (Loss, "mse", "it must be a function of the examples, got 'mse'"),
        (
            Loss,
            lambda labels, logits: dnn.sparse_softmax_cross_entropy(logits, labels),
            r"it cannot be called with the examples, int32\[7\], float32\[7, 3\]: (Type|Value)Error: labels",
        ),
        (Layer, lambda: dnn.Dense(5, 3), r"the examples, float32\[7, 4\]: ValueError: x must be \[..., 5\]"),
        (Layer, MADE, "a function of no argument .*; .*Scale.* gives TypeError: .*missing 1 required"),
        (Layer, dnn.Dense, "a function of no argument .*Dense.* gives TypeError: .*missing 2 required"),
        (Layer, lambda: None, "it must be made by a function of no argument .* gives TypeError: None is not"),
        (Optimizer, lambda parameters: dnn.SGD(0.1), "a function of parameters .* gives TypeError"),
        (Optimizer, lambda parameters: object(), r"the examples, float32\[7, 4\]: AttributeError"),
        (Activation, lambda x: np.maximum(x, 0), "the result must be a tensor, got ndarray"),
    ],
    "begins_the_same_each_time": [
        (Layer, faulty.Lazy, r"the first call made variables, .*: \['extra:0'\]"),
        (Layer, faulty.Unseeded, "variable 0, w:0, when made for the second time: .* instead of"),
        (Optimizer, faulty.LazySlots, "the first call made variables"),
        (Layer, lambda: MADE, "make gave the same object twice; it must give a new one"),
    ],
    "remembers_in_variables_alone": [
        (Layer, faulty.Noisy, "no global generator.\noutput, called a second time: .* instead of"),
        (Layer, faulty.Counting, "no count in a Python number.*\noutput, called a second time: .* instead of"),
        (Optimizer, faulty.PythonSteps, "kernel, called a second time: .* instead of"),
    ],
    "treats_each_row_alone": [
        (Layer, faulty.BatchMean, "1 of 7 rows: .* instead of"),
        (Loss, faulty.mean_loss, r"one number for each row, \[7\], got float32\[\]"),
        (Loss, faulty.mean_for_each, "1 of 7 rows: .* instead of"),
        (Metric, faulty.squeezed_hits, r"1 of 7 rows: float32\[\] instead of float32\[1\]"),
        (Metric, faulty.hits_that_need_two_rows, "InvalidArgumentError: .*slice index 1"),
    ],
    "keeps_the_dtype": [
        (Layer, faulty.InFloat64, r"output of bfloat16\[7, 4\] is float64\[7, 4\]\nCast to the dtype of x, or refuse"),
        (Layer, faulty.Unchecked, r"output of bfloat16\[7, 4\] is float32\[7, 1\]\nCast to the dtype of x, or refuse"),
        (Layer, faulty.UncheckedProduct, r"\nbfloat16\[7, 4\] gives InvalidArgumentError: .*\nCast to the dtype of x"),
        (Activation, lambda x: tf.cast(x, tf.float32), r"result of bfloat16\[7, 4\] is float32\[7, 4\]"),
        (Activation, lambda x: x[:, :2], r"result of bfloat16\[7, 4\] is bfloat16\[7, 2\]"),
    ],
    "refuses_wrong_arguments": [
        (Layer, faulty.Unchecked, "x of strings raises no TypeError or ValueError, but InvalidArgumentError: "),
        (Layer, faulty.AnyWidth, r"x of shape \(\) is accepted without an error\n.* leave this law out: refuses=False"),
        (Loss, faulty.broadcasting_loss, "targets of strings raises no TypeError or ValueError, but InvalidArg"),
        (Score, lambda labels, logits: 0.0, r"labels of shape \(\) is accepted without an error"),
    ],
    "has_finite_gradients": [
        (Layer, faulty.Unconnected, "the output has no gradient by variable 0, w:0"),
        (Loss, faulty.log_of_a_probability, "the gradient of the result by logits is not finite: .*nan"),
        (Activation, tf.sqrt, "the gradient of the result by x is not finite: .*inf"),
    ],
    "keeps_nan": [
        (Layer, faulty.HidesNan, r"row 0 of 7 has a NaN; in the result these have one: \[\]"),
        (Activation, lambda x: x - tf.reduce_mean(x), r"in the result these have one: \[0 1 2 3 4 5 6\]"),
    ],
    "one_trace_agrees": [
        (Activation, faulty.doubled_in_a_graph, "result, call 1, 7 rows, graph mode beside eager: .* instead of"),
        (Layer, faulty.Counting, "output, call 2, 1 rows, graph mode beside eager: .* instead of"),
        (Optimizer, faulty.PythonSteps, "kernel, call 2, 1 rows, graph mode beside eager: .* instead of"),
        (Layer, faulty.Lazy, "it was traced 2 times"),
        (Layer, faulty.StaticRows, "TypeError: .*"),
        (Layer, faulty.RowsAsPythonNumber, "output, call 1, 7 rows, graph mode beside eager: .* instead of"),
        (Layer, faulty.Retracing, r"each call traces its own tf.functions again: \[.\] traces, then \[.\]"),
        (Loss, faulty.retracing_loss, r"each call traces its own tf.functions again: \[.\] traces, then \[.\]"),
    ],
    "xla_agrees": [
        (Activation, faulty.by_python, "XLA has no kernel for EagerPyFunc: pass xla=False"),
        (Layer, lambda: faulty.largest_of_two, "output, of a NaN, xla mode beside eager: .* instead of nan"),
    ],
    "survives_a_checkpoint": [
        (Layer, faulty.Lazy, "extra"),
        (Layer, faulty.Totalling, "output, from the checkpoint: .* instead of"),
        (Optimizer, faulty.PythonSteps, "kernel, from the checkpoint: .* instead of"),
    ],
    "survives_a_saved_model": [(Layer, faulty.Untracked, "untracked")],
    "depends_on_the_label": [
        (Loss, faulty.loss_without_labels, r"with the labels of other rows the losses are the same: \["),
        (Loss, faulty.log_of_a_probability, r"the losses are not finite: \[.*inf"),
    ],
    "is_lower_for_the_right_class": [
        (Loss, faulty.negated_loss, r"it is -0.5\d* for the right classes and -1.8\d* for the wrong ones")
    ],
    "goes_downhill": [
        (Optimizer, faulty.Ascent, "from a height of 750.* four steps lead to 7"),
        (Optimizer, faulty.Standing, "from a height of 750.* four steps lead to 750"),
    ],
    "moves_every_parameter": [(Optimizer, faulty.Standing, r"kernel is as it was at first: \[\[-1.0, ")],
    "refuses_what_it_cannot_train": [
        (Optimizer, faulty.SkipsMissingGradients, "one gradient for two parameters is accepted without an error")
    ],
    "scores_one_row": [
        (Score, faulty.score_that_needs_two_rows, "IndexError: index 1 is out of bounds"),
        (Score, lambda labels, logits: logits[:, 0], r"of 1 row has shape \(1,\), that of 7 rows \(7,\)"),
    ],
    "gives_what_is_asked_for": [
        (Initializer, lambda shape, seed, dtype: tf.zeros(shape), r"asked for float64\[5, 3\], it gives float32"),
        (Initializer, lambda shape, seed, dtype: tf.fill(shape, tf.constant(np.nan, dtype)), "is not finite"),
    ],
    "is_decided_by_the_seed": [
        (Initializer, lambda shape, seed, dtype: RANDOM.normal(size=shape), "of seed 7 it gives .*, and then"),
        (
            Initializer,
            lambda shape, seed, dtype: tf.random.uniform(shape),
            "it draws from TensorFlow's global generator",
        ),
    ],
    "is_one_number_of_the_dtype": [
        (Regularizer, lambda w: tf.abs(w), r"the penalty of float32\[2, 3\] is float32\[2, 3")
    ],
    "has_a_finite_gradient_by_the_weights": [
        (Regularizer, lambda w: tf.zeros((), w.dtype), "the gradient by .* is none"),
        (Regularizer, lambda w: tf.reduce_sum(tf.sqrt(tf.abs(w))), "the gradient by .* is .*(nan|inf)"),
    ],
    "gives_a_rate_for_each_step": [
        (Schedule, lambda t: 1 - t, "the rate of step 2 is -1.0"),
        (Schedule, faulty.counting_schedule(), "the rate of step .*, and asked for again"),
    ],
    "agrees_when_compiled": [
        (Schedule, faulty.doubled_rate_in_a_graph, "of 0.0, graph mode beside eager: .* instead of")
    ],
    "begins_anew_with_each_fit": [(Callback, lambda: COUNTS, r"the first says .*, the second")],
    "goes_on_from_its_state": [(Callback, faulty.ForgetsItsBest, "after 3 epochs the old one says .*, the new one")],
    "gives_a_finite_matrix": [
        (Features, lambda columns: lambda rows: tf.cast(rows["age"][:, None], tf.float32), "a number is not finite"),
        (Features, lambda columns: lambda rows: rows["income"][:, None], r"must be float32\[7, width\], got float64"),
    ],
    "encodes_each_row_alone": [
        (
            Features,
            lambda columns: lambda rows: tf.cast(rows["income"] - rows["income"].mean(), tf.float32)[:, None],
            "row 0",
        )
    ],
    "comes_back_from_its_state": [(Features, faulty.FeaturesThatForget, "from its state it gives")],
    "scores_rows_in_any_order": [(Score, faulty.score_of_the_first_row, r"the score of rows \[.*\]: .* instead of")],
    "counts_a_row_as_often_as_it_weighs": [
        (Score, faulty.score_that_ignores_weights, r"with the weights \[2, 1, 0, 3, 1, 1, 2\] it gives 0.*, and not 0"),
        (Score, faulty.weighted_sum, r"with weights of 1 it gives .*, and not"),
    ],
    "stays_in_its_range": [
        (functools.partial(Score, least=0.0, most=1.0), lambda labels, logits: 7.0, r"7.0, outside \[0.0, 1.0\]")
    ],
    "gives_perfect_predictions_its_best": [
        (
            functools.partial(Score, perfect=(LABELS, ONE_HOT)),
            lambda labels, logits: 0.5,
            "of perfect predictions it gives 0.5, and not 1.0",
        )
    ],
}
CASES = [(name, *fault) for name, faults in FAULTS.items() for fault in faults]


@pytest.mark.parametrize(("name", "kind", "subject", "message"), CASES)
def test_a_fault_is_caught_by_the_law_that_is_meant_for_it(name, kind, subject, message):
    piece = kind("MyPiece", subject)
    (law,) = (law for law in laws(piece) if law.__name__ == name)
    with pytest.raises(AssertionError, match=f"(?s)MyPiece breaks the law {name}: .*{message}"):
        law(piece)


def test_every_law_was_seen_to_be_broken():
    assert set(FAULTS) == {law.__name__ for laws_of_kind in LAWS.values() for law in laws_of_kind}
