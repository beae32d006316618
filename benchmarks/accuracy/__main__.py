"""Who predicts best? Train every method on every table, seed by seed, and write a table of scores.

    python -m benchmarks.accuracy --data bank.csv --jobs 2     # goes on where it stopped
    python -m benchmarks.accuracy --quick                      # two tables, two seeds, three methods
    python -m benchmarks.accuracy --report --out table.md      # of what is there

The first --jobs processes share the work, and so does any other that is started with the same --results.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
TF_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="files that are tables too, such as bank.csv")
    parser.add_argument("--target", help="column of --data to predict: by default deposit, else the last one")
    parser.add_argument("--tables", nargs="+", help="only these; `development` and `held-out` mean all of a role")
    parser.add_argument("--methods", nargs="+", help="only these; by default the installed ones, see --list")
    parser.add_argument("--seeds", type=int, default=10, help="splits of each table: seeds 0, 1, …")
    parser.add_argument("--results", type=Path, default=Path("accuracy-results.jsonl"), help="file of the results")
    parser.add_argument("--threads", type=int, default=1, help="of each fit")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--against", default="HistGradientBoosting", help="method that the others are compared with")
    parser.add_argument("--out", type=Path, help="file of the report; by default it is printed")
    parser.add_argument("--report", action="store_true", help="measure nothing more")
    parser.add_argument("--by-seed", action="store_true", help="report accuracy and epochs of each seed instead")
    parser.add_argument("--estimate", action="store_true", help="only say how long what is left will take")
    parser.add_argument("--list", action="store_true", help="only list tables and methods")
    parser.add_argument("--quick", action="store_true", help="two tables, two seeds, three methods; keeps no results")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    """Measure what is left, and report."""
    given = arguments(words)
    for name in (*THREADS, *TF_THREADS):  # read when a library is loaded, so before any is
        os.environ[name] = str(given.threads)
    from benchmarks.accuracy import command

    if given.list:
        return print(command.listed(given))
    if given.quick:
        with tempfile.TemporaryDirectory() as folder:
            return print(command.done(command.quick(given, Path(folder))))
    others = [] if given.report or given.estimate else _others(given, words)
    print_or_write = print if given.out is None else lambda text: given.out.write_text(text, "utf-8")
    print_or_write(command.done(given))
    if any(process.wait() for process in others):
        raise SystemExit("another process of --jobs failed")


def _others(given: argparse.Namespace, words: Sequence[str] | None) -> list[subprocess.Popen[bytes]]:
    """Start the other processes, which do the same jobs and write no report."""
    same = sys.argv[1:] if words is None else words
    command = [sys.executable, "-m", "benchmarks.accuracy", *same, "--jobs", "1", "--out", os.devnull]
    return [subprocess.Popen(command) for _ in range(given.jobs - 1)]


if __name__ == "__main__":
    main()
