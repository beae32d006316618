"""Record what the package tabm computes, for a test that compares `dnn.TabM` with it where it is not installed.

pip install torch tabm
python -m scripts.tabm_figures
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

FIGURES = Path(__file__).parent.parent / "tests" / "nn" / "tabm.json"
MEMBERS, FEATURES, UNITS, CLASSES = 3, 4, 5, 2
ARCHITECTURES = {"every": "tabm", "first": "tabm-mini"}  # by the name of the adapters here


def figures(arch_type: str) -> dict[str, Any]:
    """Return weights, inputs, labels, the logits [rows, members, classes] and the gradients of the mean cross-entropy.

    Args:
        arch_type: "tabm" or "tabm-mini".
    """
    import tabm  # here, since tests import this file where it is not installed
    import torch

    made = tabm.TabM.make(
        n_num_features=FEATURES,
        d_out=CLASSES,
        k=MEMBERS,
        n_blocks=2,
        d_block=UNITS,
        dropout=0.0,
        arch_type=arch_type,
        start_scaling_init="normal",
    )
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(6, FEATURES)).round(3), rng.integers(0, CLASSES, 6)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape)).round(3)))
    logits = made(torch.tensor(x, dtype=torch.float32))
    repeated = torch.tensor(labels).repeat_interleave(MEMBERS)
    torch.nn.functional.cross_entropy(logits.flatten(0, 1), repeated).backward()
    named = dict(made.named_parameters())
    return {
        "x": x.tolist(),
        "labels": labels.tolist(),
        "logits": logits.detach().numpy().tolist(),
        "weights": {name: parameter.detach().numpy().tolist() for name, parameter in named.items()},
        "gradients": {name: parameter.grad.numpy().tolist() for name, parameter in named.items()},
    }


def main() -> None:
    """Write the figures."""
    import tabm
    import torch

    recorded = {adapters: figures(arch_type) for adapters, arch_type in ARCHITECTURES.items()}
    versions = {"python": sys.version.split()[0], "torch": torch.__version__, "tabm": tabm.__version__}
    FIGURES.write_text(json.dumps({"versions": versions, **recorded}) + "\n", "utf-8")


if __name__ == "__main__":
    main()
