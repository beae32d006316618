"""Keras's models become ours, and ours Keras's; and weights as arrays in Keras's order.

It must be imported by its name, `import dnn.interop.keras`: nothing else in `dnn` imports Keras. Weights are copied bit
for bit, and predictions are equal to rounding. What has no twin is refused, by the layer's name.

    ours = dnn.interop.keras.from_keras(keras_s, logits=True)
    keras_s = dnn.interop.keras.to_keras(ours, activation="softmax")
"""

from dnn.interop.from_keras import from_keras as from_keras
from dnn.interop.to_keras import to_keras as to_keras
from dnn.nn.modules import get_weights as get_weights
from dnn.nn.modules import set_weights as set_weights
