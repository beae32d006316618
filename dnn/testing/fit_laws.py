"""Laws of callbacks and features: what goes on after a checkpoint or in another process does what it did before."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.ops.comparing import bits, dtype_and_shape
from dnn.testing.law import law
from dnn.testing.other_kinds import FeaturesPiece
from dnn.testing.pieces import Piece
from dnn.train.history import History
from dnn.train.plain_state import from_plain, to_plain

LOSSES = (0.75, 0.5, 0.5, 0.875, 0.5, 0.25)


@law
def begins_anew_with_each_fit(piece: Piece) -> None:
    """Two callbacks, each made anew, answer the same records alike: what they remember is their own."""
    one, other = (_answers(piece.subject(), range(len(LOSSES))) for _ in range(2))
    if one != other:
        raise AssertionError(f"the first says {one}, the second {other}")


@law
def goes_on_from_its_state(piece: Piece) -> None:
    """With the state of an old one, as a file keeps it, a new callback says next what the old one says next."""
    old, new = piece.subject(), piece.subject()
    _answers(old, range(3))
    if not hasattr(old, "get_state"):
        return  # it says that it remembers nothing, or nothing that a checkpoint needs
    new.set_state(from_plain(json.loads(json.dumps(to_plain(old.get_state())))))
    after = range(3, len(LOSSES))
    expected, actual = _answers(old, after), _answers(new, after)
    if actual != expected:
        raise AssertionError(f"after 3 epochs the old one says {expected}, the new one {actual}")


@law
def gives_a_finite_matrix(piece: FeaturesPiece) -> None:
    """Of training rows, with empty cells, features give float32[rows, width], finite, as wide as their names."""
    features = piece.learnt()
    matrix = tf.convert_to_tensor(features(piece.columns))
    rows = len(next(iter(piece.columns.values())))
    if matrix.dtype != tf.float32 or matrix.shape.rank != 2 or matrix.shape[0] != rows:
        raise AssertionError(f"it must be float32[{rows}, width], got {dtype_and_shape(matrix)}")
    if not np.isfinite(matrix).all():
        raise AssertionError(f"a number is not finite: {matrix.numpy().tolist()}")
    names = getattr(features, "names", None)
    if names is not None and len(names) != matrix.shape[1]:
        raise AssertionError(f"there are {matrix.shape[1]} columns, and {len(names)} names")


@law
def encodes_each_row_alone(piece: FeaturesPiece) -> None:
    """What a row becomes does not depend on the rows beside it: all was learnt before."""
    features = piece.learnt()
    together = tf.convert_to_tensor(features(piece.columns))
    for row in range(together.shape[0]):
        alone = features({name: cells[row : row + 1] for name, cells in piece.columns.items()})
        if bits([tf.convert_to_tensor(alone)]) != bits([together[row : row + 1]]):
            raise AssertionError(
                f"row {row} alone is {np.asarray(alone).tolist()}, among others {together[row].numpy().tolist()}"
            )


@law
def comes_back_from_its_state(piece: FeaturesPiece) -> None:
    """Features with `state` and `from_state` are made again of what JSON keeps, and give the same bits."""
    features: Any = piece.learnt()
    if not hasattr(features, "state"):
        return
    again = type(features).from_state(json.loads(json.dumps(features.state(), allow_nan=False)))
    values, others = (tf.convert_to_tensor(one(piece.columns)) for one in (features, again))
    if bits([values]) != bits([others]):
        raise AssertionError(f"from its state it gives {others.numpy().tolist()}, and gave {values.numpy().tolist()}")


def _answers(callback: Callable[..., Any], epochs: range) -> list[tuple[dict[str, float], bool]]:
    """Return the records of these epochs, with what the callback adds, and whether it ends the fit."""
    history, answers = History(), []
    for epoch in epochs:
        loss = LOSSES[epoch]
        record = {"epoch": epoch + 1, "loss": loss, "accuracy": 1 - loss, "val_loss": loss, "val_accuracy": 1 - loss}
        history.epochs.append(record)
        ends = callback(record, history)
        answers.append((dict(record), bool(ends is True)))
    return answers
