"""A law is a function of a piece that raises an AssertionError if the piece breaks it."""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from dnn.ops.calling import error_text
from dnn.testing.pieces import Piece

Law: TypeAlias = Callable[[Any], None]  # of a piece of its kind

REFUSAL = (
    "Refuse it with an error that names it (dnn.nn.argument_checks has some), or leave this law out: refuses=False."
)


def law(check: Law) -> Law:
    """Return the check, with every error an AssertionError that says which piece broke which law, and the law.

    Every error: that a piece cannot be compiled, or saved, is an error of TensorFlow's. The law is the first line of
    the docstring.
    """
    claim = str(check.__doc__).splitlines()[0].rstrip(".")

    def broken(piece: Piece, what: object) -> AssertionError:
        return AssertionError(f"{piece.name} breaks the law {check.__name__}: {claim}.\n{what}")

    @functools.wraps(check)
    def checked(piece: Piece) -> None:
        try:
            check(piece)
        except AssertionError as error:  # one that was raised `from` another, or from None, tells all of its own
            raise broken(piece, error) from (error.__cause__ if error.__suppress_context__ else error)
        except Exception as error:
            raise broken(piece, error_text(error)) from error

    return checked


def first_result(piece: Piece, examples: Sequence[Any]) -> tf.Tensor:
    """Return what a new piece gives outside training."""
    return tf.convert_to_tensor(next(iter(piece.fresh()(*examples).values())))


def assert_refused(call: Callable[[], object], what: str, names: Sequence[str]) -> None:
    """Assert that the call raises a TypeError or a ValueError that names one of these arguments.

    what: what is wrong in the call.
    """
    try:
        call()
    except (TypeError, ValueError) as error:
        if not names_one_of(names, error):
            expected = " or ".join(names)
            raise AssertionError(f"the error for {what} does not name {expected}: {error}\n{REFUSAL}") from error
    except Exception as error:
        got = error_text(error).splitlines()[0]
        raise AssertionError(f"{what} raises no TypeError or ValueError, but {got}\n{REFUSAL}") from error
    else:
        raise AssertionError(f"{what} is accepted without an error\n{REFUSAL}")


def names_one_of(names: Sequence[str], error: Exception) -> bool:
    """Return whether one of the names is a word of the error's message."""
    return any(re.search(rf"\b{re.escape(name)}\b", str(error)) for name in names)
