"""The settings of `dnn.Classifier` that are compared, each under a name. A new one is one line."""

from collections.abc import Mapping
from typing import Any

Preset = Mapping[str, Any]

PRESETS: Mapping[str, Preset] = {
    "dnn": {},  # the defaults, whatever they are
    "dnn, as the article": {"hidden": (30, 30), "batch_size": 100, "epochs": 100, "patience": 2, "dropout": 0.0},
    "dnn, dropout": {"hidden": (30, 30), "dropout": 0.2, "patience": 15},
}
