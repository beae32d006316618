"""Whether a process ends that another has started."""

import os
import time
from contextlib import suppress
from pathlib import Path


def gone(process: int) -> bool:
    """Whether a process ends, within a minute."""
    for _ in range(1200):
        if not _runs(process):
            return True
        time.sleep(0.05)
    return False


def _runs(process: int) -> bool:
    """Whether it has not ended: one that has may still wait to be asked for its exit code."""
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat")
        return not state.exists() or state.read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    return False
