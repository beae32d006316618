"""Laws of what a piece must refuse if it `refuses`: a wrong argument is an error that names it, not a wrong number."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.ops.comparing import assert_near
from dnn.testing.law import assert_refused, law
from dnn.testing.pieces import Piece
from dnn.testing.score_piece import Score


@law
def refuses_wrong_arguments(piece: Piece) -> None:
    """A wrong rank, dtype or size is a TypeError or a ValueError that names the argument.

    If two shapes do not fit, it may name either.
    """
    all_names = piece.names()
    for index, names in enumerate(all_names):
        for what, wrong in _wrong_dtypes(piece, index):
            assert_refused(_call(piece, index, wrong), f"{names[0]} of {what}", names)
        for wrong in _wrong_shapes(piece, index):
            assert_refused(_call(piece, index, wrong), f"{names[0]} of shape {wrong.shape}", sum(all_names, ()))


@law
def refuses_what_it_cannot_train(piece: Piece) -> None:
    """No parameters, parameters that are not variables, and gradients that do not fit are errors that name them.

    None of them changes a variable.
    """
    assert_refused(lambda: _made_for_none(piece), "a list of no parameters", ["parameters"])
    assert_refused(lambda: piece.subject([1.0, 1.0]), "numbers for parameters", ["parameters"])
    step = piece.fresh()
    kernel, bias = step.gradients(*piece.examples)
    before = [variable.numpy() for variable in step.variables]
    for what, gradients, name in (
        ("one gradient for two parameters", [kernel], "gradients"),
        ("a gradient of kernel in the shape of bias", [bias, bias], "gradients"),
        ("a float64 gradient of a float32 parameter", [tf.cast(kernel, tf.float64), bias], "gradients"),
        ("None for the gradient of bias", [kernel, None], "bias"),
    ):
        assert_refused(partial(step.optimizer.apply, gradients), what, [name])
    for variable, value in zip(step.variables, before, strict=True):
        assert_near(variable, value, f"{variable.name} after gradients that were refused", ulps=0)


def _made_for_none(piece: Piece) -> object:
    try:
        return piece.subject([])
    except IndexError as error:  # what makes the optimizer may itself pick one of its parameters: p[1]
        raise ValueError("there are no parameters to pick from") from error


def _call(piece: Piece, index: int, wrong: npt.NDArray[Any]) -> Callable[[], object]:
    """Return a call with this argument instead of the example's."""
    return lambda: piece.fresh()(*piece.examples[:index], wrong, *piece.examples[index + 1 :])


def _wrong_dtypes(piece: Piece, index: int) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Yield strings; floats for class numbers and truth values, which would be truncated; integers for x and logits.

    Targets may be of any dtype. The labels of a score may be strings or whole floats, as in scikit-learn, and its last
    argument anything but text beside labels that are numbers.
    """
    example, is_last = piece.examples[index], index == len(piece.examples) - 1
    if is_last or not isinstance(piece, Score):
        yield "strings", example.astype(str)
    if isinstance(piece, Score):
        return
    if example.dtype.kind in "ib":
        yield "floats", example.astype(np.float32)
    elif is_last:
        yield "integers", example.astype(np.int32)


def _wrong_shapes(piece: Piece, index: int) -> Iterator[npt.NDArray[Any]]:
    """Yield one number; an axis too many; a row too few beside another argument; a column too many if that is known."""
    if piece.any_shape:
        return
    example, shapes = piece.examples[index], [array.shape for array in piece.examples]
    yield example.ravel()[0]
    yield example[..., np.newaxis]
    if len(shapes) > 1:
        yield example[:-1]
    if example.ndim > 1 and len(set(shapes)) == 1:
        yield np.concatenate([example, example[:, :1]], axis=1)
