"""Forks: a forked process has none of the threads of TensorFlow, and what waits for them would wait forever.

So `fit`, `evaluate` and `predict` refuse there at once, by a flag that the fork itself sets.
"""

import os
import threading

from tensorflow.python.eager import context  # nothing public tells whether the runtime has started

_threads_lost = threading.Event()


def refuse_after_fork() -> None:
    """Raise a RuntimeError if TensorFlow was started before this process was forked."""
    if _threads_lost.is_set():
        raise RuntimeError(
            "this process was forked after TensorFlow had started, whose threads do not survive a fork: start it with "
            'multiprocessing.get_context("spawn"), or fork before the first call of TensorFlow'
        )


def _note_fork() -> None:
    started = context.context_safe()
    if started is not None and started._initialized:
        _threads_lost.set()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_note_fork)
