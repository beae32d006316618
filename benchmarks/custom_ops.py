"""How much faster are the ops of `dnn.kernels` than the package's formulas, and than TensorFlow's own, in graph mode?

    python -m benchmarks.custom_ops

The three take turns, 21 times; a ratio is that of two neighbours in time.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import statistics
from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.custom_steps import ADAM, LOSSES, NORMALIZATIONS, Step, adam_step, loss_step, normalization_step
from dnn.bench.clock import interleaved, seconds_of
from dnn.bench.markdown import table

TURNS = 21
HEADER = (
    "what",
    "package, ms",
    "TensorFlow, ms",
    "fused, ms",
    "fused beside package",
    "beside TensorFlow",
    "traffic, MB: package, TensorFlow, fused",
)
READING = f"""
Medians of {TURNS} interleaved runs in graph mode, each a call of the step alone; how many times faster, with
quartiles. TensorFlow:
`tf.nn.sparse_softmax_cross_entropy_with_logits`, `tf.nn.moments` with `tf.nn.batch_normalization` as in Keras, and
`tf.raw_ops.ResourceApplyAdam` for each variable. Traffic is counted, not measured: what the operations of the graph
read and write, each its inputs and outputs once (`dnn.bench.traffic`); a cache saves some of it."""


def main() -> None:
    """Measure, and print the table."""
    print(table(HEADER, map(line, questions())) + "\n" + READING)


def questions() -> Iterator[tuple[str, list[Step]]]:
    """Yield what is asked, and its three steps."""
    for rows, classes in ((256, 100), (256, 1000), (256, 10_000), (64, 100_000)):
        what = f"cross-entropy and gradient, {rows:,} rows × {classes:,} classes"
        yield what, [loss_step(loss, rows, classes) for loss in LOSSES]
    for rows, size in ((256, 64), (1024, 256), (1024, 1024), (8192, 256)):
        what = f"layer normalization and gradients, {rows:,} × {size:,}"
        yield what, [normalization_step(normalization, rows, size) for normalization in NORMALIZATIONS]
    for shapes in ([(1000, 1000)] * 10, [(100, 100), (100,)] * 50, [(51, 30), (30,), (30, 30), (30,), (30, 2), (2,)]):
        parameters = sum(int(np.prod(shape)) for shape in shapes)
        what = f"Adam's step, {parameters:,} parameters in {len(shapes)} variables"
        yield what, [adam_step(make, shapes) for make in ADAM]


def line(question: tuple[str, list[Step]]) -> tuple[str, ...]:
    """Return what stands in each column."""
    what, steps = question
    times = seconds(steps)
    traffic = ", ".join(megabytes(step.traffic) for step in steps)
    return what, *(f"{statistics.median(of) * 1e3:.2f}" for of in times), *ratios(*times), traffic


def megabytes(count: int) -> str:
    """Return bytes as MB, in three digits."""
    return f"{count / 1e6:,.0f}" if count >= 1e8 else f"{count / 1e6:.3g}"


def seconds(steps: list[Step]) -> list[list[float]]:
    """Return the seconds of each step, in every turn."""
    for step in steps:
        seconds_of(step.run, 2)  # the first calls allocate
    return list(interleaved({i: partial(seconds_of, step.run) for i, step in enumerate(steps)}, TURNS).values())


def ratios(*times: list[float]) -> Iterator[str]:
    """Yield how many times faster the last is than each of the others."""
    for others in times[:-1]:
        low, middle, high = statistics.quantiles(np.divide(others, times[-1]), n=4)
        yield f"{middle:.1f} ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main()
