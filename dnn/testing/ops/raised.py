"""Which of an op and its reference raised an error."""

from collections.abc import Callable

from dnn.testing.law import told


class RaisedError(Exception):
    """Which of the two raised, and what: the error that it is raised from."""


def blaming(whom: str, function: Callable) -> Callable:
    """The function, whose errors say who raised them."""

    def called(*arguments):
        try:
            return function(*arguments)
        except RaisedError:
            raise
        except Exception as error:
            raise RaisedError(f"{whom} raised {told(error)}") from error

    return called


def first_raised(error: BaseException | None) -> RaisedError | None:
    """The one that an error came from, if one did: in a trace, AutoGraph raises another in its place."""
    while error is not None and not (isinstance(error, RaisedError) and error.__cause__):
        error = error.__cause__ or error.__context__
    return error
