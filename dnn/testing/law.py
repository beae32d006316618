"""A law is a function of a piece that raises an AssertionError where the piece breaks it."""

import functools
import re
from collections.abc import Callable, Sequence

import tensorflow as tf

from dnn.testing.pieces import Piece


def law(check: Callable[[Piece], None]) -> Callable[[Piece], None]:
    """The check, with every error an AssertionError that says which piece broke which law, and the law.

    Every error: that a piece cannot be compiled, or saved, is an error of TensorFlow's. The law is the first line of
    the docstring.
    """
    claim = check.__doc__.splitlines()[0].rstrip(".")

    @functools.wraps(check)
    def checked(piece: Piece) -> None:
        try:
            check(piece)
        except Exception as error:
            kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
            raise AssertionError(f"{piece.name} breaks the law {check.__name__}: {claim}.\n{kind}{error}") from error

    return checked


def first_result(piece: Piece, examples) -> tf.Tensor:
    """What a piece gives outside training, made anew."""
    return tf.convert_to_tensor(next(iter(piece.fresh()(*examples).values())))


def assert_refused(call: Callable[[], object], what: str, names: Sequence[str]) -> None:
    """The call raises a TypeError or a ValueError that names one of these arguments. what: is wrong in it."""
    try:
        call()
    except (TypeError, ValueError) as error:
        if not names_one_of(names, error):
            raise AssertionError(f"the error for {what} does not name {' or '.join(names)}: {error}") from error
    except Exception as error:
        got = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        raise AssertionError(f"{what} gives no TypeError or ValueError, but {got}") from error
    else:
        raise AssertionError(f"{what} is taken without an error")


def names_one_of(names: Sequence[str], error: Exception) -> bool:
    """Whether one of the names is a word of the error's."""
    return any(re.search(rf"\b{re.escape(name)}\b", str(error)) for name in names)
