"""Stage 1: a file becomes named columns, disjoint parts, and float32 arrays that a network can read."""

from dnn.lazy import import_when_used as _import_when_used

_import_when_used(__name__)
