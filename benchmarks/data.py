"""The rows to learn from: those of a file, or as many as the article's bank.csv has, drawn from the embedded sample."""

import random
from pathlib import Path

import dnn
from benchmarks.processes import run as run_program

ROWS = 11_162


def sampled_table(folder: Path) -> tuple[str, str]:
    """(CSV, target): the header of the embedded sample, and ROWS of its rows, drawn with replacement."""
    header, *rows = dnn.sample_path().read_text().splitlines()
    path = folder / "sampled.csv"
    path.write_text("\n".join([header, *random.Random(0).choices(rows, k=ROWS)]) + "\n")
    return str(path), "y"


def prepared(file: str, target: str, folder: Path) -> str:
    """An .npz of the file's training rows, as `dnn` prepares them."""
    path = str(folder / "rows.npz")
    run_program("prepare", file, target, path)
    return path
