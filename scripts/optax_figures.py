"""Record where Optax's optimizers lead, for tests that compare ours with them where Optax is not installed.

pip install optax
python -m scripts.optax_figures
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

FIGURES = Path(__file__).parent.parent / "tests" / "nn" / "optimizers" / "optax.json"
STEPS, ROWS, COLUMNS = 12, 4, 3


def main() -> None:
    """Write the parameters after each step, in float64, and the average of the schedule-free ones."""
    import jax
    import optax

    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(ROWS, COLUMNS)).round(3), rng.normal(size=(STEPS, ROWS, COLUMNS)).round(3)
    makes = {
        "Lion": optax.lion(0.01, b1=0.9, b2=0.99, weight_decay=0.1),
        "Muon": optax.contrib.scale_by_muon(beta=0.95, eps=1e-7, nesterov=False),
        "ScheduleFreeAdamW": optax.contrib.schedule_free_adamw(0.01, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.1),
    }
    figures: dict[str, Any] = {"optax": version("optax"), "start": start.tolist(), "gradients": gradients.tolist()}
    for name, optimizer in makes.items():
        parameters, state = jax.numpy.asarray(start), optimizer.init(start)
        path = []
        for g in gradients:
            updates, state = optimizer.update(jax.numpy.asarray(g), state, parameters)
            parameters = parameters + (-0.01 * updates if name == "Muon" else updates)
            path.append(np.asarray(parameters).tolist())
        figures[name] = path
    figures["average"] = np.asarray(optax.contrib.schedule_free_eval_params(state, parameters)).tolist()
    schedule = optax.cosine_onecycle_schedule(20, 0.1)
    figures["one_cycle"] = [float(schedule(step)) for step in range(23)]
    FIGURES.write_text(json.dumps(figures, indent=None) + "\n", "utf-8")


if __name__ == "__main__":
    main()
