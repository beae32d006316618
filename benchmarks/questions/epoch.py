"""How long does an epoch of a small network take, on rows like those of the bank's clients?"""

from benchmarks.answers import Findings
from benchmarks.comparison import Run, training_answers
from benchmarks.contenders import TRAINERS
from benchmarks.jobs import Job, loaded

SIZES, BATCH, ROWS = (51, 30, 30, 2), 100, 8_929
AIMS = {
    "Keras fit": 30,
    "Keras fit, best settings": 15,
    "PyTorch eager": 5,
    "scikit-learn MLPClassifier": 5,
    "JAX + optax, lax.scan": 0.95,
}


def bank(run: Run) -> Job:
    """Return the job: with drawn rows, or those of the run's file."""
    if run.data is None:
        return Job(f"an epoch of {ROWS:,} rows, 51-30-30-2, batch {BATCH}", SIZES, BATCH, ROWS)
    x, y = loaded(run.data)
    sizes = (x.shape[1], 30, 30, int(y.max()) + 1)
    name = f"an epoch of {len(x):,} rows, {'-'.join(map(str, sizes))}, batch {BATCH}"
    return Job(name, sizes, BATCH, len(x), run.data)


def findings(run: Run) -> Findings:
    """Answer it for all trainers."""
    return training_answers(run, TRAINERS, bank(run), epochs=2 if run.quick else 5, aims=AIMS)
