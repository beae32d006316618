"""Kill `dnn train` at random instants, go on with it until it is done, and compare with a run that was never killed.

    python scripts/kill_test.py --kills 100            # SIGKILL, while it writes too
    python scripts/kill_test.py --kills 20 --ensemble  # another kind of network

Each process gets SIGKILL after a random time, drawn from the seed; one run is resumed until it is done, then the next
begins, until so many processes were killed. The weights, the history and the metrics must be the same to the bit.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FILES = ("network/weights.safetensors", "network/model.json", "features.json", "history.csv", "metrics.json")
QUIET = ["--quiet", "--no-report", "--no-baselines"]


def command(*arguments: object) -> list[str]:
    """Return the command of a process of its own."""
    return [sys.executable, "-m", "dnn", *map(str, arguments)]


def outcome(folder: Path) -> dict[str, bytes]:
    """Return what a finished run has computed."""
    return {name: (folder / name).read_bytes() for name in FILES}


def killed_after(seconds: float, words: list[str], log: Path) -> bool:
    """Run a command, and kill it after some seconds; return whether it was killed. Raises: SystemExit if it fails."""
    with log.open("ab") as told:
        process = subprocess.Popen(words, stdout=told, stderr=told)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}:\n{log.read_text('utf-8')[-2000:]}")
    return False


class Killer:
    """Trains into folders, and kills so many processes on the way, each at an instant of its usual time.

    Args:
        kills: Processes to kill in all.
        seconds: That a process takes; the machine may become faster, so each that ends is another measurement.
        seed: Of the instants.
    """

    def __init__(self, kills: int, seconds: float, seed: int) -> None:
        self.left, self.done, self.seconds = kills, 0, seconds
        self.draw = random.Random(seed)

    def run_to_the_end(self, folder: Path, training: list[str]) -> None:
        """Train into a folder, killed again and again, until it is finished."""
        log, state = folder.with_name(f"{folder.name}.log"), folder / "state.json"
        while not (state.exists() and json.loads(state.read_text("utf-8"))["state"] == "finished"):
            begun = command("train", "--resume", folder, "--quiet")
            words = begun if state.exists() else [*training, "--out", str(folder)]
            begin = time.perf_counter()
            if not killed_after(self.draw.uniform(0.2, 1.0) * self.seconds if self.left else 3600.0, words, log):
                self.seconds = time.perf_counter() - begin
                return
            self.left, self.done = self.left - 1, self.done + 1


def main(words: list[str] | None = None) -> int:
    """Kill and compare; return 1 if any run differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="processes to kill")
    parser.add_argument("--seed", type=int, default=0, help="of the instants")
    parser.add_argument("--ensemble", action="store_true", help="train four networks as one")
    parser.add_argument("--rows", type=int, default=1000, help="of the sample that are trained on")
    parser.add_argument("--epochs", type=int, default=60, help="of a training")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "sample.csv"
        data.write_text("".join(sample_lines(given.rows)), "utf-8")
        options = ["--epochs", given.epochs, "--patience", given.epochs, "--checkpoint-every", "1 epoch", *QUIET]
        training = command("train", "--data", data, *options, *(["--ensemble", 4] if given.ensemble else []))
        begin = time.perf_counter()
        subprocess.run([*training, "--out", str(folder / "whole")], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - begin
        expected, runs, differ = outcome(folder / "whole"), 0, 0
        killer = Killer(given.kills, seconds, given.seed)
        while killer.left:
            run = folder / f"run{runs}"
            killer.run_to_the_end(run, training)
            different = [file for file, content in outcome(run).items() if content != expected[file]]
            differ += bool(different)
            runs += 1
            print(
                f"{run.name}: {killer.done} killed so far; {', '.join(different) or 'all files the same'}", flush=True
            )
        print(f"{killer.done} processes killed, {runs} runs resumed to the end: {runs - differ} the same to the bit")
    return int(differ > 0)


def sample_lines(rows: int) -> list[str]:
    """Return the header and the first rows of the embedded sample."""
    import dnn

    return dnn.sample_path().read_text("utf-8").splitlines(keepends=True)[: rows + 1]


if __name__ == "__main__":
    sys.exit(main())
