"""What each ensemble was made with, for the file of a saved model."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from dnn.nn.ensemble import Ensemble
from dnn.nn.tabm import TabM


def _ensemble_arguments(model: Ensemble) -> dict[str, Any]:
    return {"networks": [model.member(index) for index in range(model.members)], "combine": model.combine}


def _tabm_arguments(model: TabM) -> dict[str, Any]:
    stated = {"sizes": model.sizes, "k": model.members, "dropout": model.dropout.rate, "adapters": model.adapters}
    functions = {"activation": model.activation, "combine": model.combine, "embeddings": model.embeddings}
    return {**stated, **functions, "seed": 0, "dtype": model.head_kernels.dtype}


ENSEMBLE_ARGUMENTS: Mapping[type, Callable[[Any], dict[str, Any]]] = MappingProxyType(
    {Ensemble: _ensemble_arguments, TabM: _tabm_arguments}
)
