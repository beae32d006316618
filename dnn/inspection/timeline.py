"""Where the microseconds of a training step go: each operation's time, as TensorFlow's profiler measures it.

TensorFlow notes every operation of a graph while it takes all of them for expensive, which it unlearns after some 80
runs; so a freshly traced step is profiled, after a few runs to warm up.
"""

import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import tensorflow as tf

from dnn.inspection.graph_operations import NOWHERE, GraphOperation, SourceLine
from dnn.inspection.traced_names import TracedNames, is_of_optimizer
from dnn.inspection.traced_step import TracedStep
from dnn.train.runtime import trace

WARM_UP, RUNS, SETTLED_RUNS, EPOCHS = 5, 30, 100, 7
EVENT = re.compile(r"(?P<name>[\w./<>-]+):(?P<kind>\w+)")
STEP = "dnn_explained_step"


class OperationTime(NamedTuple):
    """The time of an operation in a step, the median of all runs.

    kind: what TensorFlow ran, which may be fused. line, stage: as of a `GraphOperation`.
    """

    name: str
    kind: str
    line: SourceLine
    stage: SourceLine
    microseconds: float


class Event(NamedTuple):
    """An operation while it ran: microseconds since the step began, and the number of its thread."""

    name: str
    kind: str
    thread: int
    start: float
    duration: float


class StepTimes(NamedTuple):
    """Times of a step in microseconds, medians; or the reason why there are none.

    plain, profiled: of the same number of runs, without the profiler and with it. settled: of later runs, without it.
    in_epoch: of one step in an epoch of `fit`, in graph mode. events: of one step, that with the median time.
    """

    operations: list[OperationTime]
    events: list[Event]
    plain: float
    profiled: float
    settled: float
    in_epoch: float
    reason: str = ""


def step_times(step: TracedStep, operations: Sequence[GraphOperation]) -> StepTimes:
    """Run a step that was never run, and measure it. The caller puts back the variables.

    Args:
        step: a step, just traced.
        operations: those of its graph.

    Returns:
        The times.
    """
    _median_time(step.run, WARM_UP)
    plain = _median_time(step.run, RUNS)
    try:
        space = _profiled(step.run)
    except tf.errors.AlreadyExistsError:
        return StepTimes([], [], plain, 0, 0, 0, "another profiler is running")
    except ImportError:
        return StepTimes([], [], plain, 0, 0, 0, "this TensorFlow has no module that reads what its profiler writes")
    names = TracedNames(operations)
    steps = [*steps_in(space, names)]
    if not any(events for _, events in steps):
        return StepTimes([], [], plain, 0, 0, 0, "TensorFlow's profiler noted none on the processor")
    settled = _median_time(step.run, SETTLED_RUNS)
    epoch = trace(step.epoch)
    epoch(*step.epoch_arguments)
    in_epoch = _median_time(lambda: epoch(*step.epoch_arguments).numpy(), EPOCHS) / step.steps
    profiled = median(duration for duration, _ in steps)
    nearest = min(steps, key=lambda each: abs(each[0] - profiled))
    found = _operation_times([events for _, events in steps], names)
    return StepTimes(found, nearest[1], plain, profiled, settled, in_epoch)


def _median_time(run: Callable[[], object], runs: int) -> float:
    """Return the microseconds of a run, the median."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times) * 1e6


def _profiled(run: Callable[[], object]) -> Any:
    """Run a step often under the profiler, and return what it wrote, an XSpace."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2  # here, since no other command needs it

    profiler = tf.profiler.experimental
    with tempfile.TemporaryDirectory() as folder:
        profiler.start(folder, profiler.ProfilerOptions(host_tracer_level=3, python_tracer_level=0))
        try:
            for index in range(RUNS):
                with profiler.Trace(STEP, step_num=index):
                    run()
        finally:
            profiler.stop()
        space = xplane_pb2.XSpace()
        for path in Path(folder).rglob("*.xplane.pb"):
            space.MergeFromString(path.read_bytes())
    return space


def steps_in(space: Any, names: TracedNames) -> Iterator[tuple[float, list[Event]]]:
    """Yield for each step its time, and the operations that ran in it.

    The profiler notes all threads of the process: what is not of the step's graph, another thread ran.

    Args:
        space: what the profiler wrote.
        names: of the step's graph.
    """
    events = [*_events(space)]
    ran = [(event, found) for event in events if (found := EVENT.fullmatch(event.name))]
    ran = [(event, found) for event, found in ran if is_of_optimizer(found["name"]) or names.find(found["name"])]
    for step in events:
        if step.name.startswith(STEP):
            end = step.start + step.duration
            inside = [
                Event(found["name"], found["kind"], event.thread, event.start - step.start, event.duration)
                for event, found in ran
                if step.start <= event.start < end
            ]
            yield step.duration, inside


def _events(space: Any) -> Iterator[Event]:
    """Yield what happened on the processor's threads; times of operations are without those that they call."""
    lines = (
        line for plane in space.planes if plane.name == "/host:CPU" for line in [(plane, each) for each in plane.lines]
    )
    for thread, (plane, line) in enumerate(lines):
        for event in line.events:
            name = plane.event_metadata[event.metadata_id].name
            start = line.timestamp_ns / 1e3 + event.offset_ps / 1e6
            yield Event(name, "", thread, start, event.duration_ps / 1e6)


def own_times(events: Iterable[Event]) -> dict[str, float]:
    """Return the time of each operation by name, without that of operations which ran inside it, on its thread.

    Args:
        events: of one step.

    Returns:
        Microseconds; of an operation that ran often, as in a loop, all together.
    """
    times: dict[str, float] = defaultdict(float)
    open_events: dict[int, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda each: (each.start, -each.duration)):
        around = open_events[event.thread]
        while around and around[-1].start + around[-1].duration <= event.start:
            around.pop()
        if around:
            times[around[-1].name] -= event.duration
        times[event.name] += event.duration
        around.append(event)
    return times


def _operation_times(steps: Sequence[Sequence[Event]], names: TracedNames) -> list[OperationTime]:
    """Return the median time of each operation; in a step where it did not run it took none."""
    each_step = [own_times(events) for events in steps]
    kinds = {event.name: event.kind for events in steps for event in events}
    times = []
    for name, kind in kinds.items():
        traced = names.find(name)
        line, stage = (traced.line, traced.stage) if traced else (NOWHERE, NOWHERE)
        times.append(OperationTime(name, kind, line, stage, median(each.get(name, 0.0) for each in each_step)))
    return times
