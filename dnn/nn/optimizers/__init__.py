"""Optimizers: a free function is the paper's formula for one array, and a tf.Module holds the slots of all.

`optimizer.py` is what they share. A wrapper (`wrapper.py`) has the same `parameters` and `apply(gradients)`, and stands
around any of them, or around one of the user's own.
"""

from dnn.lazy import import_when_used as _import_when_used

_import_when_used(__name__)
