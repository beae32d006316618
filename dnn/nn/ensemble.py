"""Ensembles: K networks of one shape, whose weights are one tensor and whose steps are one batched product.

An ensemble is a model as any other: it maps x to the logits of the mean probability, so that its cross-entropy is the
loss of the mean probability, and `evaluate`, `predict` and early stopping need not know of members. In a training step
`fit` asks for the logits of each member, and each learns as if it were alone.
"""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from dnn.nn.activations import relu
from dnn.nn.argument_checks import checked_callable, checked_count, checked_key
from dnn.nn.dropout import Dropout
from dnn.nn.initializers import seed_or_next
from dnn.nn.input_spec import stated_spec
from dnn.nn.layers import Sequential
from dnn.nn.mlp import mlp
from dnn.nn.modules import counted_noun, layer_line, tree, weights
from dnn.nn.precision import rounded_once_from_float64
from dnn.nn.protocols import ActivationLike, TensorLike
from dnn.nn.regularizers import penalty
from dnn.nn.softmax import log_softmax
from dnn.nn.stacking import member_of, stacked

Combine = Callable[[tf.Tensor], tf.Tensor]
SEEDS = 2**31 - 1  # a mask: seeds of members are modulo 2³¹, as those of a fit


@rounded_once_from_float64
def log_mean_softmax(logits: TensorLike) -> tf.Tensor:
    """Compute ln(1/K Σ_k softmax(z_k)): the logits of the mean probability, since their softmax is that mean.

    Source: B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and Scalable Predictive Uncertainty Estimation using
    Deep Ensembles", NeurIPS 2017, section 2.4.

    Args:
        logits: float[members, ..., classes].

    Returns:
        float[..., classes], each <= 0, of the dtype of the logits.

    Example:
        >>> log_mean_softmax([[[0.0, 0.0]], [[0.0, 0.0]]]).numpy()
        array([[-0.6931472, -0.6931472]], dtype=float32)
    """
    logits = tf.convert_to_tensor(logits)
    members = tf.cast(tf.shape(logits)[0], logits.dtype)
    return tf.reduce_logsumexp(log_softmax(logits), axis=0) - tf.math.log(members)


def mean_output(outputs: TensorLike) -> tf.Tensor:
    """Compute the mean over the members, for amounts.

    Args:
        outputs: float[members, ...].

    Returns:
        float[...], of the dtype of the outputs.
    """
    return tf.reduce_mean(outputs, axis=0)


