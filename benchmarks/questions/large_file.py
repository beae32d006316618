"""How long does it take from a CSV of a million rows to the features of a network, and how much memory?

    python -m benchmarks --only large_file --rows 10000000

A process of this module reads the file with one library and learns and makes the features: numbers to mean 0 and
variance 1, gaps filled by the mean, categories one-hot, float32. Imports are not counted, in memory they are. It gets
what memory is free, less one GB; a peer for which that is too little is a line of the result.
"""

import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answers import Answer, Failure, Findings
from benchmarks.comparison import Run
from dnn.bench.clock import interleaved
from dnn.data.size_limit import free_memory

NUMBERS, CATEGORIES = 34, 16  # columns, beside the target
BLOCK = 250_000  # rows that are written at once
PEERS = ("pandas", "polars")
AIM = 1.0
LONGEST = 600.0  # seconds of a process: polars stands still where it may have no more memory
MOST_OF_FILE = 3.0  # times its size that a file of ten million rows may take
SPARED = 10**9  # bytes of the free memory that no process gets, so that it fails before the machine is out of it


def findings(run: Run) -> Findings:
    """Answer it for `dnn` beside pandas and polars, each with scikit-learn's ColumnTransformer."""
    rows, repetitions = (20_000, 1) if run.quick else (1_000_000, 7)
    if run.rows:
        rows, repetitions = run.rows, 3 if run.rows > 1_000_000 else repetitions
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "large.csv")
        write_table(path, rows)
        whom = ["dnn", *(peer for peer in PEERS if find_spec(peer) and find_spec("sklearn"))]
        ended = interleaved({who: partial(measured, who, path, failed) for who in whom}, repetitions)
        megabytes = path.stat().st_size / 1e6
    checks = {each["check"] for runs in ended.values() for each in runs if each}
    if max(checks) - min(checks) > 1e-5 * max(checks):
        raise AssertionError(f"the features are not the same: {ended}")
    return compared(rows, megabytes, ended, failed)


def compared(
    rows: int, megabytes: float, ended: Mapping[str, list[dict[str, float]]], failed: Mapping[str, str]
) -> Findings:
    """Return the answers beside each peer that did not fail, and beside the size of the file."""
    job = f"a CSV of {rows:,} rows × {NUMBERS + CATEGORIES + 1} columns to features"
    peak = f"peak memory of {job}"
    values = {
        key: {who: [each[key] for each in runs] for who, runs in ended.items() if who not in failed}
        for key in ("seconds", "megabytes")
    }
    answers = [
        Answer(what, "dnn", f"{peer} and scikit-learn", of["dnn"], of[peer], unit=unit, figure="ours / theirs", aim=AIM)
        for peer in values["seconds"]
        if peer != "dnn"
        for what, unit, of in ((job, "s", values["seconds"]), (peak, "MB", values["megabytes"]))
    ]
    ours, aim = values["megabytes"]["dnn"], MOST_OF_FILE if rows >= 10_000_000 else None
    size = [megabytes] * len(ours)
    answers.append(Answer(peak, "dnn", "the size of the file", ours, size, "MB", "ours / theirs", aim))
    failures = [Failure(job, f"{who} and scikit-learn", reason) for who, reason in failed.items()]
    seconds = ", ".join(f"{each:.1f}" for each in values["seconds"]["dnn"])
    return Findings(answers, notes=[f"{job}: dnn took {seconds} s"] if failed else [], failures=failures)


def measured(who: str, path: Path, failed: dict[str, str]) -> dict[str, float]:
    """Return what `in_a_process` does; of a peer that fails, for want of memory say, nothing, and it runs once."""
    if who in failed:
        return {}
    try:
        return in_a_process(who, path)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        if who == "dnn":
            raise
        failed[who] = f"{why(error)}; {free_memory() / 1e9:.0f} GB of memory are free"
        return {}


def why(error: subprocess.CalledProcessError | subprocess.TimeoutExpired) -> str:
    """Return what ended a process: its time limit, a signal, or the last line it wrote."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"nothing after {error.timeout:.0f} s"
    if error.returncode < 0:
        return f"ended by {signal.Signals(-error.returncode).name}"
    return (str(error.stderr).strip().splitlines() or [f"ended with {error.returncode}"])[-1]


def write_table(path: Path, rows: int) -> None:
    """Write integers, decimals with and without gaps, and categories of 2 to 17 values, drawn from one seed."""
    import pyarrow as pa
    import pyarrow.csv

    random, writer = np.random.default_rng(0), None
    for first in range(0, rows, BLOCK):
        count = min(BLOCK, rows - first)
        columns: dict[str, Any] = {}
        for i in range(NUMBERS):
            values = random.integers(0, 10_000, count) if i % 3 == 0 else np.round(random.normal(size=count) * 100, 4)
            columns[f"n{i}"] = pa.array(values, mask=random.random(count) < 0.02 if i % 5 == 1 else None)
        for i in range(CATEGORIES):
            columns[f"c{i}"] = np.array([f"value {j} of {i}" for j in range(2 + i)])[random.integers(0, 2 + i, count)]
        columns["y"] = np.array(["no", "yes"])[random.integers(0, 2, count)]
        table = pa.table(columns)
        writer = writer or pa.csv.CSVWriter(
            path, table.schema, write_options=pa.csv.WriteOptions(quoting_style="needed")
        )
        writer.write(table)
    if writer:
        writer.close()


def in_a_process(who: str, path: Path) -> dict[str, float]:
    """Return what `main` measures of one library."""
    command = [sys.executable, "-m", __name__, who, str(path)]
    home = Path(__file__).parents[2]
    ended = subprocess.run(command, cwd=home, capture_output=True, encoding="utf-8", check=True, timeout=LONGEST)
    return dict(json.loads(ended.stdout.splitlines()[-1]))


def with_dnn() -> Callable[[str], Any]:
    """Return what reads a file and makes the features with `dnn`."""
    import tensorflow as tf

    import dnn
    from dnn.data.feature_matrix import feature_matrix

    tf.constant(0)  # starts its runtime
    _ = dnn.read_csv, dnn.Features  # which imports them

    def features(path: str) -> Any:
        columns = dnn.read_csv(path).without("y").columns
        return feature_matrix(dnn.Features(columns), columns)

    return features


def with_scikit_learn(library: str) -> Callable[[str], Any]:
    """Return what reads a file with pandas or polars and makes the features with scikit-learn."""
    from importlib import import_module

    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    read_csv = import_module(library).read_csv

    def features(path: str) -> Any:
        frame = read_csv(path)
        numbers, words = ([name for name in frame.columns if name[0] == kind] for kind in "nc")
        one_hot = OneHotEncoder(sparse_output=False, dtype=np.float32)
        parts = [("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers), ("words", one_hot, words)]
        return np.asarray(ColumnTransformer(parts, sparse_threshold=0).fit_transform(frame), np.float32)

    return features


def main(who: str, path: str) -> None:
    """Print the seconds of one library, the peak memory of this process, and a number that tells the features."""
    most = free_memory() - SPARED
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    features = with_dnn() if who == "dnn" else with_scikit_learn(who)
    began = time.perf_counter()
    made = features(path)
    seconds = time.perf_counter() - began
    check = float(np.abs(made[:10_000].astype(np.float64)).sum())
    print(json.dumps({"seconds": seconds, "megabytes": peak_memory() / 1e6, "check": check}))


def peak_memory() -> int:
    """Return the most bytes of memory this process had; what `resource` tells is its parent's too, before it began."""
    status = Path("/proc/self/status").read_text("ascii")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
