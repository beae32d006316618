"""What a model takes, as far as its own variables tell."""

import tensorflow as tf

from dnn.nn.column_blocks import ColumnBlocks
from dnn.nn.dropout import Dropout
from dnn.nn.embedding import Embedding
from dnn.nn.glu import GLU
from dnn.nn.layers import Dense, Sequential
from dnn.nn.normalization import BatchNormalization, LayerNormalization
from dnn.nn.ntk import NTKDense, Scaling
from dnn.nn.numeric_embeddings import ColumnEmbeddings
from dnn.nn.prelu import PReLU
from dnn.nn.residual import Residual
from dnn.nn.rms_normalization import RMSNormalization


def stated_spec(layer: object) -> tf.TensorSpec | None:
    """Return the input that a layer takes, where its variables or its size tell; else None."""
    if isinstance(layer, Dense | NTKDense):
        return tf.TensorSpec([None, layer.kernel.shape[-2]], layer.kernel.dtype)
    if isinstance(layer, Embedding):
        return tf.TensorSpec([None, layer.table.shape[-2]], layer.table.dtype)
    if isinstance(layer, ColumnEmbeddings):
        return tf.TensorSpec([None, layer.of_columns.shape[-2]], layer.of_columns.dtype)
    if isinstance(layer, Residual | GLU):
        return stated_spec(layer.value if isinstance(layer, GLU) else layer.inner)
    if isinstance(layer, ColumnBlocks):
        return tf.TensorSpec([None, sum(layer.widths)], weights_dtype(layer))
    if isinstance(layer, Scaling):
        return tf.TensorSpec([None, layer.scale.shape[-1]], layer.scale.dtype)
    if isinstance(layer, PReLU):
        return tf.TensorSpec([None, layer.alpha.shape[-1]], layer.alpha.dtype)
    if isinstance(layer, LayerNormalization | BatchNormalization | RMSNormalization):
        return tf.TensorSpec([None, layer.size], weights_dtype(layer))
    if isinstance(layer, Sequential):
        first = next((part for part in layer.layers if not isinstance(part, Dropout)), None)  # it keeps the shape
        return stated_spec(first)
    return None


def weights_dtype(module: tf.Module) -> tf.DType:
    """Return the dtype of the first floating variable, else float32."""
    return next((variable.dtype for variable in module.variables if variable.dtype.is_floating), tf.float32)
