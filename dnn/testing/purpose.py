"""Laws of what losses and optimizers are for: a piece that keeps all others may train nothing, or the wrong way."""

import numpy as np

from dnn.testing.law import first_result, law
from dnn.testing.pieces import Piece


@law
def depends_on_the_label(piece: Piece) -> None:
    """A loss is finite, and with the labels of other rows it is another one for the same logits."""
    *labels, logits = piece.examples
    losses = first_result(piece, piece.examples).numpy()
    if not np.isfinite(losses).all():
        raise AssertionError(f"the losses are not finite: {losses.tolist()}")
    others = first_result(piece, (*(np.roll(array, 1, axis=0) for array in labels), logits)).numpy()
    if np.array_equal(losses, others):
        raise AssertionError(f"with the labels of other rows the losses are the same: {losses.tolist()}")


@law
def is_lower_for_the_right_class(piece: Piece) -> None:
    """Averaged over the rows, a loss is lower for logits of 1 for the right class and 0 elsewhere than for 0 and 1.

    This is asked only for labels that are class numbers; what is right for other targets, the loss alone knows.
    """
    labels, logits = piece.examples
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or logits.shape[-1] < 2:
        return
    right = np.equal.outer(labels, np.arange(logits.shape[-1])).astype(logits.dtype)  # [rows, classes]
    low, high = (float(np.mean(first_result(piece, (labels, z)))) for z in (right, 1 - right))
    if not low < high:
        raise AssertionError(f"it is {low} for the right classes and {high} for the wrong ones")


@law
def goes_downhill(piece: Piece) -> None:
    """Four steps far up in a bowl, Σ (p − 100)² / 200 over all parameters p, end lower than they began.

    Far up, where the gradient is about 1, no usual rate overshoots.
    """
    step = piece.fresh()
    parameters = [step.kernel, step.bias]

    def height() -> float:
        return sum(float(np.sum((p.numpy().astype(np.float64) - 100) ** 2)) for p in parameters) / 200

    before = height()
    for _ in range(4):
        step.optimizer.apply([(p - 100) / 100 for p in parameters])
    if not height() < before:
        raise AssertionError(f"from a height of {before} four steps lead to {height()}")


@law
def moves_every_parameter(piece: Piece) -> None:
    """Four steps change every parameter, and leave finite numbers."""
    step = piece.fresh()
    before = [step.kernel.numpy(), step.bias.numpy()]
    for _ in range(4):
        after = step(*piece.examples)
    for (name, value), old in zip(after.items(), before, strict=True):
        if np.equal(value, old).all():
            raise AssertionError(f"{name} is as it was at first: {old.tolist()}")
        if not np.isfinite(value).all():
            raise AssertionError(f"{name} is {value.numpy().tolist()}")
