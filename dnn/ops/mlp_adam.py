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
    some 50,000 parameters it is faster than XLA by two threads; beyond, slower. The first use compiles it, in some ten
    seconds.
    The formulas are those of the layers, the loss and `dnn.Adam`; sums over rows and inputs have another order and,
    where the machine can, no rounding between product and sum. So the weights differ as those under XLA do. Of a given
    machine they are the same to the bit in every run. Checkpoints are those of `dnn.Adam`. XLA cannot compile it. A
    wrapper around it, `ClipGradients` say, hands it gradients, and goes step by step as around any other; of a class
    derived from it, `train_epoch` does not call `apply`.
    Source: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating errors", Nature 323,
    1986, equations 4 to 7, for the derivatives.
    """

    def __init__(
        self,
        model: Sequential,
        learning_rate: float = 1e-3,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ):
        """model: Dense layers, all float32 or all float64, with dnn.relu between them and nothing after the last.
        learning_rate: > 0; it may be assigned between epochs. beta_1, beta_2, epsilon: as in `FusedAdam`.
        Raises: ValueError for another model, one with regularizers or one output, or a number out of its range;
        TypeError for a schedule or another dtype.
        """
        _layers_of(model)
        if callable(learning_rate):  # which would be another one in each step
            raise TypeError(f"learning_rate must be a number here, which callbacks may change{_OTHERWISE}")
        super().__init__(model.trainable_variables, learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)

    def train_epoch(self, model, loss, metrics, rows, order, batch_size: int) -> tf.Tensor:
        """Take the steps of an epoch; float64[1 + metrics], the sums of the losses and metrics before each step.

        rows: the Rows of `dnn.fit`. order: int32[any], which of them, one batch after the other.
        Raises: ValueError for another model, loss or metric than it is made for, options of them too, and for weights
        or rows that do not count. InvalidArgumentError for a label or a place that is out of range; the steps before
        its batch are then taken.
        """
        layers = _layers_of(model)
        if list(map(id, model.trainable_variables)) != list(map(id, self.parameters)):
            raise ValueError("MlpAdam was made for another model than this one")
        if loss is not sparse_softmax_cross_entropy or tuple(metrics) not in ((), (accuracy,)):
            computed = "the loss dnn.sparse_softmax_cross_entropy, and of metrics dnn.accuracy or none"
            raise ValueError(f"MlpAdam computes {computed}, got {loss!r} and {metrics!r}{_OTHERWISE}")
        if rows.weights is not None or rows.counted is not None:
            raise ValueError(f"MlpAdam computes no weights of rows and no ignore_class{_OTHERWISE}")
        variables = self.handles([parameter for layer in layers for parameter in (layer.kernel, layer.bias)])
        sums = _library().dnn_mlp_adam(
            x=rows.x, labels=rows.y, order=order, batch_size=batch_size, t=self.t.handle, rule=self.rule(), **variables
        )
        return sums[: 1 + len(metrics)]


def _layers_of(model) -> tuple[Dense, ...]:
    """The layers of a model as dnn.mlp makes it. Raises: ValueError that says what another one has."""
    if type(model) is not Sequential or not model.layers:  # what is derived from it may compute otherwise
        got = f"got {type(model).__name__}{_OTHERWISE}"
        raise ValueError(f"MlpAdam takes the model itself, as dnn.mlp makes it, not its variables, {got}")
    last = len(model.layers) - 1
    for i, layer in enumerate(model.layers):
        if type(layer) is not Dense:
            raise ValueError(f"layers[{i}] must be a Dense, got {type(layer).__name__}{_OTHERWISE}")
        if layer.kernel_regularizer or layer.bias_regularizer:
            raise ValueError(f"layers[{i}] has a regularizer, which MlpAdam does not compute{_OTHERWISE}")
        if layer.activation is not (None if i == last else relu):
            wanted = "no activation, being the last" if i == last else "the activation dnn.relu"
            raise ValueError(f"layers[{i}] must have {wanted}, got {layer.activation!r}{_OTHERWISE}")
    parts = len(set(map(id, model.layers)))
    if not len(model.trainable_variables) / 2 == len(model.submodules) == parts == len(model.layers):
        raise ValueError(f"the model must be its layers alone, each there once, and all of it trained{_OTHERWISE}")
    if model.layers[last].kernel.shape[1] == 1:
        raise ValueError("softmax of one output is always 1: the model must have two at least")
    return model.layers


@functools.cache
def _library():
    return load(Path(__file__).with_suffix(".cc"), flags=("-ffp-contract=fast",))
