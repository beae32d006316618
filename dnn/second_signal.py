"""A second signal ends a command at once. Nothing slow is imported here."""

import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

SIGNALED = 128  # and the number of the signal: the exit code of a process that one ended, as a shell reports it
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
APART = 0.5  # seconds between a first signal and a second one
ENDED_AT_ONCE = "ended at once by a second signal: what was saved before it is kept"


@contextmanager
def second_signal_ends() -> Iterator[None]:
    """Let a second Ctrl-C or SIGTERM end the process at once, also while TensorFlow is at work in the main thread.

    Python runs its handlers between two lines of the main thread, and an epoch is one of them. So a thread is woken by
    what the signal itself writes into a socket. A second SIGHUP does not count, since a shell sends one beside the
    terminal, nor one within half a second, since `timeout` sends two.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    import socket  # here, since it is not needed until then

    woken, waking = socket.socketpair()
    waking.setblocking(False)

    before = signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)

    def watch() -> None:
        first = math.inf
        while numbers := woken.recv(64):
            if before >= 0:  # another's, asyncio's say, who waits for them
                with suppress(OSError):
                    os.write(before, numbers)
            for number in numbers:
                if time.monotonic() > first + APART and number in (signal.SIGINT, signal.SIGTERM):
                    _end_by(number)
                first = min(first, time.monotonic()) if number in SIGNALS else first
        woken.close()

    threading.Thread(target=watch, daemon=True, name="second signal").start()
    _waking.append(waking.fileno())
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        _waking.pop()
        waking.close()


def _end_by(number: int) -> NoReturn:
    """End the process, and say so where that is possible: a pipe may be full, and a terminal gone."""

    def tell() -> None:
        with suppress(OSError):
            os.write(2, f"{ENDED_AT_ONCE}\n".encode())

    telling = threading.Thread(target=tell, daemon=True)
    telling.start()
    telling.join(timeout=0.5)
    os._exit(SIGNALED + number)


def _forget_in_child() -> None:
    """Let the signals of a forked child wake no thread of its parent."""
    if _waking:
        signal.set_wakeup_fd(-1)


_waking: list[int] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
