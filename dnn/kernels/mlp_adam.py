"""Whole epochs in C++: of a small multilayer perceptron, with Adam, each step in one call."""

from collections.abc import Sequence
from typing import Protocol

import tensorflow as tf

from dnn.kernels.compiled import compiled_ops
from dnn.kernels.fused_adam import FusedAdam
from dnn.nn.activations import relu
from dnn.nn.layers import Dense, Sequential
from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.metrics import accuracy
from dnn.nn.protocols import LossLike, MetricLike, ModelLike

SOURCE, FLAGS = "mlp_adam.cc", ("-ffp-contract=fast",)  # no rounding between product and sum, where the machine can
_OTHERWISE = "; otherwise use dnn.FusedAdam or dnn.Adam"


class EpochRows(Protocol):
    """The rows of an epoch, as `dnn.fit` passes them: features, labels, weights, and whether a row counts."""

    @property
    def x(self) -> tf.Tensor: ...

    @property
    def y(self) -> tf.Tensor: ...

    @property
    def weights(self) -> tf.Tensor | None: ...

    @property
    def counted(self) -> tf.Tensor | None: ...


class MlpAdam(FusedAdam):
    """`FusedAdam` for a `dnn.mlp`: one operation computes an epoch, with rows, forward pass, loss, derivatives, Adam.

        model = dnn.mlp([51, 30, 30, 2])
        dnn.fit(model, data, loss=dnn.sparse_softmax_cross_entropy, optimizer=dnn.MlpAdam(model))

    For small networks, whose steps take less time than TensorFlow takes to run a hundred operations: up to some 50,000
    parameters it is faster than XLA with two threads; beyond, slower. The first use compiles it, in some ten seconds.
    The formulas are those of the layers, the loss and `dnn.Adam`; sums over rows and inputs have another order and,
    where the machine can, no rounding between product and sum. So the weights differ as those under XLA do. On one
    machine they are the same to the bit in every run. Checkpoints are those of `dnn.Adam`. XLA cannot compile it. A
    wrapper around it, such as `ClipGradients`, hands it gradients, and goes step by step as around any other optimizer;
    in a derived class, `train_epoch` does not call `apply`.
    Source: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating errors", Nature 323,
    1986, equations 4 to 7, for the derivatives.

    Args:
        model: Dense layers, all float32 or all float64, with dnn.relu between them and nothing after the last.
        learning_rate: η, > 0, not a schedule; it may be assigned between epochs.
        beta_1: β₁, in [0.5, 1).
        beta_2: β₂, in [0.5, 1).
        epsilon: ε, > 0.

    Raises:
        ValueError: If the model is another, has regularizers or one output, or a number is out of its range.
        TypeError: If the learning rate is a schedule, or the dtype another.
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
        _layers_of(model)
        if callable(learning_rate):  # which would be another one in each step
            raise TypeError(f"learning_rate must be a number here, which callbacks may change{_OTHERWISE}")
        super().__init__(model.trainable_variables, learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)

    def train_epoch(
        self,
        model: ModelLike,
        loss: LossLike,
        metrics: Sequence[MetricLike],
        rows: EpochRows,
        order: tf.Tensor,
        batch_size: int,
    ) -> tf.Tensor:
        """Take the steps of an epoch. `dnn.fit` calls it.

        Args:
            model: The model that it was made for.
            loss: dnn.sparse_softmax_cross_entropy.
            metrics: dnn.accuracy, or none.
            rows: Features float[rows, inputs] and labels int32[rows], without weights.
            order: int32[any], the indices of the rows, one batch after the other.
            batch_size: The number of rows in a step; the last one may have fewer.

        Returns:
            float64[1 + metrics], the sums of the losses and metrics of the rows, each before its step.

        Raises:
            ValueError: If the model, loss or metrics are others, also with options, or there are weights of rows.
            InvalidArgumentError: If a label or an index is out of range; the steps before its batch are then taken.
        """
        layers = _layers_of(model)
        if list(map(id, model.trainable_variables)) != list(map(id, self.parameters)):
            raise ValueError("MlpAdam was made for another model than this one")
        if loss is not sparse_softmax_cross_entropy or tuple(metrics) not in ((), (accuracy,)):
            computed = "the loss dnn.sparse_softmax_cross_entropy, and as metric dnn.accuracy or none"
            raise ValueError(f"MlpAdam computes {computed}, got {loss!r} and {metrics!r}{_OTHERWISE}")
        if rows.weights is not None or rows.counted is not None:
            raise ValueError(f"MlpAdam computes no weights of rows and no ignore_class{_OTHERWISE}")
        variables = self._handles([parameter for layer in layers for parameter in (layer.kernel, layer.bias)])
        sums = compiled_ops(SOURCE, *FLAGS).dnn_mlp_adam(
            x=rows.x, labels=rows.y, order=order, batch_size=batch_size, t=self.t.handle, rule=self._rule(), **variables
        )
        return sums[: 1 + len(metrics)]


def _layers_of(model: object) -> tuple[Dense, ...]:
    """Return the layers of a model as dnn.mlp makes it. Raises: ValueError that names what differs in another."""
    if type(model) is not Sequential or not model.layers:  # a derived class may compute otherwise
        got = f"got {type(model).__name__}{_OTHERWISE}"
        raise ValueError(f"MlpAdam takes the model itself, as dnn.mlp makes it, not its variables, {got}")
    last = len(model.layers) - 1
    layers = tuple(_checked_layer(layer, i, i == last) for i, layer in enumerate(model.layers))
    parts = len(set(map(id, layers)))
    if not len(model.trainable_variables) / 2 == len(model.submodules) == parts == len(layers):
        raise ValueError(f"the model must be its layers alone, each there once, and all of it trained{_OTHERWISE}")
    if layers[last].kernel.shape[1] == 1:
        raise ValueError("softmax of one output is always 1: the model must have at least two")
    return layers


def _checked_layer(layer: object, i: int, last: bool) -> Dense:
    if type(layer) is not Dense:
        raise ValueError(f"layers[{i}] must be a Dense, got {type(layer).__name__}{_OTHERWISE}")
    if layer.kernel_regularizer or layer.bias_regularizer:
        raise ValueError(f"layers[{i}] has a regularizer, which MlpAdam does not compute{_OTHERWISE}")
    if layer.activation is not (None if last else relu):
        expected = "no activation, being the last" if last else "the activation dnn.relu"
        raise ValueError(f"layers[{i}] must have {expected}, got {layer.activation!r}{_OTHERWISE}")
    return layer
