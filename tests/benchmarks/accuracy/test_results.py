"""What was measured stays when a run is killed, the next one goes on, and two processes do no job twice."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dnn
from benchmarks.accuracy.method import Fitted, Method
from benchmarks.accuracy.results import Job, ResultsFile
from benchmarks.accuracy.runs import jobs, run
from benchmarks.accuracy.tables import Source

HOME = Path(dnn.__file__).parent.parent
COLUMNS = {"x": np.arange(60.0), "y": np.array(["no", "yes"] * 30, object)}
SOURCES = [Source(name, "development", "", "y", lambda: COLUMNS) for name in ("one", "other")]
HOLD = """
import sys
from pathlib import Path
from benchmarks.accuracy.results import Job, ResultsFile
with ResultsFile(Path(sys.argv[1])) as file, file.claim(Job("one", "method", 0)) as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""


def method(done: list, stop_at: int = -1, settings=None, fail: bool = False) -> Method:
    """A method that notes what it did, guesses, and is interrupted at one job."""

    def fit(split, threads):
        if len(done) == stop_at:
            raise KeyboardInterrupt
        if fail:
            raise ValueError("too few rows")
        done.append(split.seed)
        return Fitted(lambda part: np.full((len(part.target), 2), 0.5))

    return Method("method", fit, settings or {}, (), "network")


@pytest.fixture
def go(tmp_path):
    """A function that runs a method on two tables and two seeds; it returns what is in the results file."""

    def run_and_read(made: Method):
        run(file, SOURCES, [made], range(2), tell=lambda line: None)
        return file.read()

    with ResultsFile(tmp_path / "results.jsonl") as file:
        run_and_read.file = file
        yield run_and_read


def test_an_interrupted_run_goes_on_where_it_stopped(go):
    first, second = [], []
    with pytest.raises(KeyboardInterrupt):
        go(method(first, stop_at=3))
    assert len(go.file.read()) == 3
    results = go(method(second))
    assert (len(first), second) == (3, [1])  # the last table of the last seed
    assert list(results) == jobs(SOURCES, [method([])], range(2))
    assert all(result["accuracy"] == 0.5 for result in results.values())


def test_a_line_that_was_not_written_to_its_end_is_done_again(go):
    go(method([]))
    text = go.file.path.read_text("utf-8")
    go.file.path.write_text(text[: len(text) - 200], "utf-8")
    again = []
    results = go(method(again))
    assert again == [1]
    assert len(results) == 4


def test_other_settings_are_another_result_and_the_same_are_not_done_twice(go):
    done = []
    for settings in ({"units": 3}, {"units": 4}, {"units": 4}):
        go(method(done, settings=settings))
    assert len(done) == 8


def test_a_failure_is_kept_in_its_line_and_tried_again(go):
    failed = go(method([], fail=True))
    assert {result["error"] for result in failed.values()} == {"ValueError: too few rows"}
    done = []
    results = go(method(done))
    assert len(done) == 4
    assert not any("error" in result for result in results.values())


def test_a_job_of_another_process_is_left_to_it_until_that_is_killed(go, tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "results.jsonl")]
    environment = os.environ | {"PYTHONPATH": str(HOME)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=HOME, env=environment, encoding="utf-8", **pipes) as other:
        assert other.stdout.readline() == "True\n"
        results = go(method([]))
        assert Job("one", "method", 0) not in results
        assert len(results) == 3
        other.kill()
    assert len(go(method([]))) == 4


def test_a_table_of_many_rows_has_three_seeds():
    many = Source("many", "development", "", "y", lambda: COLUMNS, many_rows=True)
    assert [job.seed for job in jobs([many], [method([])], range(10))] == [0, 1, 2]
