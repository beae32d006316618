"""How fast something is, measured beside something else in one run."""

from dnn.lazy import import_when_used as _import_when_used

_import_when_used(__name__)
