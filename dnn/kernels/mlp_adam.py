"""Whole epochs in C++: of a small multilayer perceptron or an ensemble of them, with Adam, each step in one call."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.kernels.fused_adam import FusedAdam
from dnn.kernels.mlp_epoch import EpochRows, MlpEpoch, checked_epoch, run_epoch
from dnn.kernels.mlp_layers import OTHERWISE, layers_of
from dnn.kernels.mlp_optimizers import adam_method
from dnn.nn.ensemble import Ensemble
from dnn.nn.layers import Sequential
from dnn.nn.protocols import LossLike, MetricLike, ModelLike


class MlpAdam(FusedAdam):
    """`FusedAdam` for a `dnn.mlp`: one operation computes an epoch, with rows, forward pass, loss, derivatives, Adam.

        model = dnn.mlp([51, 30, 30, 2])
        dnn.fit(model, data, loss=dnn.sparse_softmax_cross_entropy, optimizer=dnn.MlpAdam(model))

    For small networks, whose steps take less time than TensorFlow takes to run a hundred operations: up to some 50,000
    parameters it is faster than XLA with two threads; beyond, slower. The first use compiles it, in some seconds.
    One thread computes a network; of an ensemble, as `dnn.ensemble_mlp` makes it, TensorFlow's threads each take a
    member, then the next. Member i of `ensemble_mlp(…, seed=seed)` in `fit(seed=s)` is, to the bit on one machine,
    what it is alone from `seed + i` in `fit(seed=s + i)`.
    The formulas are those of the layers, the loss and `dnn.Adam`; sums over rows and inputs have another order and,
    where the machine can, no rounding between product and sum. So the weights differ as those under XLA do. On one
    machine they are the same to the bit in every run, with any number of threads. Checkpoints are those of `dnn.Adam`.
    XLA cannot compile it. A wrapper around it, such as `ClipGradients`, hands it gradients, and goes step by step as
    around any other optimizer; in a derived class, `train_epoch` does not call `apply`.
    Source: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating errors", Nature 323,
    1986, equations 4 to 7, for the derivatives.

    Args:
        model: Dense layers, all float32 or all float64, with one of `dnn`'s activations between them as it is, each
            perhaps followed by dnn.Dropout, and nothing after the last, perhaps with dnn.L1, dnn.L2 or dnn.L1L2; or a
            dnn.Ensemble of such networks.
        learning_rate: η, > 0, not a schedule; it may be assigned between epochs. Or one for each member.
        beta_1: β₁, in [0.5, 1).
        beta_2: β₂, in [0.5, 1).
        epsilon: ε, > 0.

    Raises:
        ValueError: If the model is another, or a number is out of its range.
        TypeError: If the learning rate is a schedule, or the dtype another.
    """

    def __init__(
        self,
        model: Sequential | Ensemble,
        learning_rate: float | Sequence[float] = 1e-3,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ):
        layers_of(model)
        if callable(learning_rate):  # which would be another one in each step
            raise TypeError(f"learning_rate must be a number here, which callbacks may change{OTHERWISE}")
        super().__init__(model.trainable_variables, learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)

    def train_epoch(
        self,
        model: ModelLike,
        loss: LossLike,
        metrics: Sequence[MetricLike],
        rows: EpochRows,
        order: tf.Tensor,
        batch_size: int,
        key: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Take the steps of an epoch. `dnn.fit` calls it.

        Args:
            model: The model that it was made for.
            loss: dnn.sparse_softmax_cross_entropy, dnn.binary_cross_entropy or dnn.mean_squared_error.
            metrics: None, or dnn.accuracy, dnn.binary_accuracy or dnn.mean_squared_error, in this order of the losses.
            rows: Features float[rows, inputs], targets and weights.
            order: int32[any], the indices of the rows, one batch after the other; int32[members, any] of an ensemble.
            batch_size: The number of rows in a step; the last one may have fewer.
            key: int32[2], (seed, epoch), from which dropout is drawn. None: only for a model without dropout.

        Returns:
            float64[1 + metrics], the sums of the losses and metrics of the rows, and of all members, each before its
            step.

        Raises:
            ValueError: If the model, loss or metrics are others, also with options, or there is dropout and no key.
            InvalidArgumentError: If a label or an index is out of range. Then nothing is changed.
        """
        epoch = self.check(model, loss, metrics, rows)
        return run_epoch(epoch, self, adam_method(self), rows, order, batch_size, key)[: 1 + len(metrics)]

    def check(self, model: ModelLike, loss: LossLike, metrics: Sequence[MetricLike], rows: EpochRows) -> MlpEpoch:
        """Refuse an epoch that `train_epoch` does not compute.

        Args:
            model: As `train_epoch` takes it.
            loss: Likewise.
            metrics: Likewise.
            rows: Likewise, or their specs.

        Returns:
            What it computes.

        Raises:
            ValueError: As `train_epoch`.
        """
        return checked_epoch(self.parameters, model, loss, metrics, rows)
