"""Laws of what losses and optimizers are for: a piece may keep all the others, and train nothing, or the wrong way."""

import numpy as np

from dnn.testing.law import first_result, law


@law
def depends_on_the_label(piece):
    """A loss is finite, and beside the same logits the labels of other rows give another."""
    *labels, logits = piece.examples
    losses = first_result(piece, piece.examples).numpy()
    if not np.isfinite(losses).all():
        raise AssertionError(f"the losses are not finite: {losses.tolist()}")
    others = first_result(piece, (*(np.roll(array, 1, axis=0) for array in labels), logits)).numpy()
    if np.array_equal(losses, others):
        raise AssertionError(f"with the labels of other rows the losses are the same: {losses.tolist()}")


@law
def is_lower_for_the_right_class(piece):
    """In mean over the rows, a loss is lower for logits of 1 for the right class and 0 elsewhere than for 0 and 1.

    Of labels that are class numbers; what is right for targets of another kind, the loss alone knows.
    """
    labels, logits = piece.examples
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or logits.shape[-1] < 2:
        return
    right = np.equal.outer(labels, np.arange(logits.shape[-1])).astype(logits.dtype)  # [rows, classes]
    low, high = (float(np.mean(first_result(piece, (labels, z)))) for z in (right, 1 - right))
    if not low < high:
        raise AssertionError(f"it is {low} for the right classes and {high} for the wrong ones")


@law
def goes_downhill(piece):
    """Four steps far up in a bowl, Σ (p − 100)² / 200 over all parameters p, end lower than they began.

    Far up, where the gradient is about 1, no usual rate overshoots.
    """
    step = piece.fresh()
    parameters = [step.kernel, step.bias]

    def height():
        return sum(float(np.sum((p.numpy().astype(np.float64) - 100) ** 2)) for p in parameters) / 200

    before = height()
    for _ in range(4):
        step.optimizer.apply([(p - 100) / 100 for p in parameters])
    if not height() < before:
        raise AssertionError(f"from a height of {before} four steps lead to {height()}")
