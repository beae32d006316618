"""Fit again and again: python -m benchmarks.programs.growth FITS same|new

It prints the resident memory after each fit, in MB, as JSON. It reads /proc, as Linux has it.
"""

import json
import os
import sys
from pathlib import Path

import dnn
from benchmarks.jobs import Job

JOB = Job("growth", (51, 30, 30, 2), 100, 1_000)


def main(fits: int, which: str) -> None:
    """Fit the same objects, or new ones, `fits` times."""
    objects = made()
    megabytes = []
    for _ in range(fits):
        model, optimizer = objects if which == "same" else made()
        dnn.fit(model, JOB.arrays(), loss=dnn.sparse_softmax_cross_entropy, optimizer=optimizer, batch_size=100)
        megabytes.append(resident())
    print(json.dumps(megabytes))


def made() -> tuple[dnn.Sequential, dnn.Adam]:
    """Return a model and its optimizer."""
    model = dnn.mlp(JOB.sizes, seed=0)
    return model, dnn.Adam(model.trainable_variables)


def resident() -> float:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
