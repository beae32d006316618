"""What a model takes, as far as its own variables tell."""

import tensorflow as tf

from dnn.nn.dropout import Dropout
from dnn.nn.layers import Dense, Sequential
from dnn.nn.normalization import BatchNormalization, LayerNormalization
from dnn.nn.ntk import NTKDense, Scaling


def stated_spec(layer: object) -> tf.TensorSpec | None:
    """Return the input that a layer takes, where its variables or its size tell; else None."""
    if isinstance(layer, Dense | NTKDense):
        return tf.TensorSpec([None, layer.kernel.shape[-2]], layer.kernel.dtype)
    if isinstance(layer, Scaling):
        return tf.TensorSpec([None, layer.scale.shape[-1]], layer.scale.dtype)
    if isinstance(layer, LayerNormalization | BatchNormalization):
        return tf.TensorSpec([None, layer.size], weights_dtype(layer))
    if isinstance(layer, Sequential):
        first = next((part for part in layer.layers if not isinstance(part, Dropout)), None)  # it keeps the shape
        return stated_spec(first)
    return None


def weights_dtype(module: tf.Module) -> tf.DType:
    """Return the dtype of the first floating variable, else float32."""
    return next((variable.dtype for variable in module.variables if variable.dtype.is_floating), tf.float32)
