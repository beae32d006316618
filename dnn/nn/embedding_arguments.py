"""What each layer made for tables was made with, for the structure of a model in a file: see `model_state`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from dnn.nn.column_blocks import ColumnBlocks
from dnn.nn.embedding import Embedding
from dnn.nn.glu import GLU
from dnn.nn.ntk import NTKDense, Scaling
from dnn.nn.numeric_embeddings import LinearEmbeddings, LinearReLUEmbeddings, PeriodicEmbeddings
from dnn.nn.parametric_activation import ParametricActivation
from dnn.nn.pbld_embeddings import PBLDEmbeddings
from dnn.nn.piecewise_linear_embeddings import PiecewiseLinearEmbeddings
from dnn.nn.prelu import PReLU
from dnn.nn.residual import Residual
from dnn.nn.rms_normalization import RMSNormalization


def _embedding_arguments(layer: Embedding) -> dict[str, Any]:
    categories, size = layer.table.shape
    return {"categories": categories, "size": size, "dtype": layer.table.dtype}


def _linear_embedding_arguments(layer: LinearEmbeddings) -> dict[str, Any]:
    columns, size = layer.weight.shape
    chosen = {} if type(layer) is LinearReLUEmbeddings else {"activation": layer.activation}
    return {"columns": columns, "size": size, **chosen, "dtype": layer.weight.dtype}


def _periodic_embedding_arguments(layer: PeriodicEmbeddings) -> dict[str, Any]:
    columns, frequencies = layer.frequencies.shape
    return {
        "columns": columns,
        "size": layer.weight.shape[-1],
        "frequencies": frequencies,
        "frequency_scale": layer.frequency_scale,
        "activation": layer.activation,
        "lite": layer.lite,
        "dtype": layer.weight.dtype,
    }


def _pbld_embedding_arguments(layer: PBLDEmbeddings) -> dict[str, Any]:
    columns, frequencies, learnt = layer.weight.shape
    chosen = {"frequency_scale": layer.frequency_scale, "factor": layer.factor, "dtype": layer.weight.dtype}
    return {"columns": columns, "size": learnt + 1, "frequencies": frequencies, **chosen}


def _piecewise_linear_embedding_arguments(layer: PiecewiseLinearEmbeddings) -> dict[str, Any]:
    return {
        "edges": layer.edges,
        "size": layer.weight.shape[-1],
        "activation": layer.activation,
        "version": layer.version,
        "dtype": layer.weight.dtype,
    }


def _ntk_dense_arguments(layer: NTKDense) -> dict[str, Any]:
    inputs, units = layer.kernel.shape
    chosen = {"activation": layer.activation, "bias_factor": layer.bias_factor}
    return {"inputs": inputs, "units": units, **chosen, "seed": 0, "dtype": layer.kernel.dtype}


def _scaling_arguments(layer: Scaling) -> dict[str, Any]:
    return {"size": layer.scale.shape[-1], "factor": layer.factor, "dtype": layer.scale.dtype}


def _parametric_activation_arguments(layer: ParametricActivation) -> dict[str, Any]:
    chosen = {"activation": layer.activation, "factor": layer.factor}
    return {"units": layer.weight.shape[-1], **chosen, "dtype": layer.weight.dtype}


def _glu_arguments(layer: GLU) -> dict[str, Any]:
    inputs, units = layer.value.kernel.shape
    chosen = {"activation": layer.activation, "use_bias": layer.value.bias is not None}
    return {"inputs": inputs, "units": units, **chosen, "seed": 0, "dtype": layer.value.kernel.dtype}


def _rms_normalization_arguments(layer: RMSNormalization) -> dict[str, Any]:
    return {"size": layer.size, "epsilon": layer.epsilon, "dtype": layer.gamma.dtype}


EMBEDDING_ARGUMENTS: Mapping[type, Callable[[Any], dict[str, Any]]] = MappingProxyType(
    {
        ColumnBlocks: lambda layer: {"widths": layer.widths, "layers": layer.layers},
        Embedding: _embedding_arguments,
        LinearEmbeddings: _linear_embedding_arguments,
        LinearReLUEmbeddings: _linear_embedding_arguments,
        PeriodicEmbeddings: _periodic_embedding_arguments,
        NTKDense: _ntk_dense_arguments,
        Scaling: _scaling_arguments,
        ParametricActivation: _parametric_activation_arguments,
        GLU: _glu_arguments,
        PReLU: lambda layer: {"units": layer.alpha.shape[-1], "dtype": layer.alpha.dtype},
        RMSNormalization: _rms_normalization_arguments,
        PBLDEmbeddings: _pbld_embedding_arguments,
        Residual: lambda layer: {"inner": layer.inner},
        PiecewiseLinearEmbeddings: _piecewise_linear_embedding_arguments,
    }
)
