"""The settings of `dnn.Classifier` that are compared, each under a name. A new one is one line."""

from collections.abc import Mapping
from typing import Any

from dnn.presets import preset_of

Preset = Mapping[str, Any]

ARTICLE: Preset = {"hidden": (30, 30), "activation": "relu", "scale": "standardize", "dropout": 0.0, "patience": 2}
REGULAR: Preset = {**ARTICLE, "dropout": 0.2, "patience": 15}

PRESETS: Mapping[str, Preset] = {
    "dnn": {},  # the defaults, whatever they are
    "dnn, as the article": preset_of("article"),
    "dnn, ensemble": preset_of("ensemble"),
    "dnn, TabM": preset_of("tabm"),
}
