"""Measure what docs/scale.md says: rows a second of rows on the disk against rows in memory, and the peak of memory.

    python scripts/large_data.py make FOLDER --rows 10000000
    python scripts/large_data.py memory FOLDER
    python scripts/large_data.py speed FOLDER/prepared
    python scripts/large_data.py order bank.csv

`make` writes a table of 51 columns and a target, a million rows a Parquet file; none is in the repository.
`memory` runs `dnn prepare`, `train`, `predict` and `evaluate` on it, each in a process of its own, and prints the peak
of each. `speed` trains the same network on the same rows from the disk and from memory, in turns, in one process.
`order` trains on a table that is sorted by its target, the worst case of lanes, and on the same rows in any order.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

COLUMNS, FILE_ROWS = 51, 1_000_000
TARGET = "y"


def make(folder: Path, rows: int) -> None:
    """Write files of rows whose target depends on all columns, with some chance."""
    folder.mkdir(parents=True)
    weights = np.random.default_rng(0).normal(size=COLUMNS).astype(np.float32)
    for number, first in enumerate(range(0, rows, FILE_ROWS)):
        random = np.random.default_rng((1, number))
        x = random.normal(size=(min(FILE_ROWS, rows - first), COLUMNS)).astype(np.float32)
        y = (x @ weights + 3 * random.normal(size=len(x)) > 0).astype(np.int8)
        columns = {f"x{index}": x[:, index] for index in range(COLUMNS)} | {TARGET: y}
        pa.parquet.write_table(pa.table(columns), folder / f"part-{number:04}.parquet", compression=None)


def memory(folder: Path) -> None:
    """Print the seconds and the peak of each command."""
    run = ["--hidden", "30", "30", "--batch-size", "16384", "--epochs", "1"]
    data, prepared, out = str(folder / "*.parquet"), str(folder / "prepared"), str(folder / "run")
    commands = {
        "prepare": ["--data", data, "--target", TARGET, "--scale", "standardize", "--out", prepared],
        "train": ["--data", prepared, *run, "--max-bytes", "100000000", "--out", out],
        "predict": [out, "--data", data, "--out", str(folder / "predictions.csv")],
        "evaluate": [out, "--data", data],
    }
    rows = sum(pa.parquet.read_metadata(path).num_rows for path in folder.glob("*.parquet"))
    for name, arguments in commands.items():
        begin = time.perf_counter()
        child = subprocess.Popen([sys.executable, "-m", "dnn", name, *arguments], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begin
        peak = usage.ru_maxrss * 1024 / 1e9  # Linux counts it in KiB
        print(f"{name}: status {status}, {seconds:.0f} s, {rows / seconds:,.0f} rows/s, peak {peak:.2f} GB", flush=True)


def speed(folder: Path, batch_sizes: list[int], epochs: int) -> None:
    """Print the ratio of rows a second from the disk and from memory, by the clock and by the processor.

    Both are of the medians of the epochs after the first. By the clock it depends on what else the machine does.
    """
    import dnn  # here, so that making files does not wait for TensorFlow

    source = dnn.open_prepared(folder).train
    arrays = source.arrays()
    for batch_size in batch_sizes:
        seconds: dict[str, list[list[float]]] = {"disk": [], "memory": []}
        for _ in range(2):
            for name, rows in (("disk", source), ("memory", arrays)):
                model = dnn.mlp([source.width, 30, 30, 2], seed=0)
                marks: list[tuple[float, float]] = []
                dnn.fit(
                    model,
                    rows,
                    loss=dnn.sparse_softmax_cross_entropy,
                    optimizer=dnn.Adam(model.trainable_variables),
                    batch_size=batch_size,
                    epochs=epochs,
                    callbacks=[lambda *_, marks=marks: marks.append((time.perf_counter(), time.process_time()))],
                    jit_compile=False,
                )
                seconds[name] += np.diff(marks, axis=0).tolist()
        by_clock, by_processor = (
            {name: source.rows / statistics.median(each[index] for each in epochs) for name, epochs in seconds.items()}
            for index in (0, 1)
        )
        for what, rates in (("by the clock", by_clock), ("by the processor", by_processor)):
            told = ", ".join(f"{name} {rate:,.0f} rows/s" for name, rate in rates.items())
            ratio = rates["disk"] / rates["memory"]
            print(f"batches of {batch_size:,}, {what}: {told}, ratio {ratio:.2f}", flush=True)


def order(data: Path, target: str, seeds: int, shard_rows: int) -> None:
    """Print the test accuracy after training by lanes, with the rows sorted by the target, and by all rows permuted."""
    import dnn
    from dnn.data import shards
    from dnn.large_preparation import prepare_large
    from dnn.settings import PrepareSettings

    shards.MOST_SHARD_ROWS = shard_rows
    table = dnn.read_table(data)
    ordered = np.argsort(table.column(target).astype(str), kind="stable")
    columns = {name: cells[ordered] for name, cells in table.columns.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sorted.parquet")
        pa.parquet.write_table(pa.table(columns), path)
        prepared = Path(folder, "prepared")
        prepared.mkdir()
        prepare_large(PrepareSettings(data=path, target=target), 0).write(prepared)
        opened = dnn.open_prepared(prepared)
        of_window = 4 * shard_rows / opened.train.rows
        print(
            f"{opened.train.rows:,} training rows in shards of {shard_rows}: "
            f"the windows of all lanes are {of_window:.0%} of them"
        )
        held, test = opened.validation.arrays(), opened.test.arrays()
        found: dict[str, list[float]] = {"lanes": [], "full permutation": []}
        for seed in range(seeds):
            for name, rows in (("lanes", opened.train), ("full permutation", opened.train.arrays())):
                model = dnn.mlp([opened.train.width, 30, 30, 2], seed=seed)
                dnn.fit(
                    model,
                    rows,
                    held,
                    loss=dnn.sparse_softmax_cross_entropy,
                    optimizer=dnn.Adam(model.trainable_variables),
                    batch_size=100,
                    epochs=60,
                    seed=seed,
                    early_stopping=dnn.EarlyStopping(patience=15, restore_best_weights=True),
                    jit_compile=False,
                )
                found[name].append(dnn.evaluate(model, test, loss=dnn.sparse_softmax_cross_entropy)["accuracy"])
    for name, scores in found.items():
        print(
            f"{name}: test accuracy {np.mean(scores):.4f} ± {np.std(scores, ddof=1):.4f} over {seeds} seeds", flush=True
        )


def main() -> None:
    """Run the step that is named."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("step", choices=("make", "memory", "speed", "order"))
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[16_384, 512])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--target", default="deposit")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shard-rows", type=int, default=100)
    given = parser.parse_args()
    if given.step == "make":
        make(given.path, given.rows)
    elif given.step == "memory":
        memory(given.path)
    elif given.step == "speed":
        speed(given.path, given.batch_sizes, given.epochs)
    else:
        order(given.path, given.target, given.seeds, given.shard_rows)


if __name__ == "__main__":
    main()
