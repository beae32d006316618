"""The law before all others: the first call of a piece. What fails in it would fail in each of them."""

import tensorflow as tf

from dnn.testing.law import law, told
from dnn.testing.modes import described
from dnn.testing.pieces import Score


@law
def can_be_called(piece):
    """It can be made, and called with the examples, and gives tensors.

    A score gives a number or an array.
    """
    if not callable(piece.subject):
        raise AssertionError(f"it must be {piece.wanted}, got {piece.subject!r}")
    try:
        module = piece.fresh()
    except Exception as error:
        raise AssertionError(f"it must be {piece.wanted}; {piece.subject!r} gives {told(error)}") from error
    examples = ", ".join(map(described, piece.examples))
    try:
        results = module(*piece.examples)
    except Exception as error:
        raise AssertionError(f"it cannot be called with the examples, {examples}: {told(error)}") from error
    for name, result in results.items():
        if not tf.is_tensor(result) and not isinstance(piece, Score):
            raise AssertionError(f"the {name} must be a tensor, got {type(result).__name__}")
