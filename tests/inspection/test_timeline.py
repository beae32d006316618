"""The times of a step are medians of what the profiler wrote, which here is written by hand."""

import sys
from types import SimpleNamespace

import pytest
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from dnn.inspection import timeline
from dnn.inspection.graph_operations import NOWHERE, GraphOperation
from dnn.inspection.timeline import step_times

DURATIONS = {10.0: 1.0, 40.0: 4.0, 20.0: 3.0}  # of three steps, and of the operation in each, in microseconds
OPERATIONS = [GraphOperation("MatMul", "MatMul", "", NOWHERE, NOWHERE)]


def written():
    """A space of two threads: the steps with their product, and beside it what another graph runs meanwhile."""
    space = xplane_pb2.XSpace()
    plane = space.planes.add(name="/host:CPU")
    names = {"dnn_explained_step": 1, "MatMul:_MklMatMul": 2, "another/graph/Exp:Exp": 3}
    for name, number in names.items():
        plane.event_metadata[number].name = name
    thread, other = plane.lines.add(timestamp_ns=5000), plane.lines.add(timestamp_ns=5000)
    for index, (step, product) in enumerate(DURATIONS.items()):
        start = index * 100
        for line, number, at, duration in ((thread, 1, 0, step), (thread, 2, 2, product), (other, 3, 3, 2)):
            line.events.add(metadata_id=number, offset_ps=int(start + at) * 10**6, duration_ps=int(duration * 1e6))
    return space


@pytest.fixture
def step(monkeypatch):
    """A step that is not run: the times of runs are 1, 2, 3 and 640 µs, as the first, second, … are measured."""
    answers = iter((1.0, 2.0, 3.0, 640.0))
    runs = []
    monkeypatch.setattr(timeline, "_median_time", lambda _, count: runs.append(count) or next(answers))
    monkeypatch.setattr(timeline, "trace", lambda _: lambda: tf.constant(0.0))
    return SimpleNamespace(run=None, epoch=None, epoch_arguments=(), steps=64, counts=runs)


def test_a_step_has_the_median_time_and_the_operations_of_the_step_nearest_to_it(step, monkeypatch):
    monkeypatch.setattr(timeline, "_profiled", lambda _: written())
    times = step_times(step, OPERATIONS)
    assert step.counts == [timeline.WARM_UP, timeline.RUNS, timeline.SETTLED_RUNS, timeline.EPOCHS]
    assert (times.plain, times.profiled, times.settled, times.in_epoch) == (2.0, 20.0, 3.0, 10.0)
    assert [(each.name, each.kind, each.microseconds) for each in times.operations] == [("MatMul", "_MklMatMul", 3.0)]
    assert times.events == [timeline.Event("MatMul", "_MklMatMul", 0, 2.0, 3.0)]


def test_where_the_profiler_s_file_cannot_be_read_the_reason_is_told(step, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow.tsl.profiler.protobuf", None)
    assert step_times(step, OPERATIONS).reason == "this TensorFlow has no module that reads what its profiler writes"
