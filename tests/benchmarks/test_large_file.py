"""A peer that does not fit in memory is a line of the result, and memory is that of one process."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.answers import Failure
from benchmarks.questions import large_file

FREE = "; 9 GB of memory are free"


@pytest.mark.parametrize(
    "ends", [(-9, "", "ended by SIGKILL"), (1, "Traceback …\nMemoryError\n", "MemoryError"), (3, "", "ended with 3")]
)
def test_a_peer_that_fails_runs_once_and_is_a_line_of_the_result(ends, monkeypatch):
    code, stderr, reason = ends
    called = []

    def run(who, path):
        called.append(who)
        if who == "polars":
            raise subprocess.CalledProcessError(code, [], "", stderr)
        return {"seconds": 2.0, "megabytes": 60.0 if who == "dnn" else 100.0, "check": 1.0}

    monkeypatch.setattr(large_file, "in_a_process", run)
    monkeypatch.setattr(large_file, "free_memory", lambda: 9e9)
    failed = {}
    ended = {who: [large_file.measured(who, Path(), failed) for _ in range(2)] for who in ("dnn", "pandas", "polars")}
    assert called == ["dnn", "dnn", "pandas", "pandas", "polars"]
    for rows, aim in ((1_000, None), (10_000_000, 3.0)):
        found = large_file.compared(rows, 20.0, ended, failed)
        assert [(each.against, each.unit, each.median) for each in found.answers] == [
            ("pandas and scikit-learn", "s", 1.0),
            ("pandas and scikit-learn", "MB", 0.6),
            ("the size of the file", "MB", 3.0),
        ]
        assert found.answers[-1].aim == aim
        job = f"a CSV of {rows:,} rows × 51 columns to features"
        assert found.failures == [Failure(job, "polars and scikit-learn", reason + FREE)]
        assert found.notes == [f"{job}: dnn took 2.0, 2.0 s"]


def test_a_peer_that_stands_still_is_ended_and_told(monkeypatch):
    monkeypatch.setattr(large_file, "LONGEST", 0.01)
    monkeypatch.setattr(large_file, "free_memory", lambda: 9e9)
    failed = {}
    assert large_file.measured("polars", Path("absent.csv"), failed) == {}
    assert failed == {"polars": "nothing after 0 s; 9 GB of memory are free"}


def test_we_may_not_fail(monkeypatch):
    monkeypatch.setattr(
        large_file, "in_a_process", lambda *_: subprocess.run([sys.executable, "-c", "1/0"], check=True)
    )
    with pytest.raises(subprocess.CalledProcessError):
        large_file.measured("dnn", Path(), {})


def test_the_peak_of_a_process_is_not_that_of_its_parent():
    memory = bytearray(300_000_000)
    memory[::4096] = b"1" * len(memory[::4096])
    code = "from benchmarks.questions.large_file import *; before = peak_memory(); held = bytearray(90_000_000); "
    code += "print(before, peak_memory())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=Path(__file__).parents[2])
    before, after = map(int, ended.stdout.split())
    assert before < 200_000_000
    assert after > before + 80_000_000
