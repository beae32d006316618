"""The rows to learn from: those of a file, or as many as the article's bank.csv has, drawn from the sample."""

import random
from pathlib import Path

import dnn
from benchmarks.processes import run as run_program

ROWS = 11_162


def sampled_table(folder: Path) -> tuple[str, str]:
    """Write a CSV of ROWS rows of the embedded sample, drawn with replacement; return it and its target."""
    header, *rows = dnn.sample_path().read_text("utf-8").splitlines()
    path = folder / "sampled.csv"
    path.write_text("\n".join([header, *random.Random(0).choices(rows, k=ROWS)]) + "\n", "utf-8")
    return str(path), "y"


def prepared(file: str, target: str, folder: Path) -> str:
    """Write an .npz of the file's training rows, as `dnn` prepares them; return its path."""
    path = str(folder / "rows.npz")
    run_program("prepare", file, target, path)
    return path
