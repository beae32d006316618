"""Optax's tests of losses, schedules and clipping on those of `dnn`, eagerly: JAX compiles nothing here."""

import importlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tensorflow as tf

import dnn
from scripts.peer_adapters.recording import MissingError, missing, of_dnn, replaced

MODULES = tuple(
    f"optax/{name}_test.py"
    for name in ("losses/_classification", "losses/_regression", "schedules/_schedule", "transforms/_clipping")
)
DIFFERENCES = (
    (
        r"mean_squared_error does not|SquaredErrorTest::test_shape",
        "Losses refuse shapes that differ: `mean_squared_error` does not broadcast",
    ),
    (
        r"must be positive|must be in \[0, 1\]|must be a number of 0 or more",
        "Schedules refuse numbers out of their range",
    ),
    (r"nonvalid|nonpositive", "Schedules refuse numbers out of their range"),
    (r"must be floats, got|must be integers", "Integers are not made floats"),
)
MISSING = ((r"softmax of one output is always 1", "softmax of one output"),)
SELECTED = "not test_optimization and not LBFGS"  # 10,000 steps by hand, of optimizers of Optax


def as_jax(value: Any) -> Any:
    return jnp.asarray(value.numpy())


def as_numpy(values: Any) -> Any:
    if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(values)):
        raise MissingError("gradients and compilation by JAX")
    return np.asarray(values)


def of_rows(loss: Callable[..., Any], classes: bool) -> Callable[..., Any]:
    """Return a loss of logits [..., classes] and labels, which of dnn are [rows, classes]."""

    def called(logits: Any, labels: Any, axis: int = -1, where: Any = None, **options: Any) -> Any:
        if where is not None or options or not isinstance(axis, int):
            raise MissingError("masks and tuples of axes in losses")
        logits = np.moveaxis(np.asarray(as_numpy(logits), np.result_type(logits, np.float32)), axis, -1)
        labels = as_numpy(labels)
        labels = np.moveaxis(labels, axis, -1) if labels.ndim == logits.ndim else labels
        rows = logits.reshape(-1, logits.shape[-1])
        targets = labels.reshape(-1, logits.shape[-1]).astype(logits.dtype) if classes else labels.reshape(-1)
        return jnp.asarray(loss(targets, rows).numpy().reshape(logits.shape[:-1]))

    return of_dnn(called)


def elementwise(loss: Callable[..., Any], scale: float = 1.0) -> Callable[..., Any]:
    """Return a loss of each element; of dnn it is one of rows [rows, outputs], here of one output."""

    def called(predictions: Any, targets: Any = None, **options: Any) -> Any:
        if targets is None or options:
            raise MissingError("targets that are left out")
        predictions, targets = as_numpy(predictions), as_numpy(targets)
        if predictions.shape != targets.shape:
            raise ValueError(
                f"predictions and targets must have the same shape, got {predictions.shape}, {targets.shape}"
            )
        columns = [array.astype(np.float32).reshape(-1, 1) for array in (targets, predictions)]
        return jnp.asarray(scale * loss(*columns).numpy().reshape(predictions.shape))

    return of_dnn(called)


def schedule(make: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes a schedule: a function of the count."""

    def called(*arguments: Any, **options: Any) -> Any:
        rate = make(*arguments, **options)
        return lambda count: jnp.asarray(np.float32(np.asarray(rate(tf.constant(float(as_numpy(count)), tf.float64)))))

    return of_dnn(called)


def exponential_decay(
    init_value: float,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Any:
    if transition_begin or end_value is not None:
        raise MissingError("the beginning and the end of an exponential decay")
    return dnn.ExponentialDecay(init_value, transition_steps, decay_rate, staircase=staircase)


def cosine_decay_schedule(init_value: float, decay_steps: int, alpha: float = 0.0, exponent: float = 1.0) -> Any:
    if exponent != 1.0:
        raise MissingError("the exponent of a cosine decay")
    return dnn.CosineDecay(init_value, decay_steps, alpha=alpha)


def piecewise_constant_schedule(init_value: float, boundaries_and_scales: dict[int, float] | None = None) -> Any:
    if not boundaries_and_scales:
        return lambda count: init_value
    steps = sorted(boundaries_and_scales)
    values = init_value * np.cumprod([1.0, *(boundaries_and_scales[step] for step in steps)])
    return dnn.PiecewiseConstantDecay([step - 1 for step in steps], values.tolist())  # ours: "after", not "from"


def clipped(clip: Callable[..., Any]) -> Callable[..., Any]:
    """Return a gradient transformation without a state."""

    def called(most: float) -> Any:
        def update(grads: Any, state: Any, params: Any = None) -> Any:
            leaves, structure = jax.tree.flatten(grads)
            found = clip([tf.constant(as_numpy(leaf)) for leaf in leaves], most)
            return jax.tree.unflatten(structure, [as_jax(leaf) for leaf in found]), state

        return optax.GradientTransformation(lambda params: optax.EmptyState(), update)

    return of_dnn(called)


LOSSES = {
    "softmax_cross_entropy": of_rows(dnn.softmax_cross_entropy, classes=True),
    "softmax_cross_entropy_with_integer_labels": of_rows(dnn.sparse_softmax_cross_entropy, classes=False),
    "sigmoid_binary_cross_entropy": elementwise(lambda targets, logits: dnn.binary_cross_entropy(targets, logits)),
    "squared_error": elementwise(dnn.mean_squared_error),
    "l2_loss": elementwise(dnn.mean_squared_error, 0.5),
}
SCHEDULES = {
    "exponential_decay": schedule(exponential_decay),
    "cosine_decay_schedule": schedule(cosine_decay_schedule),
    "piecewise_constant_schedule": schedule(piecewise_constant_schedule),
    "polynomial_schedule": missing("polynomial schedules"),
    "cosine_onecycle_schedule": missing("one-cycle schedules"),
    "linear_onecycle_schedule": missing("one-cycle schedules"),
    "sgdr_schedule": missing("cosine decay with restarts"),
}
CLIPS = {
    "clip": clipped(lambda gradients, most: dnn.clip_by_value(gradients, most)),
    "clip_by_global_norm": clipped(lambda gradients, most: dnn.clip_by_global_norm(gradients, most)),
}


def pytest_configure() -> None:
    """The tests call attributes of Optax's modules. JAX compiles nothing, so that `dnn` sees numbers."""
    jax.config.update("jax_disable_jit", True)
    for module, names in (
        ("optax.losses._classification", LOSSES),
        ("optax.losses._regression", LOSSES),
        ("optax.schedules._schedule", SCHEDULES),
        ("optax.transforms._clipping", CLIPS),
    ):
        replaced(importlib.import_module(module), names)
