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
        "ensemble": MappingProxyType({"ensemble": 16}),
        # TabM of Gorishniy et al., ICLR 2025: networks with shared kernels
        "tabm": MappingProxyType(
            {
                "architecture": "tabm",
                "ensemble": 16,
                "hidden": (64, 64),
                "dropout": 0.1,
                "optimizer": "adamw",
                "learning_rate": 4e-3,
                "weight_decay": 3e-4,
                "batch_size": 256,
            }
        ),
    }
)


def preset_of(name: str) -> Mapping[str, Any]:
    """Return the settings of a preset.

    Args:
        name: "article", "ensemble" or "tabm".

    Returns:
        The settings that differ from the defaults, or that it states, by name.

    Raises:
        ValueError: If there is no such preset.
    """
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {name!r}")
    return PRESETS[name]
