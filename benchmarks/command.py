"""How long does `dnn train` take, imports included, and how much memory?

    python -m benchmarks.command [FILE.csv …] [--runs 5]

The embedded sample and each file are learnt from in turn, `--runs` times, in fresh processes. The answer is the median
and the range of the seconds on the wall, and the largest resident memory of any run: the peak of the process, and that
of the one that it has beside it.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path


def main() -> None:
    """Measure, and print the table."""
    arguments = _arguments()
    jobs: list[list[str]] = [[], *(["--data", path] for path in arguments.files)]
    measured: list[list[tuple[float, float]]] = [[] for _ in jobs]
    for _ in range(arguments.runs):
        for job, runs in zip(jobs, measured, strict=True):
            runs.append(timed_run(job))
    print("| data | seconds, median | min to max | peak memory, MB |\n|---|---|---|---|")
    for job, runs in zip(jobs, measured, strict=True):
        seconds, megabytes = zip(*runs, strict=True)
        name = Path(job[1]).name if job else "the embedded sample"
        spread = f"{min(seconds):.1f} to {max(seconds):.1f}"
        print(f"| {name} | {statistics.median(seconds):.1f} | {spread} | {max(megabytes):.0f} |")


def timed_run(options: list[str]) -> tuple[float, float]:
    """Return the seconds and the peak resident megabytes of one `dnn train` in a process of its own."""
    folder = tempfile.mkdtemp()
    command = [sys.executable, "-c", "from dnn.cli import main; main()", "train", "--out", f"{folder}/run", *options]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peaks: dict[str, int] = {}
    watch = threading.Thread(target=watch_children, args=(process.pid, peaks))
    watch.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    watch.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    shutil.rmtree(folder)
    if process.returncode:
        raise RuntimeError(f"{command} ended with exit code {process.returncode}")
    return seconds, (usage.ru_maxrss + sum(peaks.values())) / 1024  # Linux counts it in KiB


def watch_children(process: int, peaks: dict[str, int]) -> None:
    """Keep the peak resident KiB of each child of a process, as Linux tells it, until the process ends."""
    children = Path(f"/proc/{process}/task/{process}/children")
    with suppress(OSError):  # it has ended
        while True:
            for child in children.read_text("utf-8").split():
                with suppress(OSError, StopIteration):
                    lines = Path(f"/proc/{child}/status").read_text("utf-8").splitlines()
                    peaks[child] = int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
            time.sleep(0.05)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
