"""What the next epoch needs is drawn by another thread while this one is trained."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

Drawn = TypeVar("Drawn")

MOST = 1_000_000  # numbers, beyond which the second one takes memory, and the first a small part of an epoch


class DrawnAhead(Generic[Drawn]):
    """A function of the epoch's number, which calls another one for the epoch after it too, in a thread of its own.

    Args:
        draw: Depends on the number of the epoch alone.
        numbers: How many it draws; if there are many, none are drawn ahead.
    """

    def __init__(self, draw: Callable[[int], Drawn], numbers: int) -> None:
        self.draw = draw
        self._pool = ThreadPoolExecutor(1) if numbers <= MOST else None  # its thread ends when it is let go
        self._ahead: dict[int, Future[Drawn]] = {}

    def __call__(self, epoch: int) -> Drawn:
        """Return what is drawn for an epoch."""
        ahead = self._ahead.pop(epoch, None)
        self._ahead = {}
        if self._pool:
            with suppress(RuntimeError):  # no thread can be started, as where the main thread has ended
                self._ahead[epoch + 1] = self._pool.submit(self.draw, epoch + 1)
        return ahead.result() if ahead else self.draw(epoch)
