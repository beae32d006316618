"""Train one network, then several at once: python -m benchmarks.programs.ensemble_memory PEER OPTIONS MEMBERS ROWS

OPTIONS are those of the peer's `Trainer`, as JSON. It prints by how many MB of resident memory the several exceed, at
their peak, what the process had after the one: first uses of the tool are in neither. It reads /proc, as Linux has it.
"""

import json
import re
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.jobs import Job

PROCESS = Path("/proc/self")


def main(peer: str, options: str, members: int, rows: int) -> None:
    """Train two epochs of one network, and two of the several."""
    module = import_module(f"benchmarks.peers.{peer}")
    job = Job("", (51, 30, 30, 2), 100, rows)

    def trained(count: int) -> object:
        trainer = module.Trainer(job, members=count, **json.loads(options))
        trainer.epoch_seconds(1)
        return trainer

    alone = trained(1)  # stays, so that nothing that it has is taken for the others
    (PROCESS / "clear_refs").write_text("5", "utf-8")  # the peak begins anew
    before = megabytes("VmRSS")
    together = trained(members)
    print(megabytes("VmHWM") - before)
    del alone, together


def megabytes(name: str) -> float:
    """Return what the kernel says of this process: VmRSS is its resident memory, VmHWM the peak."""
    found = re.search(rf"{name}:\s*(\d+) kB", (PROCESS / "status").read_text("utf-8"))
    if not found:
        raise RuntimeError(f"/proc/self/status has no {name}")
    return int(found[1]) / 1024


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
