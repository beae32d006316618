"""Settings that go together, by name: where `--preset` or `Classifier.preset` begins, and each may be given anew.

Nothing slow is imported, since `dnn --help` shows the names.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        # the network of the article: one of 30 and 30 relu units, one-hot and standardised, stopped with patience 2
        "article": MappingProxyType(
            {
                "hidden": (30, 30),
                "activation": "relu",
                "scale": "standardize",
                "dropout": 0.0,
                "optimizer": "adam",
                "learning_rate": 1e-3,
                "batch_size": 100,
                "epochs": 100,
                "patience": 2,
            }
        ),
        # networks of their own, whose mean probability decides
        "ensemble": MappingProxyType(
            {
                "ensemble": 16,
                "hidden": (30, 30),
                "activation": "gelu",
                "scale": "piecewise",
                "dropout": 0.2,
                "patience": 15,
            }
        ),
        # TabM of Gorishniy et al., ICLR 2025: networks with shared kernels
        "tabm": MappingProxyType(
            {
                "architecture": "tabm",
                "ensemble": 16,
                "hidden": (64, 64),
                "activation": "gelu",
                "scale": "piecewise",
                "dropout": 0.1,
                "optimizer": "adamw",
                "learning_rate": 4e-3,
                "weight_decay": 3e-4,
                "batch_size": 256,
                "patience": 15,
            }
        ),
        # RealMLP-TD-S of Holzmüller, Grinsztajn, Steinwart, NeurIPS 2024
        "realmlp": MappingProxyType(
            {
                "architecture": "realmlp",
                "hidden": (256, 256, 256),
                "activation": "selu",
                "scale": "robust",
                "dropout": 0.0,
                "optimizer": "adam",
                "learning_rate": 0.04,
                "beta_2": 0.95,
                "schedule": "coslog4",
                "label_smoothing": 0.1,
                "batch_size": 256,
                "epochs": 256,
                "patience": 256,
                "monitor": "val_accuracy",
            }
        ),
    }
)
FOR_AMOUNTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "realmlp": MappingProxyType(
            {"activation": "mish", "learning_rate": 0.07, "label_smoothing": 0.0, "monitor": "val_loss"}
        )
    }
)
"""What of a preset is another one where amounts are predicted."""


def preset_of(name: str, task: str = "classification") -> Mapping[str, Any]:
    """Return the settings of a preset.

    Args:
        name: "article", "ensemble", "tabm" or "realmlp".
        task: "classification" or "regression".

    Returns:
        The settings that differ from the defaults, or that it states, by name.

    Raises:
        ValueError: If there is no such preset.
    """
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {name!r}")
    return PRESETS[name] if task == "classification" else {**PRESETS[name], **FOR_AMOUNTS.get(name, {})}
