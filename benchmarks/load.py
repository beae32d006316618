"""What else the machine did while something was measured: load averages, stolen time, and other programs' share."""

import os
import threading
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PROC = Path("/proc")
OTHERS, STOLEN, AVERAGE = (
    0.05,
    0.02,
    0.7,
)  # above one of them a machine is loaded; the last where the others are unknown
PAUSE = 2.0  # seconds


@dataclass(frozen=True)
class Load:
    """The load of a machine during a measurement.

    Args:
        before: The load average of a minute when it began; None where there is none.
        during: The mean of those while it ran.
        after: That when it ended.
        others: The share of all cores' time that other programs took; None where nobody counts it.
        stolen: The share that the hypervisor gave to other machines.
    """

    before: float | None = None
    during: float | None = None
    after: float | None = None
    others: float | None = None
    stolen: float | None = None

    @property
    def reason(self) -> str | None:
        """Why the machine counts as loaded; None if it does not."""
        if self.others is not None and self.others > OTHERS:
            return f"other programs took {self.others:.0%} of the processor"
        if self.stolen is not None and self.stolen > STOLEN:
            return f"{self.stolen:.0%} of the processor was stolen by other machines"
        if self.others is None and self.before is not None and self.before > AVERAGE:
            return f"the load was {self.before:.1f} when it began"
        return None

    def to_json(self) -> dict[str, Any]:
        """Return the fields, and why it counts as loaded."""
        return asdict(self) | {"loaded": self.reason}


@dataclass
class Watch:
    """Watches the machine within a `with` block; `load` is what it saw."""

    load: Load = field(default_factory=Load)

    def __enter__(self) -> "Watch":
        self._averages, self._ended = [average()], threading.Event()
        self._began, self._times = time.perf_counter(), processor_seconds()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        seconds, times, end = time.perf_counter() - self._began, processor_seconds(), average()
        averages = [seen for seen in self._averages if seen is not None]
        during = sum(averages) / len(averages) if averages else None
        shares: tuple[float | None, float | None] = (None, None)
        if times and self._times:
            busy, stolen, own = (now - then for now, then in zip(times[:3], self._times[:3], strict=True))
            cores = times[3]
            shares = max(0.0, busy - own) / (seconds * cores), stolen / (seconds * cores)
        self.load = Load(self._averages[0], during, end, *shares)

    def _look(self) -> None:
        while not self._ended.wait(PAUSE):
            self._averages.append(average())


def idle_load() -> Load:
    """Return the load of the next seconds, in which this program does nothing."""
    with Watch() as watch:
        time.sleep(PAUSE)
    return watch.load


def average() -> float | None:
    """Return the load average of the last minute; None on Windows, which has none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def processor_seconds() -> tuple[float, float, float, int] | None:
    """Return the seconds that all cores were busy, those stolen, those of this program and its children; and the cores.

    None where there is no /proc/stat.
    """
    try:
        lines = (PROC / "stat").read_text("utf-8").splitlines()
    except OSError:
        return None
    user, nice, system, _, _, irq, softirq, stolen = map(int, lines[0].split()[1:9])
    ticks = os.sysconf("SC_CLK_TCK")
    cores = sum(line.startswith("cpu") for line in lines) - 1
    return (user + nice + system + irq + softirq) / ticks, stolen / ticks, own_ticks() / ticks, cores


def own_ticks() -> int:
    """Return the ticks of this process, its descendants, and those of them that have ended."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    ticks: dict[int, int] = {}
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        pid = int(stat.parent.name)
        children[int(fields[1])].append(pid)
        ticks[pid] = sum(map(int, fields[11:15]))  # in user and kernel mode, and those of children that were waited for
    own, following = 0, [os.getpid()]
    while following:
        pid = following.pop()
        own += ticks.get(pid, 0)
        following += children[pid]
    return own