class Ensemble(tf.Module):
    """K networks as one model: float[batch, features] -> what their outputs are together, float[batch, outputs].

    In `fit(…, seed=s)` member i learns as the same network does alone in `fit(…, seed=s + i)`: with that order of the
    rows, that dropout, those statistics of batches, and steps from its own gradient. Only the order of sums within a
    product differs. Early stopping looks at what they are together, and restores one epoch for all.

    Args:
        networks: two or more of the same layers, whose weights are copied.
        combine: float[members, batch, outputs] -> float[batch, outputs]. None: `log_mean_softmax` of two or more
            outputs, `mean_output` of one.

    Raises:
        ValueError: If the networks are not alike, or one of their layers does not compute with a member's axis in
            front what it computes alone. The message says which.
        TypeError: If one is not a `Sequential`.

    Example:
        >>> Ensemble([dnn.mlp([4, 8, 2], seed=seed) for seed in range(3)])
        Ensemble(3 members, float32, 174 parameters)
          (network) Sequential(2 layers, float32, 174 parameters)
            (0) Dense(4 -> 8, activation=relu, float32, 120 parameters)
            (1) Dense(8 -> 2, float32, 54 parameters)
    """

    independent = True  # each member has its own rows in a step, and its own mean of losses

    def __init__(self, networks: Sequence[Sequential], combine: Combine | None = None) -> None:
        super().__init__()
        networks = list(networks)
        if not networks or not all(isinstance(network, Sequential) for network in networks):
            raise TypeError(f"networks must be Sequential models, got {networks!r}")
        self.members = checked_count(len(networks), "the number of networks", least=2)
        self.network: Sequential = stacked(networks)
        self._shapes = tuple(tuple(variable.shape) for variable in weights(networks[0]))
        if any(len(weights(network)) != len(weights(self.network)) for network in networks):
            raise ValueError(
                "a layer stands in several places of a network, and would become several: make one for each"
            )
        outputs = _check_members([networks[0], networks[-1]])
        self.combine = checked_callable(combine or (log_mean_softmax if outputs > 1 else mean_output), "combine")

    def __call__(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return what the members' outputs are together.

        Args:
            x: float[batch, features].
            training: None, or the key int32[3] of a training step: see `member_logits`.

        Returns:
            float[batch, outputs].
        """
        return self.combine(self.member_logits(x, training))

    def member_logits(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return the outputs of each member.

        Args:
            x: float[batch, features] for all, or float[members, batch, features].
            training: None outside training, or the key int32[3] of a training step, (seed, epoch, step): member i gets
                (seed + i, epoch, step).

        Returns:
            float[members, batch, outputs].
        """
        key = checked_key(training)
        x = tf.convert_to_tensor(x)
        if x.shape.rank == 2:
            x = tf.broadcast_to(x, tf.concat([[self.members], tf.shape(x)], axis=0))
        return self.network(x, training=None if key is None else member_keys(key, self.members))

    def member(self, index: int) -> Sequential:
        """Return a member as a network of its own, with copies of its weights.

        Args:
            index: in [0, members).

        Returns:
            A `Sequential` of the layers that the ensemble was made of.

        Raises:
            IndexError: If there is no such member.
        """
        if not 0 <= index < self.members:
            raise IndexError(f"there are members 0 to {self.members - 1}, got {index}")
        shapes = {id(v): tf.TensorShape(s) for v, s in zip(weights(self.network), self._shapes, strict=True)}
        alone: Sequential = member_of(self.network, index, shapes)
        return alone

    def __repr__(self) -> str:
        return tree(layer_line(self, counted_noun(self.members, "member")), [("network", self.network)])


def ensemble_mlp(
    sizes: Sequence[int],
    k: int = 16,
    *,
    activation: ActivationLike = relu,
    dropout: float = 0.0,
    embeddings: Callable[[int], tf.Module] | None = None,
    combine: Combine | None = None,
    seed: int | None = None,
    dtype: tf.DType = tf.float32,
) -> Ensemble:
    """Make an ensemble of K multilayer perceptrons; member i is `mlp(sizes, seed=seed + i)` with dropout, modulo 2⁶³.

    Args:
        sizes: two or more positive widths; [51, 30, 30, 2] has two hidden layers of 30.
        k: members, >= 2.
        activation: function between the layers, not after the last.
        dropout: share of each hidden layer's units that a training step drops, in [0, 1).
        embeddings: seed -> the first layer of the member with this seed, which maps rows to float[batch, sizes[0]]:
            `lambda seed: dnn.PeriodicEmbeddings(7, 24, seed=seed)` before sizes[0] = 168. None: there is none.
        combine: as `Ensemble` takes it: `mean_output` where the loss is no cross-entropy of a softmax.
        seed: int >= 0. None: another seed for each model made without one.
        dtype: floating dtype of the weights, and of x.

    Returns:
        The ensemble.

    Raises:
        ValueError: If a size or the dropout is out of its range.

    Example:
        >>> ensemble_mlp([51, 30, 30, 2], k=4, dropout=0.2, seed=0).members
        4
    """
    first = seed_or_next(seed)
    seeds = [(first + i) % 2**63 for i in range(checked_count(k, "k", least=2))]
    networks = [mlp(sizes, activation=activation, dropout=dropout, seed=each, dtype=dtype) for each in seeds]
    if embeddings is not None:
        layers = map(embeddings, seeds)
        networks = [Sequential([layer, *network.layers]) for layer, network in zip(layers, networks, strict=True)]
    return Ensemble(networks, combine)


def dropout_after_hidden(network: Sequential, rate: float) -> Sequential:
    """Return a network of the same layers with a `Dropout` after each but the last, for a rate of 0 too."""
    *layers, last = network.layers
    return Sequential([piece for layer in layers for piece in (layer, Dropout(rate, seed=0))] + [last])


def member_keys(key: TensorLike, members: int) -> tf.Tensor:
    """Return (seed + i, epoch, step) for each member i, int32[members, 3], of the key (seed, epoch, step), int32[3]."""
    key = tf.convert_to_tensor(key, tf.int32)
    seeds = tf.bitwise.bitwise_and(key[0] + tf.range(members), SEEDS)
    return tf.concat([seeds[:, tf.newaxis], tf.tile(key[tf.newaxis, 1:], [members, 1])], axis=1)


def _check_members(networks: Sequence[Sequential]) -> int:
    """Compare two networks with both stacked, their weights with noise for a while; return the number of outputs.

    The noise is for weights that begin at 0, which would hide what is done with them.
    """
    spec = stated_spec(networks[0])
    if spec is None:
        raise ValueError(f"the first layer must tell its inputs, as Dense does, got {networks[0]!r}")
    before = [(v, v.numpy()) for part in networks for v in part.variables if v.dtype.is_floating]
    try:
        rng = np.random.default_rng(0)
        for variable, value in before:
            noise = rng.normal(scale=0.1, size=value.shape)
            variable.assign(value + (noise if variable.trainable else abs(noise)).astype(value.dtype))  # variances > 0
        x = tf.cast(rng.normal(size=[len(networks), 5, spec.shape[1]]), spec.dtype)
        return _compare(networks, stacked(networks), x)
    finally:
        for variable, value in before:
            variable.assign(value)


def _compare(networks: Sequence[Sequential], together: Sequential, x: tf.Tensor) -> int:
    """Refuse a network that computes of x[i] other numbers than networks[i]; return the number of outputs."""
    keys = member_keys([0, 1, 0], len(networks))
    for training in (None, keys):
        outputs = together(x, training=training)
        for i, network in enumerate(networks):
            alone = network(x[i], training=None if training is None else keys[i])
            if outputs.shape[1:] != alone.shape or not _near(outputs[i], alone):
                raise ValueError(f"a member of the ensemble computes other numbers than it does alone: {together!r}")
    if not _near(penalty(together), tf.add_n([penalty(network) for network in networks])):
        raise ValueError("the penalty of a regularizer must be a sum over the weights, to be one of each member")
    return int(outputs.shape[-1])


def _near(one: tf.Tensor, other: tf.Tensor) -> bool:
    tolerance = 1e-2 if one.dtype in (tf.bfloat16, tf.float16) else 1e-4
    first, second = tf.cast(one, tf.float64).numpy(), tf.cast(other, tf.float64).numpy()
    return bool(np.allclose(first, second, rtol=tolerance, atol=tolerance, equal_nan=True))
