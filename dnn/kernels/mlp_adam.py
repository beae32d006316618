"""Whole epochs in C++: of a small multilayer perceptron or an ensemble of them, with Adam, each step in one call."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from dnn.kernels.compiled import compiled_ops
from dnn.kernels.fused_adam import FusedAdam
from dnn.kernels.mlp_layers import OTHERWISE, MlpLayer, activation_of, epoch_seeds, layers_of, rates_of
from dnn.nn.ensemble import Ensemble
from dnn.nn.layers import Sequential
from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.metrics import accuracy
from dnn.nn.optimizers.adam import Adam
from dnn.nn.protocols import LossLike, MetricLike, ModelLike

SOURCE, FLAGS = "mlp_adam.cc", ("-ffp-contract=fast",)  # no rounding between product and sum, where the machine can


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
        model: Dense layers, all float32 or all float64, with dnn.relu or dnn.gelu between them, each perhaps followed
            by dnn.Dropout, and nothing after the last; or a dnn.Ensemble of such networks.
        learning_rate: η, > 0, not a schedule; it may be assigned between epochs. Or one for each member.
        beta_1: β₁, in [0.5, 1).
        beta_2: β₂, in [0.5, 1).
        epsilon: ε, > 0.

    Raises:
        ValueError: If the model is another, has regularizers or one output, or a number is out of its range.
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
            loss: dnn.sparse_softmax_cross_entropy.
            metrics: dnn.accuracy, or none.
            rows: Features float[rows, inputs] and labels int32[rows], without weights.
            order: int32[any], the indices of the rows, one batch after the other; int32[members, any] of an ensemble.
            batch_size: The number of rows in a step; the last one may have fewer.
            key: int32[2], (seed, epoch), from which dropout is drawn. None: only for a model without dropout.

        Returns:
            float64[1 + metrics], the sums of the losses and metrics of the rows, and of all members, each before its
            step.

        Raises:
            ValueError: If the model, loss or metrics are others, also with options, there are weights of rows, or
                there is dropout and no key.
            InvalidArgumentError: If a label or an index is out of range; the steps before its batch are then taken,
                of an ensemble those before the first such batch of any member.
        """
        layers = self.check(model, loss, metrics, rows)
        variables = self._handles([variable for layer in layers for variable in (layer.dense.kernel, layer.dense.bias)])
        members = model.members if isinstance(model, Ensemble) else None
        sums = compiled_ops(SOURCE, *FLAGS).dnn_mlp_adam(
            x=rows.x,
            labels=rows.y,
            order=order,
            seeds=epoch_seeds(layers, key, members),
            rates=rates_of(layers, members),
            epoch=0 if key is None else key[1],
            batch_size=batch_size,
            activations=[activation_of(layer.dense) for layer in layers[:-1]],
            t=self.t.handle,
            rule=self._rule() if members is None else self._rules(members),
            **variables,
        )
        return sums[: 1 + len(metrics)]

    def check(
        self, model: ModelLike, loss: LossLike, metrics: Sequence[MetricLike], rows: EpochRows
    ) -> tuple[MlpLayer, ...]:
        """Refuse an epoch that `train_epoch` does not compute.

        Args:
            model: As `train_epoch` takes it.
            loss: Likewise.
            metrics: Likewise.
            rows: Likewise, or their specs.

        Returns:
            The layers.

        Raises:
            ValueError: As `train_epoch`.
        """
        layers = layers_of(model)
        if list(map(id, model.trainable_variables)) != list(map(id, self.parameters)):
            raise ValueError("MlpAdam was made for another model than this one")
        if loss is not sparse_softmax_cross_entropy or tuple(metrics) not in ((), (accuracy,)):
            computed = "the loss dnn.sparse_softmax_cross_entropy, and as metric dnn.accuracy or none"
            raise ValueError(f"MlpAdam computes {computed}, got {loss!r} and {metrics!r}{OTHERWISE}")
        if rows.weights is not None or rows.counted is not None:
            raise ValueError(f"MlpAdam computes no weights of rows and no ignore_class{OTHERWISE}")
        return layers

    def _rules(self, members: int) -> tf.Tensor:
        """Return `_rule()` of each member, [members, 6]."""
        rates = tf.broadcast_to(tf.cast(self.learning_rate, self.parameters[0].dtype), [members])
        rest = tf.tile(self._constants()[tf.newaxis], [members, 1])
        return tf.concat([rates[:, tf.newaxis], rest], axis=1)


def in_place_of(optimizer: object, model: Any) -> MlpAdam:
    """Return an `MlpAdam` that trains a model in the place of an Adam: both have the same variables.

    Raises:
        ValueError: If the optimizer is not a plain `dnn.Adam` with a number as its rate, or the model is another.
        TypeError: If the dtype is another.
    """
    if type(optimizer) is MlpAdam:
        return optimizer
    if type(optimizer) is not Adam or {"apply", "step"} & set(vars(optimizer)):
        raise ValueError(f"the optimizer must be dnn.Adam as it is, got {type(optimizer).__name__}")
    rates = optimizer.learning_rate
    if not isinstance(rates, tf.Variable) or np.any(optimizer.weight_decay) or optimizer.amsgrad:
        raise ValueError("dnn.Adam must have a number as its rate, no weight decay and no AMSGrad")
    native = _native_of(optimizer, model, optimizer.beta_1, optimizer.beta_2, optimizer.epsilon)
    native.__dict__.update(optimizer.__dict__)
    return native


@lru_cache(maxsize=8)
def _native_of(optimizer: Adam, model: Any, beta_1: float, beta_2: float, epsilon: float) -> MlpAdam:
    """Return one that is checked; its own variables are let go. A rate may be 0 by now, which is none to begin with."""
    rates = np.full(optimizer.learning_rate.shape, 1e-3).tolist()
    return MlpAdam(model, rates, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
