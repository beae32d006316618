"""A law is a function of a piece that raises an AssertionError where the piece breaks it."""

import functools
import re
from collections.abc import Callable, Sequence

import tensorflow as tf

from dnn.testing.pieces import Piece

REFUSAL = (
    "Refuse it with an error that names it (dnn.nn.argument_checks has some), or leave this law out: refuses=False."
)


def law(check: Callable[[Piece], None]) -> Callable[[Piece], None]:
    """The check, with every error an AssertionError that says which piece broke which law, and the law.

    Every error: that a piece cannot be compiled, or saved, is an error of TensorFlow's. The law is the first line of
    the docstring.
    """
    claim = check.__doc__.splitlines()[0].rstrip(".")

    def broken(piece: Piece, what) -> AssertionError:
        return AssertionError(f"{piece.name} breaks the law {check.__name__}: {claim}.\n{what}")

    @functools.wraps(check)
    def checked(piece: Piece) -> None:
        try:
            check(piece)
        except AssertionError as error:  # one that was raised `from` another, or from None, tells all of its own
            raise broken(piece, error) from (error.__cause__ if error.__suppress_context__ else error)
        except Exception as error:
            raise broken(piece, told(error)) from error

    return checked


def told(error: Exception) -> str:
    """The kind of an error, and what it says."""
    return f"{type(error).__name__}: {error}"


def first_result(piece: Piece, examples) -> tf.Tensor:
    """What a piece gives outside training, made anew."""
    return tf.convert_to_tensor(next(iter(piece.fresh()(*examples).values())))


def assert_refused(call: Callable[[], object], what: str, names: Sequence[str]) -> None:
    """The call raises a TypeError or a ValueError that names one of these arguments. what: is wrong in it."""
    try:
        call()
    except (TypeError, ValueError) as error:
        if not names_one_of(names, error):
            wanted = " or ".join(names)
            raise AssertionError(f"the error for {what} does not name {wanted}: {error}\n{REFUSAL}") from error
    except Exception as error:
        got = told(error).splitlines()[0]
        raise AssertionError(f"{what} gives no TypeError or ValueError, but {got}\n{REFUSAL}") from error
    else:
        raise AssertionError(f"{what} is taken without an error\n{REFUSAL}")


def names_one_of(names: Sequence[str], error: Exception) -> bool:
    """Whether one of the names is a word of the error's."""
    return any(re.search(rf"\b{re.escape(name)}\b", str(error)) for name in names)
