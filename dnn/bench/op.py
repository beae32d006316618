"""An op beside its reference: both are timed in turn, in graph mode, and held against the traffic of memory."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tensorflow as tf

from dnn.bench.clock import interleaved, seconds_per_call
from dnn.bench.markdown import duration, share, table
from dnn.bench.memory import Copy
from dnn.bench.subject import Subject, gives_arrays, read_subject
from dnn.testing.law import told
from dnn.testing.modes import assert_near
from dnn.testing.ops.differentiated import with_gradients
from dnn.testing.ops.subject import cotangents, is_float, outputs
from dnn.train.runtime import concrete_function

COLUMNS = ("size", "what", "op", "reference", "reference / op", "op, of the roof", "reference, of the roof")
IN_A_GRAPH = "both are timed in graph mode; check_op is what takes a reference in NumPy"
ULPS, FEW_DIGITS = 1024, 16  # a guard; the proof is check_op. Of bfloat16, 16 are an eighth


@dataclass(frozen=True)
class Effort:
    """at_least: seconds of calls in a repetition. megabytes: of the array that is copied."""

    repetitions: int = 9
    at_least: float = 0.1
    megabytes: int = 256


QUICK = Effort(3, 0.01, 64)


@dataclass(frozen=True)
class Timing:
    """Seconds of a call in each repetition. roof: seconds that its bytes need at the bandwidth of memory."""

    size: int
    what: str
    op: list[float]
    reference: list[float]
    roof: float
    bandwidth: float

    @property
    def ratios(self) -> list[float]:
        return [reference / op for op, reference in zip(self.op, self.reference, strict=True)]


def measured(path: Path, *, quick: bool) -> str:
    """What a file's op takes beside its reference, a Markdown table and how it was measured.

    Raises: OSError and ValueError for a file that cannot be read, run, or timed, or whose two functions differ.
    """
    subject, effort = read_subject(path), QUICK if quick else Effort()
    try:
        found = list(timings(subject, effort))
    except Exception as error:
        raise ValueError(f"{path}: {told(error)}") from error
    slowest, fastest = (each(timing.bandwidth for timing in found) / 1e9 for each in (min, max))
    return f"""{table(COLUMNS, map(_cells, found))}

A call takes the median (least to most) of {effort.repetitions} repetitions in turn, in graph mode.
The roof is the traffic of memory, each argument and result once, as fast as a large copy meanwhile: {slowest:.3g} to
{fastest:.3g} GB/s, read and written. More than 100% comes from a cache."""


def timings(subject: Subject, effort: Effort) -> Iterator[Timing]:
    """Of each size, forward, and with the gradients by its arguments of floats.

    Raises: AssertionError where the op and the reference do not give the same.
    """
    copy = Copy(effort.megabytes)
    for size in subject.sizes:
        arguments = subject.arguments(size)
        weights = list(map(tf.constant, cotangents(outputs(subject.op, arguments))))
        yield _timing(size, "forward", partial(_forward, subject, arguments), copy, effort)
        if subject.gradient and weights and any(map(is_float, arguments)):
            what = "forward + gradient"
            yield _timing(size, what, partial(_with_gradient, subject, arguments, weights), copy, effort)


def _timing(size: int, what: str, calls: Callable, copy: Copy, effort: Effort) -> Timing:
    """calls: () -> what to time by name, "op" and "reference", and the tensors that it reads."""
    runs, read = calls()
    op, reference = (tf.nest.flatten(run()) for run in runs.values())
    if len(op) != len(reference):
        raise AssertionError(f"size {size}, {what}: the op has {len(op)} results, the reference {len(reference)}")
    for place, (one, other) in enumerate(zip(op, reference, strict=True)):
        ulps = ULPS if one.dtype.size >= 4 else FEW_DIGITS
        assert_near(one, other, f"size {size}, {what}, result {place} of the op beside the reference", ulps=ulps)
    clocks = {name: partial(seconds_per_call, run, effort.at_least) for name, run in runs.items()}
    seconds = interleaved(clocks | {"copy": copy.seconds}, effort.repetitions)
    bandwidth = copy.bandwidth(min(seconds["copy"]))
    traffic = sum(tensor.dtype.size * int(tf.size(tensor)) for tensor in [*read, *op])
    return Timing(size, what, seconds["op"], seconds["reference"], traffic / bandwidth, bandwidth)


def _forward(subject: Subject, arguments):
    return {name: _called(name, function, outputs, arguments) for name, function in subject.both()}, arguments


def _with_gradient(subject: Subject, arguments, weights):
    runs = {name: _called(name, f, with_gradients, arguments, weights) for name, f in subject.both()}
    return runs, [*arguments, *weights]


def _called(name: str, function: Callable, results: Callable, arguments, *weights) -> Callable:
    """A call of it in graph mode, traced here: to look up the trace would take most of a small call.

    Raises: TypeError where it cannot be traced since it computes with NumPy.
    """
    try:
        return partial(concrete_function(partial(results, function), arguments, *weights), arguments, *weights)
    except Exception as error:
        if "numpy array" in str(error) or gives_arrays(function, arguments):
            raise TypeError(f"{name} must be of TensorFlow here, not of NumPy: {IN_A_GRAPH}") from error
        raise


def _cells(timing: Timing) -> tuple[str, ...]:
    ratios = timing.ratios
    shares = [share(timing.roof / statistics.median(seconds)) for seconds in (timing.op, timing.reference)]
    return (
        f"{timing.size:,}",
        timing.what,
        _spread(timing.op),
        _spread(timing.reference),
        f"{statistics.median(ratios):.2f} × ({min(ratios):.2f} to {max(ratios):.2f})",
        *shares,
    )


def _spread(seconds: list[float]) -> str:
    return f"{duration(statistics.median(seconds))} ({duration(min(seconds))} to {duration(max(seconds))})"
