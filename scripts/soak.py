"""A soak: many fits and predictions in one process, while memory and file descriptors are watched.

    python scripts/soak.py --minutes 10        # predictions in 8 threads beside a fit, then fits again and again
    python scripts/soak.py --fits 1000         # file descriptors over so many small fits

First, threads predict with one model while another is trained: each prediction must be that of one thread, bit for bit.
Then fits of the same objects are repeated, some of them with checkpoints, and new models are made, fitted, saved, read
and forgotten. A line a minute has the steps, the resident memory, the file descriptors and the threads of the process.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import dnn

ROWS, FEATURES, BATCH = 2880, 51, 32
STEPS = ROWS // BATCH  # of an epoch
ROUNDS = 500  # of predictions beside a fit
WARM_UP = 0.2  # share of the time after which memory is compared with that at the end


class Usage(NamedTuple):
    """What the process holds: megabytes in memory, open file descriptors, threads."""

    megabytes: float
    descriptors: int
    threads: int


def usage() -> Usage:
    """Return what this process holds now, as Linux tells it."""
    status = Path("/proc/self/status").read_text("utf-8").splitlines()
    told = {name: value.split()[0] for name, _, value in (line.partition(":") for line in status) if value.split()}
    return Usage(int(told["VmRSS"]) / 1024, len(list(Path("/proc/self/fd").iterdir())), int(told["Threads"]))


def table(seed: int, rows: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Return random rows whose class depends on the first feature."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(rows, FEATURES)).astype(np.float32)
    return x, (x[:, 0] + generator.normal(size=rows) > 0).astype(int)


def fit_of(model: Any, optimizer: Any, data: tuple[np.ndarray, np.ndarray], **options: Any) -> Any:
    """Fit as all fits here do."""
    loss = dnn.sparse_softmax_cross_entropy
    return dnn.fit(model, data, data, loss=loss, optimizer=optimizer, batch_size=BATCH, **options)


def predictions_beside_a_fit(threads: int, rounds: int) -> tuple[int, int, list[str]]:
    """Predict in several threads, four batches a round, at least until one fit has run beside.

    Returns:
        The number of predictions, that of fits, and what differed from one thread or failed.
    """
    model, trained = dnn.mlp([FEATURES, 30, 30, 2], seed=1), dnn.mlp([FEATURES, 30, 30, 2], seed=2)
    batches = [table(seed, rows)[0] for seed, rows in enumerate((1, 7, 300, 2000))]
    expected = [dnn.predict(model, batch) for batch in batches]
    problems: list[str] = []
    counts, fitted = [0] * threads, threading.Event()

    def predict(number: int) -> None:
        try:
            done = 0
            while done < rounds or not fitted.is_set():
                done += 1
                for batch, logits in zip(batches, expected, strict=True):
                    if not np.array_equal(dnn.predict(model, batch), logits):
                        problems.append(f"thread {number}: {len(batch)} rows were predicted otherwise")
                    counts[number] += 1
        except Exception as error:
            problems.append(f"thread {number}: {error!r}")

    running = [threading.Thread(target=predict, args=[number]) for number in range(threads)]
    for thread in running:
        thread.start()
    optimizer, data = dnn.Adam(trained.trainable_variables), table(9)
    fits = 0
    while any(thread.is_alive() for thread in running):
        fit_of(trained, optimizer, data, epochs=2)
        fits += 1
        fitted.set()
    return sum(counts), fits, problems


class Soak:
    """Fits and predictions of the same objects, and now and then of new ones; counts the steps."""

    def __init__(self) -> None:
        self.data, self.steps, self.fits, self.predictions, self.models = table(0), 0, 0, 0, 0
        model, small = dnn.mlp([FEATURES, 30, 30, 2], seed=0), dnn.mlp([FEATURES, 30, 30, 2], seed=0)
        self.pairs = [(model, dnn.Adam(model.trainable_variables)), (small, dnn.MlpAdam(small))]

    def round(self, new: bool, folder: Path) -> None:
        """Fit each pair of model and optimizer for 20 epochs, and predict; if `new`, a model that is made here too."""
        for model, optimizer in self.pairs:
            self._fit(model, optimizer)
        self._fit(*self.pairs[0], epochs=4, checkpoint=folder / f"{self.fits}")
        if new:
            model = dnn.Sequential([dnn.Dense(FEATURES, 16, seed=0, activation=dnn.relu), dnn.Dense(16, 2, seed=1)])
            self._fit(model, dnn.Adam(model.trainable_variables), epochs=2)
            dnn.save(model, folder / f"model-{self.models}")
            self.models += 1

    def _fit(self, model: Any, optimizer: Any, epochs: int = 20, **options: Any) -> None:
        fit_of(model, optimizer, self.data, epochs=epochs, jit_compile=False, **options)
        for rows in (1, 100, ROWS):
            dnn.predict(model, self.data[0][:rows])
        self.fits, self.predictions, self.steps = self.fits + 1, self.predictions + 3, self.steps + epochs * STEPS


def soak(seconds: float, tell: Callable[[str], object]) -> tuple[Usage, Usage]:
    """Repeat fits for so long, and tell of it each minute; return the usage after a while and in the end."""
    soaked, begin, told, warm = Soak(), time.monotonic(), 0.0, None
    while (passed := time.monotonic() - begin) < seconds:
        with tempfile.TemporaryDirectory() as folder:
            soaked.round(soaked.fits % 10 == 0, Path(folder))
        if warm is None and passed >= WARM_UP * seconds:
            warm = usage()
        if passed - told >= 60:
            told = passed
            now = usage()
            done = f"{soaked.steps:,} steps, {soaked.fits:,} fits, {soaked.predictions:,} predictions"
            held = f"{now.megabytes:,.0f} MB, {now.descriptors} descriptors, {now.threads} threads"
            tell(f"{passed / 60:4.0f} min: {done}, {soaked.models} new models; {held}")
    return warm or usage(), usage()


def descriptors_over_fits(fits: int) -> tuple[int, int]:
    """Return the open file descriptors after a first fit of one epoch, and after so many more of the same objects."""
    model, data = dnn.mlp([FEATURES, 8, 2], seed=0), table(0, 64)
    optimizer = dnn.Adam(model.trainable_variables)
    counts = []
    for _ in range(fits + 1):
        fit_of(model, optimizer, data)
        counts.append(usage().descriptors)
    return counts[0], max(counts)


def main() -> None:
    """Run what the options ask for; exit 1 if a prediction was another one or descriptors became more."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--fits", type=int, default=0)
    options = parser.parse_args()
    dnn.start_quietly()
    problems: list[str] = []
    if options.fits:
        first, most = descriptors_over_fits(options.fits)
        print(f"{options.fits:,} fits of the same objects: {first} descriptors after the first, at most {most} then")
        problems += [f"{most - first} descriptors more"] * (most > first)
    else:
        count, fits, problems = predictions_beside_a_fit(options.threads, ROUNDS)
        print(f"{options.threads} threads beside {fits} fits: {count:,} predictions, {len(problems)} wrong", flush=True)
        warm, end = soak(60 * options.minutes, lambda line: print(line, flush=True))
        print(
            f"memory {warm.megabytes:,.0f} MB after a fifth of the time, {end.megabytes:,.0f} MB in the end; "
            f"descriptors {warm.descriptors} and {end.descriptors}, threads {warm.threads} and {end.threads}"
        )
    raise SystemExit("\n".join(problems) or 0)


if __name__ == "__main__":
    main()
