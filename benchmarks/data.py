"""The rows to learn from: those of a file, or as many as the article's bank.csv has, drawn from the sample."""

import random
from pathlib import Path

import numpy as np

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
    """Write an .npz of the file's training and validation rows, as `dnn` prepares them; return its path."""
    path = str(folder / "rows.npz")
    run_program("prepare", file, target, path)
    return path


def digits(folder: Path) -> str:
    """Write an .npz of scikit-learn's digits, standardized by the 1,437 training rows; return its path."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    train, validation = np.split(order, [len(x) * 4 // 5])
    spread = x[train].std(axis=0)
    x = (x - x[train].mean(axis=0)) / np.where(spread > 0, spread, 1)
    x, y = x.astype(np.float32), y.astype(np.int32)
    path = str(folder / "digits.npz")
    np.savez(path, x=x[train], y=y[train], x_val=x[validation], y_val=y[validation])
    return path
