"""The settings of `dnn.Classifier` that are compared, each under a name. A new one is one line."""

from collections.abc import Mapping
from typing import Any

import dnn
from dnn.presets import PRESETS as PUBLIC
from dnn.presets import preset_of
from dnn.settings import SCALE

Preset = Mapping[str, Any]

DEFAULTS = dnn.Classifier().get_params() | {"scale": SCALE}  # where nothing else decides it
STATED = sorted({"bins"}.union(*PUBLIC.values()))  # what a preset may set; defaults are written out


def whole(preset: Preset) -> Preset:
    """Return a preset with today's defaults of all that any preset states, so that results name what they are of."""
    return {name: preset.get(name, DEFAULTS[name]) for name in STATED}


PRESETS: Mapping[str, Preset] = {
    "dnn": whole({}),  # the defaults, whatever they are
    "dnn, as the article": whole(preset_of("article")),
    "dnn, ensemble": whole(preset_of("ensemble")),
    "dnn, TabM": whole(preset_of("tabm")),
    "dnn, RealMLP": whole(preset_of("realmlp")),
}
