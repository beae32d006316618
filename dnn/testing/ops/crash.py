"""What is printed where a kernel crashes the process, which no error can tell."""

import faulthandler
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stack_in_a_crash() -> Iterator[None]:
    """A crash prints the Python stack, in which the law's name is, or before them `lacks_a_gradient` or `larger`."""
    before = faulthandler.is_enabled() or sys.__stderr__ is None
    if not before:
        faulthandler.enable(sys.__stderr__)
    try:
        yield
    finally:
        if not before:
            faulthandler.disable()
