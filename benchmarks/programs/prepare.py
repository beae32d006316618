"""Training and validation rows of a file, prepared: python -m benchmarks.programs.prepare FILE TARGET OUT.npz"""

import sys

import numpy as np

import dnn


def main(file: str, target: str, out: str) -> None:
    """Write x and y of the training rows, and x_val and y_val of the validation rows."""
    train, validation, _ = dnn.split(dnn.read_table(file, kinds={target: "category"}), target)
    features, labels = dnn.Features(train.columns), dnn.Labels(train.target)
    x, x_val = (features(part.columns).numpy() for part in (train, validation))
    np.savez(out, x=x, y=labels(train.target), x_val=x_val, y_val=labels(validation.target))


if __name__ == "__main__":
    main(*sys.argv[1:])
