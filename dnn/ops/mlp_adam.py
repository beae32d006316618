"""Whole epochs in C++: of a small multilayer perceptron, with Adam, each step in one call."""

import functools
from pathlib import Path

import tensorflow as tf

from dnn.nn.activations import relu
from dnn.nn.layers import Dense, Sequential
from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.metrics import accuracy
from dnn.ops.fused_adam import FusedAdam
from dnn.ops.library import load

_OTHERWISE = "; for others there is FusedAdam, or dnn.Adam"


class MlpAdam(FusedAdam):
    """`FusedAdam` for a `dnn.mlp`, of which one operation takes the epochs: rows, forward, loss, derivatives, Adam.

        model = dnn.mlp([51, 30, 30, 2])
        dnn.fit(model, data, loss=dnn.sparse_softmax_cross_entropy, optimizer=MlpAdam(model))

    For small networks, whose steps take less time than it takes TensorFlow to go through a hundred operations: up to
    some 100,000 parameters it is faster than XLA, by one thread; beyond, slower.
    The formulas are those of the layers, the loss and `dnn.Adam`; sums over rows and inputs have another order and,
    where the machine can, no rounding between product and sum. So the weights differ as those under XLA do. Of a given
    machine they are the same to the bit in every run. Checkpoints are those of `dnn.Adam`. XLA cannot compile it.
    Source: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating errors", Nature 323,
    1986, equations 4 to 7, for the derivatives.
    """

    def __init__(self, model: Sequential, learning_rate: float = 1e-3, **rule: float):
        """model: Dense layers, all float32 or all float64, with dnn.relu between them and nothing after the last.
        rule: beta_1, beta_2, epsilon, as in `FusedAdam`.
        Raises: ValueError for another model, one with regularizers or one output, or a number out of its range;
        TypeError for another dtype.
        """
        super().__init__(_parameters_of(model), learning_rate, **rule)

    def train_epoch(self, model, loss, metrics, rows, order, batch_size: int) -> tf.Tensor:
        """Take the steps of an epoch; float64[1 + metrics], the sums of the losses and metrics before each step.

        rows: the Rows of `dnn.fit`. order: int32[any], which of them, one batch after the other.
        Raises: ValueError for another model, loss or metric than it is made for, options of them too, and for weights
        or rows that do not count. InvalidArgumentError for a label or a place that is out of range; the steps before
        its batch are then taken.
        """
        if list(map(id, _parameters_of(model))) != list(map(id, self.parameters)):
            raise ValueError("MlpAdam was made for another model than this one")
        if loss is not sparse_softmax_cross_entropy or tuple(metrics) not in ((), (accuracy,)):
            computed = "the loss dnn.sparse_softmax_cross_entropy, and of metrics dnn.accuracy or none"
            raise ValueError(f"MlpAdam computes {computed}{_OTHERWISE}")
        if rows.weights is not None or rows.counted is not None:
            raise ValueError(f"MlpAdam computes no weights of rows and no ignore_class{_OTHERWISE}")
        sums = _library().dnn_mlp_adam(x=rows.x, labels=rows.y, order=order, batch_size=batch_size, **self.state())
        return sums[: 1 + len(metrics)]


def _parameters_of(model) -> list[tf.Variable]:
    """Kernel and bias of each layer."""
    layers = model.layers if type(model) is Sequential else ()  # what is derived from it may compute otherwise
    activations = [getattr(layer, "activation", None) for layer in layers]
    plain = all(type(layer) is Dense and not (layer.kernel_regularizer or layer.bias_regularizer) for layer in layers)
    if not layers or not plain or activations != [*[relu] * (len(layers) - 1), None]:
        raise ValueError(
            "the model must be as dnn.mlp makes it: Dense layers without regularizers, dnn.relu between them and none "
            f"after the last{_OTHERWISE}; got {model!r}"
        )
    if layers[-1].kernel.shape[1] == 1:
        raise ValueError("softmax of one output is always 1: the model must have two at least")
    return [parameter for layer in layers for parameter in (layer.kernel, layer.bias)]


@functools.cache
def _library():
    return load(Path(__file__).with_suffix(".cc"), flags=("-ffp-contract=fast",))
