"""Stage 2: the mathematics of a network. Each formula is a free function; a tf.Module only remembers."""

from dnn.lazy import import_when_used as _import_when_used

_import_when_used(__name__)
