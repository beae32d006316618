"""An op beside its reference: both are timed in turn, in graph mode, and held against the traffic of memory."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

from dnn.bench.clock import interleaved, seconds_per_call
from dnn.bench.markdown import duration, share, table
from dnn.bench.memory import Copy
from dnn.bench.subject import Subject, gives_arrays, read_subject
from dnn.ops.calling import cotangents, error_text, is_float, outputs, outputs_and_gradients
from dnn.ops.comparing import assert_near
from dnn.train.runtime import concrete_function

COLUMNS = ("size", "what", "op", "reference", "reference / op", "op, of the roof", "reference, of the roof")
IN_A_GRAPH = "both are timed in graph mode; check_op is what takes a reference in NumPy"
ULPS, FEW_DIGITS = 1024, 16  # a guard; the proof is check_op. For bfloat16, 16 are an eighth of the number


@dataclass(frozen=True)
class Effort:
    """at_least: seconds of calls in a repetition. megabytes: the size of the array that is copied."""

    repetitions: int = 9
    at_least: float = 0.1
    megabytes: int = 256


QUICK = Effort(3, 0.01, 64)


@dataclass(frozen=True)
class Timing:
    """Seconds per call in each repetition. roof: seconds that its bytes need at the bandwidth of memory."""

    size: int
    what: str
    op: list[float]
    reference: list[float]
    roof: float
    bandwidth: float

    @property
    def ratios(self) -> list[float]:
        """How many times as fast the op is as the reference, in each repetition."""
        return [reference / op for op, reference in zip(self.op, self.reference, strict=True)]


def measured(path: Path, *, quick: bool) -> str:
    """Return a Markdown table of how long a file's op takes beside its reference, and how it was measured.

    An OSError or ValueError says that the file cannot be read, run or timed, or that its two functions differ.
    """
    subject, effort = read_subject(path), QUICK if quick else Effort()
    try:
        found = list(timings(subject, effort))
    except Exception as error:
        raise ValueError(f"{path}: {error_text(error)}") from error
    slowest, fastest = (each(timing.bandwidth for timing in found) / 1e9 for each in (min, max))
    return f"""{table(COLUMNS, map(_cells, found))}

A call takes the median (least to most) of {effort.repetitions} repetitions in turn, in graph mode.
The roof is the traffic of memory, each argument and result once, as fast as a large copy meanwhile: {slowest:.3g} to
{fastest:.3g} GB/s, read and written. More than 100% comes from a cache."""


def timings(subject: Subject, effort: Effort) -> Iterator[Timing]:
    """Yield the timing of each size, forward, and with the gradients by its float arguments.

    An op and a reference that do not give the same are an AssertionError.
    """
    copy = Copy(effort.megabytes)
    for size in subject.sizes:
        arguments = subject.arguments(size)
        weights = list(map(tf.constant, cotangents(outputs(subject.op, arguments))))
        runs = {name: _traced(name, function, outputs, arguments) for name, function in subject.both()}
        yield _time_runs(size, "forward", runs, arguments, copy, effort)
        if subject.gradient and weights and any(map(is_float, arguments)):
            runs = {name: _traced(name, f, _with_gradients, arguments, weights) for name, f in subject.both()}
            yield _time_runs(size, "forward + gradient", runs, [*arguments, *weights], copy, effort)


def _time_runs(
    size: int, what: str, runs: Mapping[str, Callable[[], Any]], read: Sequence[tf.Tensor], copy: Copy, effort: Effort
) -> Timing:
    """Time the runs "op" and "reference", which must give the same. read: the tensors that they read."""
    op, reference = (tf.nest.flatten(runs[name]()) for name in ("op", "reference"))
    if len(op) != len(reference):
        raise AssertionError(f"size {size}, {what}: the op has {len(op)} results, the reference {len(reference)}")
    for index, (one, other) in enumerate(zip(op, reference, strict=True)):
        ulps = ULPS if one.dtype.size >= 4 else FEW_DIGITS
        assert_near(one, other, f"size {size}, {what}, result {index} of the op beside the reference", ulps=ulps)
    clocks = {name: partial(seconds_per_call, run, effort.at_least) for name, run in runs.items()}
    seconds = interleaved({**clocks, "copy": copy.seconds}, effort.repetitions)
    bandwidth = copy.bandwidth(min(seconds["copy"]))
    traffic = sum(tensor.dtype.size * int(tf.size(tensor)) for tensor in [*read, *op])
    return Timing(size, what, seconds["op"], seconds["reference"], traffic / bandwidth, bandwidth)


def _with_gradients(function: Callable[..., Any], arguments: Sequence[tf.Tensor], weights: Sequence[tf.Tensor]) -> Any:
    return outputs_and_gradients(function, arguments, weights)


def _traced(
    name: str, function: Callable[..., Any], call: Callable[..., Any], arguments: Sequence[tf.Tensor], *weights: Any
) -> Callable[[], Any]:
    """Return call(function, arguments, *weights) in graph mode, traced here: to look up a trace takes long."""
    try:
        return partial(concrete_function(partial(call, function), arguments, *weights), arguments, *weights)
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
