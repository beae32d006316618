"""Laws of what a piece that `refuses` must refuse: a wrong argument is an error that names it, not a wrong number."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from dnn.testing.law import assert_refused, law
from dnn.testing.modes import assert_near
from dnn.testing.pieces import Piece, Score


@law
def refuses_wrong_arguments(piece):
    """A wrong rank, dtype or size is a TypeError or a ValueError that names the argument.

    Of two shapes that do not fit, it may name either.
    """
    all_names = piece.names()
    for place, names in enumerate(all_names):
        for what, wrong in _wrong_dtypes(piece, place):
            assert_refused(_call(piece, place, wrong), f"{names[0]} of {what}", names)
        for wrong in _wrong_shapes(piece, place):
            assert_refused(_call(piece, place, wrong), f"{names[0]} of shape {wrong.shape}", sum(all_names, ()))


@law
def refuses_what_it_cannot_train(piece):
    """Parameters that are none or no variables, and gradients that do not fit, are errors that name them.

    And they change no variable.
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
        assert_refused(lambda gradients=gradients: step.optimizer.apply(gradients), what, [name])
    for variable, value in zip(step.variables, before, strict=True):
        assert_near(variable, value, f"{variable.name} after gradients that were refused", ulps=0)


def _made_for_none(piece: Piece):
    try:
        return piece.subject([])
    except IndexError as error:  # what makes the optimizer may itself pick one of its parameters: p[1]
        raise ValueError("there are no parameters to pick from") from error


def _call(piece: Piece, place: int, wrong) -> Callable[[], dict]:
    """The call with this argument in the place of the example's."""
    return lambda: piece.fresh()(*piece.examples[:place], wrong, *piece.examples[place + 1 :])


def _wrong_dtypes(piece: Piece, place: int) -> Iterator[tuple[str, np.ndarray]]:
    """Text; floats for class numbers and truth values, which would be truncated; integers for x and for logits.

    Targets may be of any dtype. The labels of a score may be strings or whole floats, as in scikit-learn, and its last
    argument anything but text beside labels that are numbers.
    """
    example, is_last = piece.examples[place], place == len(piece.examples) - 1
    if is_last or not isinstance(piece, Score):
        yield "text", example.astype(str)
    if isinstance(piece, Score):
        return
    if example.dtype.kind in "ib":
        yield "floats", example.astype(np.float32)
    elif is_last:
        yield "integers", example.astype(np.int32)


def _wrong_shapes(piece: Piece, place: int) -> Iterator[np.ndarray]:
    """One number; an axis too many; a row too few beside another argument; a column too many where that is known."""
    if piece.any_shape:
        return
    example, shapes = piece.examples[place], [array.shape for array in piece.examples]
    yield example.ravel()[0]
    yield example[..., np.newaxis]
    if len(shapes) > 1:
        yield example[:-1]
    if example.ndim > 1 and len(set(shapes)) == 1:
        yield np.concatenate([example, example[:, :1]], axis=1)
