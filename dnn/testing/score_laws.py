"""Laws of scores: rows in any order, one row, weights of rows, the range, and what perfect predictions have."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.ops.comparing import assert_near
from dnn.testing.examples import ROWS
from dnn.testing.law import law
from dnn.testing.pieces import Piece
from dnn.testing.score_piece import Score

TIMES = np.array([2, 1, 0, 3, 1, 1, 2])  # how often each row is there; a class that it leaves has other rows
NEAR = 1e-9  # of numbers that are summed in another order


@law
def scores_one_row(piece: Piece) -> None:
    """One row has a score, of the shape that seven have; it may be NaN, and come with a warning."""
    one, all_rows = (_score(piece, [array[:rows] for array in piece.examples]) for rows in (1, ROWS))
    if one.shape != all_rows.shape:
        raise AssertionError(f"the score of 1 row has shape {one.shape}, that of {ROWS} rows {all_rows.shape}")


@law
def scores_rows_in_any_order(piece: Piece) -> None:
    """The score of the rows in another order is the same."""
    order = np.random.default_rng(0).permutation(ROWS)
    result = piece.subject(*(array[order] for array in piece.examples))
    assert_near(result, piece.subject(*piece.examples), f"the score of rows {order.tolist()}")


@law
def counts_a_row_as_often_as_it_weighs(piece: Piece) -> None:
    """A row of weight 2 counts as two rows, one of weight 0 as none, and rows of weight 1 as rows without weights.

    This is asked of a score with a parameter `sample_weight`.
    """
    if not isinstance(piece, Score) or not piece.is_weighted():
        return
    plain = _score(piece, piece.examples)
    _assert_equal(_score(piece, piece.examples, np.ones(ROWS)), plain, "with weights of 1")
    copies = _score(piece, [np.repeat(array, TIMES, axis=0) for array in piece.examples])
    _assert_equal(_score(piece, piece.examples, TIMES), copies, f"with the weights {TIMES.tolist()}")


@law
def stays_in_its_range(piece: Piece) -> None:
    """The score is in [least, most], of the examples and of the rows paired with the predictions of others."""
    if not isinstance(piece, Score):
        return
    *others, last = piece.examples
    for shift in range(ROWS):
        score = _score(piece, [*others, np.roll(last, shift, axis=0)])
        if ((score < piece.least - NEAR) | (score > piece.most + NEAR)).any():
            raise AssertionError(f"it gives {score.tolist()}, outside [{piece.least}, {piece.most}]")


@law
def gives_perfect_predictions_its_best(piece: Piece) -> None:
    """Predictions that are all right have the best score, which is said with the piece."""
    if isinstance(piece, Score) and piece.perfect is not None:
        score = _score(piece, piece.perfect)
        _assert_equal(score, np.full(score.shape, piece.best), "of perfect predictions")


def _score(piece: Piece, examples: Sequence[Any], weights: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is not defined may be warned of
        return np.asarray(piece.subject(*examples, **({} if weights is None else {"sample_weight": weights})))


def _assert_equal(score: npt.NDArray[Any], expected: npt.NDArray[Any], what: str) -> None:
    if score.shape != expected.shape or not np.allclose(score, expected, rtol=NEAR, atol=NEAR, equal_nan=True):
        raise AssertionError(f"{what} it gives {score.tolist()}, and not {expected.tolist()}")
