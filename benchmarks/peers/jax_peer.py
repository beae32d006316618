"""JAX with Optax's Adam: `lax.scan` over the steps, the whole epoch compiled; a short last batch is one step more."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from benchmarks.jobs import EPSILON, LEARNING_RATE, Job
from benchmarks.timing import Laps
from dnn.bench.clock import seconds_per_call

ADAM = optax.adam(LEARNING_RATE, eps=EPSILON)
Layers = list[tuple[jax.Array, jax.Array]]  # kernel and bias


class Trainer:
    """Trains with a compiled epoch.

    Args:
        job: What to do.
        members: How many networks, by `jax.vmap` if they are several. They have `learn` and `epoch_seconds` alone.
    """

    def __init__(self, job: Job, members: int = 1) -> None:
        self.job, self.members = job, members
        self.host_x, y = job.arrays()
        self.x, self.y = jnp.asarray(self.host_x), jnp.asarray(y)
        weights = list(map(jnp.asarray, job.weights()))
        if members > 1:
            weights = [jnp.tile(value, [members] + [1] * value.ndim) for value in weights]
        self.layers = list(zip(weights[::2], weights[1::2], strict=True))
        self.state = jax.vmap(ADAM.init)(self.layers) if members > 1 else ADAM.init(self.layers)

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

    def probabilities(self, rows: int) -> np.ndarray:
        """Return those of the first rows, [rows, classes]."""
        return np.asarray(jax.nn.softmax(compiled_logits(self.layers, self.host_x[:rows])))

    def predict_seconds(self, rows: int, at_least: float) -> float:
        """Return the seconds of a call that predicts the first rows, of calls for `at_least` seconds."""
        x = self.host_x[:rows]
        compiled_logits(self.layers, x)  # compiles it, if it was not yet, for so many rows
        return seconds_per_call(lambda: np.asarray(compiled_logits(self.layers, x)), at_least)

    def _epoch(self, order: np.ndarray) -> tuple[float, float]:
        run = epoch_of_members if self.members > 1 else epoch
        self.layers, self.state, sums = run(
            self.layers, self.state, self.x, self.y, order, batch_size=self.job.batch_size
        )
        loss, correct = (np.asarray(steps).sum(dtype=np.float64) for steps in sums)
        rows = self.job.rows * self.members
        return loss / rows, correct / rows


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


@partial(jax.jit, static_argnames="batch_size", donate_argnums=(0, 1))
def epoch(
    layers: Layers, state: optax.OptState, x: jax.Array, y: jax.Array, order: jax.Array, *, batch_size: int
) -> tuple[Layers, optax.OptState, Any]:
    """Return layers, state, and the summed loss and correct rows of each step, after a step on each batch in order."""

    def step(carry: Any, rows: jax.Array) -> tuple[Any, Any]:
        layers, state = carry
        gradients, sums = jax.grad(mean_loss, has_aux=True)(layers, x[rows], y[rows])
        updates, state = ADAM.update(gradients, state)
        return (optax.apply_updates(layers, updates), state), sums

    whole = len(order) // batch_size * batch_size
    carry, sums = lax.scan(step, (layers, state), order[:whole].reshape(-1, batch_size))
    if whole < len(order):
        carry, last = step(carry, order[whole:])
        sums = jax.tree.map(jnp.append, sums, last)
    return *carry, sums


@partial(jax.jit, static_argnames="batch_size", donate_argnums=(0, 1))
def epoch_of_members(
    layers: Layers, state: optax.OptState, x: jax.Array, y: jax.Array, orders: jax.Array, *, batch_size: int
) -> tuple[Layers, optax.OptState, Any]:
    """Return what `epoch` does, with an axis of members in front of layers, state, orders and sums."""
    of_one = partial(epoch, batch_size=batch_size)
    return jax.vmap(of_one, in_axes=(0, 0, None, None, 0))(layers, state, x, y, orders)
