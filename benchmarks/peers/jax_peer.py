"""JAX with Optax's Adam: `lax.scan` over the steps, the whole epoch compiled; a short last batch is one step more.

Weights and Adam's averages are donated: XLA writes the new ones where the old ones were.
"""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from benchmarks.jobs import EPSILON, Job
from benchmarks.timing import Laps
from dnn.bench.clock import seconds_of, seconds_per_call

Layers = list[tuple[jax.Array, jax.Array]]  # kernel and bias


class Trainer:
    """Trains with a compiled epoch.

    Args:
        job: What to do.
        members: How many networks, by `jax.vmap` if they are several. They have `learn` and `epoch_seconds` alone.
        unroll: How many steps an iteration of the scan has.
        fresh: Whether to forget all that was compiled before.
    """

    def __init__(self, job: Job, members: int = 1, unroll: int = 1, fresh: bool = False) -> None:
        if fresh:
            jax.clear_caches()
        self.job, self.members, self.unroll = job, members, unroll
        self.host_x, y = job.arrays()
        self.x, self.y = jnp.asarray(self.host_x), jnp.asarray(y)
        weights = list(map(jnp.asarray, job.weights()))
        if members > 1:
            weights = [jnp.tile(value, [members] + [1] * value.ndim) for value in weights]
        self.layers = list(zip(weights[::2], weights[1::2], strict=True))
        init = adam(job.learning_rate).init
        self.state = jax.vmap(init)(self.layers) if members > 1 else init(self.layers)

    def learn(self, orders: Sequence[np.ndarray]) -> list[tuple[float, float]]:
        """Learn an epoch with the rows in each order; return its loss and accuracy."""
        return [self._epoch(np.tile(order, [self.members, 1]) if self.members > 1 else order) for order in orders]

    def epoch_seconds(self, epochs: int) -> float:
        """Return the median seconds of an epoch, the first excluded."""
        laps, random = Laps(), np.random.default_rng(0)
        for _ in range(epochs + 1):
            orders = [random.permutation(self.job.rows).astype(np.int32) for _ in range(self.members)]
            self._epoch(np.stack(orders) if self.members > 1 else orders[0])
            laps.lap()
        return laps.median

    def training_seconds(self, epochs: int) -> float:
        """Return the seconds of so many epochs."""
        random = np.random.default_rng(0)
        return seconds_of(lambda: self._epoch(random.permutation(self.job.rows).astype(np.int32)), epochs)

    def probabilities(self, rows: int) -> np.ndarray:
        """Return those of the first rows, [rows, classes]."""
        return self.probabilities_of(self.host_x[:rows])

    def probabilities_of(self, x: np.ndarray) -> np.ndarray:
        """Return those of other rows, [rows, classes]."""
        return np.asarray(jax.nn.softmax(compiled_logits(self.layers, x)))

    def predict_seconds(self, rows: int, at_least: float) -> float:
        """Return the seconds of a call that predicts the first rows, of calls for `at_least` seconds."""
        x = self.host_x[:rows]
        compiled_logits(self.layers, x)  # compiles it, if it was not yet, for so many rows
        return seconds_per_call(lambda: np.asarray(compiled_logits(self.layers, x)), at_least)

    def _epoch(self, order: np.ndarray) -> tuple[float, float]:
        run = epoch_of_members if self.members > 1 else epoch
        options = {"batch_size": self.job.batch_size, "rate": self.job.learning_rate, "unroll": self.unroll}
        self.layers, self.state, sums = run(self.layers, self.state, self.x, self.y, order, **options)
        loss, correct = (np.asarray(steps).sum(dtype=np.float64) for steps in sums)
        rows = self.job.rows * self.members
        return loss / rows, correct / rows


@cache
def adam(rate: float) -> optax.GradientTransformation:
    """Return Optax's Adam."""
    return optax.adam(rate, eps=EPSILON)


def logits_of(layers: Layers, x: jax.Array) -> jax.Array:
    """Return the logits of a network of relu layers."""
    for kernel, bias in layers[:-1]:
        x = jax.nn.relu(x @ kernel + bias)
    kernel, bias = layers[-1]
    return x @ kernel + bias


compiled_logits = jax.jit(logits_of)


def mean_loss(layers: Layers, x: jax.Array, y: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    """Return the mean loss of a batch; and its summed loss and correct rows."""
    logits = logits_of(layers, x)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, y)
    return losses.mean(), (losses.sum(), (logits.argmax(axis=1) == y).sum())


@partial(jax.jit, static_argnames=("batch_size", "rate", "unroll"), donate_argnums=(0, 1))
def epoch(
    layers: Layers,
    state: optax.OptState,
    x: jax.Array,
    y: jax.Array,
    order: jax.Array,
    *,
    batch_size: int,
    rate: float,
    unroll: int,
) -> tuple[Layers, optax.OptState, Any]:
    """Return layers, state, and the summed loss and correct rows of each step, after a step on each batch in order."""

    def step(carry: Any, rows: jax.Array) -> tuple[Any, Any]:
        layers, state = carry
        gradients, sums = jax.grad(mean_loss, has_aux=True)(layers, x[rows], y[rows])
        updates, state = adam(rate).update(gradients, state)
        return (optax.apply_updates(layers, updates), state), sums

    whole = len(order) // batch_size * batch_size
    carry, sums = lax.scan(step, (layers, state), order[:whole].reshape(-1, batch_size), unroll=unroll)
    if whole < len(order):
        carry, last = step(carry, order[whole:])
        sums = jax.tree.map(jnp.append, sums, last)
    return *carry, sums


@partial(jax.jit, static_argnames=("batch_size", "rate", "unroll"), donate_argnums=(0, 1))
def epoch_of_members(
    layers: Layers, state: optax.OptState, x: jax.Array, y: jax.Array, orders: jax.Array, **options: Any
) -> tuple[Layers, optax.OptState, Any]:
    """Return what `epoch` does, with an axis of members in front of layers, state, orders and sums."""
    of_one = partial(epoch, **options)
    return jax.vmap(of_one, in_axes=(0, 0, None, None, 0))(layers, state, x, y, orders)
