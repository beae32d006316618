"""Record what the package pytabkit computes, for tests that compare RealMLP's pieces with it where it is not installed.

pip install pytabkit
python -m scripts.realmlp_figures
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

FIGURES = Path(__file__).parent.parent / "tests" / "nn" / "realmlp.json"
FEATURES, UNITS, CLASSES = 4, 5, 2
CASES = {"classes": ("selu", False), "parametric": ("mish", True)}  # the activation, and whether its bend is learnt
EMBEDDING = {"plr_hidden_1": 6, "plr_hidden_2": 3}  # frequencies, and the size of a column's vector
RATE, BETA_2, SMOOTHING, STEPS, TOTAL = 0.04, 0.95, 0.1, 6, 8


def scale_figures() -> dict[str, Any]:
    """Return columns, new rows and what pytabkit makes of these: of a usual, a constant, a rare and a long column."""
    import torch
    from pytabkit.models.nn_models.models import smooth_clip_func
    from pytabkit.models.realmlp.train import compute_input_stats

    rng = np.random.default_rng(0)
    x = np.stack([rng.normal(size=21), np.full(21, 7.0), np.eye(21)[3] * 4, np.exp(3 * rng.normal(size=21))], axis=1)
    x, new = x.round(3), (10 * rng.normal(size=(9, 4))).round(3)
    median, factor = compute_input_stats(torch.tensor(x), torch.arange(21)[None])
    scaled = smooth_clip_func((torch.tensor(new) - median[0].double()) * factor[0].double())
    return {"x": x.tolist(), "new": new.tolist(), "scaled": scaled.numpy().tolist()}


def schedule_figures() -> list[float]:
    """Return the rates of coslog4 at 33 steps of 32, of a highest rate of 1."""
    from pytabkit.models.training.scheduling import get_schedule

    schedule = get_schedule("coslog4")
    return [float(schedule.call_time_(step / 32)) for step in range(33)]


def network_figures(activation: str, parametric: bool) -> dict[str, Any]:
    """Return weights, inputs, labels, logits, gradients of the smoothed cross-entropy, and weights after some steps.

    Args:
        activation: "selu" or "mish".
        parametric: Whether how much a unit bends is learnt.
    """
    import torch
    from pytabkit.models.realmlp.model import RealMLP, RealMLPConfig
    from pytabkit.models.realmlp.train import SCHEDULES

    config = RealMLPConfig(
        hidden_sizes=[UNITS, UNITS], act=activation, use_parametric_act=parametric, num_emb_type="none", p_drop=0.0
    )
    model = RealMLP(FEATURES, [], CLASSES, 1, config, is_classification=True)
    rng = np.random.default_rng(1)
    x, labels = rng.normal(size=(7, FEATURES)).round(3), rng.integers(0, CLASSES, 7)
    named = {name: value for name, value in model.mlp.named_parameters() if value.numel()}
    with torch.no_grad():
        for parameter in named.values():
            parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape)).round(3)))
    first = {name: value.detach().numpy()[0].tolist() for name, value in named.items()}
    groups = [{"params": [value], "lr_factor": value.lr_factor} for value in named.values()]
    optimizer = torch.optim.Adam(groups, betas=(0.9, BETA_2))

    def backward() -> Any:
        optimizer.zero_grad()
        logits = model(torch.tensor(x, dtype=torch.float32)[None], torch.zeros(1, 7, 0, dtype=torch.long))[0]
        torch.nn.functional.cross_entropy(logits, torch.tensor(labels), label_smoothing=SMOOTHING).backward()
        return logits.detach().numpy().tolist()

    logits = backward()
    gradients = {name: value.grad.numpy()[0].tolist() for name, value in named.items()}
    for step in range(STEPS):
        backward()
        for group in optimizer.param_groups:
            group["lr"] = RATE * SCHEDULES["coslog4"](step / TOTAL) * group["lr_factor"]
        optimizer.step()
    trained = {name: value.detach().numpy()[0].tolist() for name, value in named.items()}
    given = {"x": x.tolist(), "labels": labels.tolist(), "weights": first}
    return given | {"logits": logits, "gradients": gradients, "trained": trained}


def embedding_figures() -> dict[str, Any]:
    """Return weights, inputs, vectors of the PBLD embeddings, and gradients of the sum of upstream · vectors."""
    import torch
    from pytabkit.models.realmlp.model import RealMLP, RealMLPConfig

    config = RealMLPConfig(hidden_sizes=[UNITS], num_emb_type="pbld", **EMBEDDING)
    model = RealMLP(FEATURES, [], CLASSES, 1, config, is_classification=True)
    model.mlp = torch.nn.Sequential()  # so that what enters the network is returned
    rng = np.random.default_rng(2)
    named = {name: getattr(model, f"plr_{name}") for name in ("weight_1", "bias_1", "weight_2", "bias_2")}
    with torch.no_grad():
        for parameter in named.values():
            parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape)).round(3)))
    x = rng.normal(size=(7, FEATURES)).round(3)
    vectors = model(torch.tensor(x, dtype=torch.float32)[None], torch.zeros(1, 7, 0, dtype=torch.long))[0]
    upstream = rng.normal(size=tuple(vectors.shape)).round(3)
    (vectors * torch.tensor(upstream)).sum().backward()
    given = {"x": x.tolist(), "upstream": upstream.tolist(), "vectors": vectors.detach().numpy().tolist()}
    weights = {name: value.detach().numpy()[0].tolist() for name, value in named.items()}
    return given | {"weights": weights, "gradients": {name: v.grad.numpy()[0].tolist() for name, v in named.items()}}


def figures() -> dict[str, Any]:
    """Return all figures."""
    networks = {name: network_figures(*case) for name, case in CASES.items()}
    return {"scale": scale_figures(), "coslog4": schedule_figures(), **networks, "embeddings": embedding_figures()}


def main() -> None:
    """Write the figures."""
    versions = {"python": sys.version.split()[0], "torch": version("torch"), "pytabkit": version("pytabkit")}
    FIGURES.write_text(json.dumps({"versions": versions, **figures()}) + "\n", "utf-8")


if __name__ == "__main__":
    main()
