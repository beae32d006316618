"""What changes the bits of a fit on this machine: a hash of the weights after a small one, under each setting.

    python scripts/bits.py

Each setting is a process of its own, since TensorFlow reads most of them when it starts. The first setting is run
twice. Two hashes that are equal are the same bits of all weights and of the history; `docs/limits.md` has the result.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from typing import NamedTuple

ROWS, EPOCHS = 2000, 5


class Setting(NamedTuple):
    """A way to run the fit. cpus: of the process; threads: of TensorFlow; jit: under XLA."""

    name: str
    jit: bool = False
    one_dnn: bool = True
    cpus: int | None = None
    threads: int | None = None
    hidden: int = 30


def settings(cpus: int) -> list[Setting]:
    """Return the settings to compare, the usual one first, for a small network and for a wide one."""
    found = []
    for hidden in (30, 512):
        size = f"{hidden} units"
        found += [Setting(f"{size}, graph", hidden=hidden), Setting(f"{size}, graph, again", hidden=hidden)]
        found += [Setting(f"{size}, XLA", jit=True, hidden=hidden)]
        for jit, mode in ((False, "graph"), (True, "XLA")):
            found += [Setting(f"{size}, {mode}, without oneDNN", jit, one_dnn=False, hidden=hidden)]
            found += [Setting(f"{size}, {mode}, 1 thread", jit, threads=1, hidden=hidden)]
            if cpus > 1:
                found += [Setting(f"{size}, {mode}, 1 core of {cpus}", jit, cpus=1, hidden=hidden)]
    return found


def fit_hash(jit: bool, threads: int, hidden: int) -> str:
    """Return a hash of the weights and the history of a fit."""
    import numpy as np
    import tensorflow as tf

    import dnn

    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(ROWS, 51)).astype(np.float32)
    y = (x[:, 0] + generator.normal(size=ROWS) > 0).astype(int)
    model = dnn.mlp([51, hidden, hidden, 2], seed=0)
    optimizer = dnn.Adam(model.trainable_variables)
    loss = dnn.sparse_softmax_cross_entropy
    history = dnn.fit(model, (x, y), loss=loss, optimizer=optimizer, epochs=EPOCHS, jit_compile=jit)
    digest = hashlib.sha256(repr(history["loss"]).encode())
    for value in dnn.get_weights(model):
        digest.update(value.tobytes())
    return digest.hexdigest()[:12]


def hash_under(setting: Setting) -> str:
    """Run the fit in a process under this setting, and return its hash."""
    environment = os.environ | {"TF_ENABLE_ONEDNN_OPTS": str(int(setting.one_dnn)), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, "--fit", str(int(setting.jit)), str(setting.threads or 0), str(setting.hidden)]

    def bind() -> None:
        if setting.cpus:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: setting.cpus])

    run = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", preexec_fn=bind, check=True)
    return run.stdout.strip()


def main() -> None:
    """Print a line for each setting, with a letter for each hash."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", nargs=3, metavar=("JIT", "THREADS", "HIDDEN"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.fit:
        jit, threads, hidden = map(int, arguments.fit)
        print(fit_hash(bool(jit), threads, hidden))
        return
    for setting in settings(len(os.sched_getaffinity(0))):
        print(f"{hash_under(setting)}  {setting.name}", flush=True)


if __name__ == "__main__":
    main()
