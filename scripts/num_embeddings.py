"""Record what the package rtdl_num_embeddings computes, for tests that compare ours with it where it is not installed.

pip install torch rtdl_num_embeddings scikit-learn
python -m scripts.num_embeddings
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FIGURES = Path(__file__).parent.parent / "tests" / "nn" / "num_embeddings.json"
BINS, SIZE, FREQUENCIES, SCALE = 4, 2, 2, 0.3


def training_rows() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return 400 rows of three columns, the second with many ties and the third with two values, and their classes."""
    t = np.arange(400)
    x = np.stack([np.sin(t) * 3, np.floor(t % 97 / 20) ** 2, (t % 3 == 0) * 2.0], axis=1).astype(np.float32)
    return x, ((x[:, 0] > 1) ^ (x[:, 1] > 4)).astype(np.int64)


def new_rows() -> npt.NDArray[np.float32]:
    """Return rows within the range of the training rows, on its edges, and beyond it."""
    return np.array([[0.25, 1, 0], [-3.5, -1, 2], [2.9, 20, 1], [0, 16, -1], [1.5, 4, 3]], np.float32)


def figures() -> dict[str, Any]:
    """Return edges, and of each layer its weights and its output for the new rows, as plain lists."""
    import torch  # here, since tests import this file where it is not installed
    from rtdl_num_embeddings import (
        LinearEmbeddings,
        LinearReLUEmbeddings,
        PeriodicEmbeddings,
        PiecewiseLinearEmbeddings,
        PiecewiseLinearEncoding,
        compute_bins,
    )

    torch.manual_seed(0)
    x, y = map(torch.as_tensor, training_rows())
    quantiles = compute_bins(x, BINS)
    tree = compute_bins(
        x, BINS, y=y, regression=False, tree_kwargs={"min_samples_leaf": 64, "min_impurity_decrease": 1e-4}
    )
    periodic = {"n_frequencies": FREQUENCIES, "frequency_init_scale": SCALE}
    layers = {
        "encoding": PiecewiseLinearEncoding(quantiles),
        "linear": LinearEmbeddings(3, SIZE),
        "linear relu": LinearReLUEmbeddings(3, SIZE),
        "periodic": PeriodicEmbeddings(3, SIZE, **periodic, lite=False),
        "periodic without activation": PeriodicEmbeddings(3, SIZE, **periodic, activation=False, lite=False),
        "periodic lite": PeriodicEmbeddings(3, SIZE, **periodic, lite=True),
        "piecewise A": PiecewiseLinearEmbeddings(quantiles, SIZE, activation=True, version="A"),
        "piecewise A without activation": PiecewiseLinearEmbeddings(quantiles, SIZE, activation=False, version="A"),
        "piecewise B": PiecewiseLinearEmbeddings(quantiles, SIZE, activation=True, version="B"),
    }
    with torch.no_grad():
        layers["piecewise B"].linear.weight.normal_()  # which is 0 at first, and would show nothing
    made: dict[str, Any] = {"quantiles": _plain(quantiles), "tree": _plain(tree)}
    for name, layer in layers.items():
        weights = {key: value.tolist() for key, value in layer.named_parameters()}
        made[name] = {"weights": weights, "output": layer(torch.as_tensor(new_rows())).tolist()}
    return made


def _plain(bins: Any) -> list[list[float]]:
    return [column.tolist() for column in bins]


def main() -> None:
    """Write the figures, a line for each."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in figures().items())
    FIGURES.write_text(f"{{\n{lines}\n}}\n", "utf-8")
    sys.stdout.write(f"wrote {FIGURES}\n")


if __name__ == "__main__":
    main()
