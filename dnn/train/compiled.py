"""What `fit`, `evaluate` and `predict` call: traced once for the same objects, shapes and dtypes, and kept.

Those of the latest models are kept for the next call; with them these models stay in memory, and the oldest is let go.
"""

import functools
import gc
from collections.abc import Callable

import tensorflow as tf

from dnn.train.epoch import evaluate_step, over_batches, train_step

KEPT = 8


def kept(make: Callable) -> Callable:
    """`make`, whose latest results are found again by its arguments.

    A graph is full of reference cycles, which are freed when Python's collector comes to them: seldom, with as many
    objects as TensorFlow has. Until then thirty models that came and went hold some hundred MB. So before every eighth
    that is made, those let go are collected here.
    """

    @functools.lru_cache(maxsize=KEPT)
    @functools.wraps(make)
    def found(*arguments):
        if found.cache_info().misses % KEPT == 0:
            gc.collect()
        return make(*arguments)

    return found


class Compiled:
    """A concrete function with one result, which cannot trace again.

    It is called flat, by its tensors and what it captured: to match arguments with its signature would take Python a
    tenth of a millisecond for a prediction, and more for an epoch.
    """

    def __init__(self, function):
        self.function = function

    def __call__(self, *arguments) -> tf.Tensor:
        """arguments: tensors or arrays of the dtypes it was traced with, in tuples like those of the specs."""
        tensors = [tf.convert_to_tensor(part) for part in tf.nest.flatten(arguments) if part is not None]
        (result,) = self.function.inference_fn.call_flat(*tensors, *self.function.captured_inputs)
        return result

    def operations(self) -> list[str]:
        """The kind of each operation in its graph, and in all the functions that it calls."""
        graph = self.function.graph.as_graph_def()
        nodes = (graph.node, *(called.node_def for called in graph.library.function))
        return [node.op for part in nodes for node in part]


def traced(function: Callable, *specs, jit_compile: bool = False) -> Compiled:
    """The Python function of tensors, compiled for these tf.TensorSpecs.

    AutoGraph, which rewrites the source of every function that is called, so that Python's own `if`, `for` and `len`
    may depend on tensors, takes 1.5 s of a first fit. This package does without; a model or a loss of the user's own
    that does not is traced again with it. Its variables must be there before, made by its constructor.
    """
    try:
        compiled = tf.function(function, autograph=False, jit_compile=jit_compile).get_concrete_function(*specs)
    except (TypeError, NotImplementedError):  # what Python says of an `if`, a `len`, a `range` and an `int` of a tensor
        compiled = tf.function(function, jit_compile=jit_compile).get_concrete_function(*specs)
    return Compiled(compiled)


@kept
def compiled_training(model, loss, optimizer, metrics, specs, batch_size, jit_compile):
    """train_epoch(rows, order, key) -> float64[1 + metrics], the sums over all rows.

    specs: of the Rows. order: int32[rows]. key: int32[2], (seed, epoch).
    """

    def train_epoch(rows, order, key):
        def step(first, size):
            number = tf.reshape(first // batch_size, [1])
            batch = rows.at(tf.slice(order, [first], [size]))
            return train_step(model, loss, optimizer, metrics, batch, tf.concat([key, number], axis=0))

        return over_batches(step, order.shape[0], batch_size, 1 + len(metrics))

    order = tf.TensorSpec(specs.x.shape[:1], tf.int32)
    return traced(train_epoch, specs, order, tf.TensorSpec([2], tf.int32), jit_compile=jit_compile)


@kept
def compiled_evaluation(model, loss, metrics, specs, batch_size, jit_compile):
    """evaluate_epoch(rows) -> float64[1 + metrics], the sums over all rows. specs: of the Rows."""

    def evaluate_epoch(rows):
        def step(first, size):
            return evaluate_step(model, loss, metrics, rows.between(first, size))

        return over_batches(step, rows.x.shape[0], batch_size, 1 + len(metrics))

    return traced(evaluate_epoch, specs, jit_compile=jit_compile)


@kept
def compiled_prediction(model, features):
    """logits(x) -> float[rows, outputs], for any number of rows of x, in the dtype of the model's weights."""
    weights = [*model.trainable_variables, *model.variables]
    dtype = next((variable.dtype for variable in weights if variable.dtype.is_floating), tf.float32)

    def logits(x):
        return model(x)

    return traced(logits, tf.TensorSpec([None, features], dtype))
