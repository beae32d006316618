"""How much of memory a file may take once it is unpacked: a small file may hold more than there is."""

from pathlib import Path

MAX_BYTES = 16 * 10**9  # 16 GB
OPTION = "--max-bytes N, or max_bytes=N in Python, allows more"
IN_BLOCKS = "; or dnn prepare reads it in blocks, for dnn train --data prepared"


class TooLargeError(ValueError):
    """A file that would take more memory than it may."""


def limit_of(max_bytes: int | None) -> int:
    """Return how many bytes a file may take: what was asked for, 16 GB by default, and never more than are free."""
    return min(MAX_BYTES if max_bytes is None else max_bytes, free_memory())


def refuse_beyond(path: str | Path, takes: int, max_bytes: int | None, *, about: str = "", remedy: str = "") -> None:
    """Refuse a file of which it is known what it would take. `about`: "at least ", if it is more perhaps."""
    if takes > (limit := limit_of(max_bytes)):
        allowed = MAX_BYTES if max_bytes is None else max_bytes
        which = f"more than the {limit:,} bytes that it may take; {OPTION}"
        free = f"more than the {limit:,} bytes that are free"
        told = f"{path} would take {about}{takes:,} bytes of memory, {free if limit < allowed else which}"
        raise TooLargeError(told + remedy)


def free_memory() -> int:
    """Return how many bytes this process can still get, of the machine and of its container; 2⁶³ if it is not told."""
    free = [_stated(Path("/proc/meminfo"), "MemAvailable:") * 1024]
    most, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.stat")
    if most.is_file() and (text := most.read_text("ascii").strip()).isdigit():
        free.append(max(1, int(text) - _stated(used, "anon")))
    return min((each for each in free if each), default=2**63)


def _stated(path: Path, name: str) -> int:
    """Return the number after a name in one of the kernel's files; 0 if there is none."""
    lines = path.read_text("ascii").splitlines() if path.is_file() else []
    return next((int(line.split()[1]) for line in lines if line.split()[:1] == [name]), 0)
