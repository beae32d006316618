"""Ctrl-C, SIGTERM and SIGHUP while a fit keeps checkpoints: it ends where it can be gone on with."""

import signal
import threading
from types import FrameType
from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class FitInterrupted(KeyboardInterrupt):
    """A signal ended a fit, whose state was saved before.

    Args:
        number: The signal's.
        saved: What was saved, and where.
        remedy: How to go on.
    """

    def __init__(self, number: int, saved: str, remedy: str = "the same call goes on from there") -> None:
        super().__init__(f"{saved}; {remedy}")
        self.number, self.saved, self.remedy = number, saved, remedy

    def __reduce__(self) -> tuple[Any, ...]:
        return FitInterrupted, (self.number, self.saved, self.remedy)


class Interruption:
    """Within it the first signal is only noted; a second one does what it did before: it ends the process, say.

    Signals come to the main thread alone: in another thread, or where they are ignored, nothing is changed.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.raised = False  # as an error; else it is sent again at the end
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self.number is not None and not self.raised:
            self._send(self.number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number is None:
            self.number = number
            return
        signal.signal(number, self._before[number])
        self._send(number)

    def _send(self, number: int) -> None:
        """Do what was done before on a signal. A handler is called: a signal sent anew would count as a second one."""
        handler = self._before[number]
        if callable(handler):
            handler(number, None)
        else:
            signal.raise_signal(number)
