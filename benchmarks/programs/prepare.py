"""The training rows of a file, prepared by `dnn`: python -m benchmarks.programs.prepare FILE TARGET OUT.npz"""

import sys

import numpy as np

import dnn


def main(file: str, target: str, out: str) -> None:
    """Write x and y of the training rows."""
    train, *_ = dnn.split(dnn.read_table(file, kinds={target: "category"}), target)
    features, labels = dnn.Features(train.columns), dnn.Labels(train.target)
    np.savez(out, x=features(train.columns).numpy(), y=labels(train.target))


if __name__ == "__main__":
    main(*sys.argv[1:])
