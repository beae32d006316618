"""Stage 4: what a person keeps of a run: its folder, its table of results."""

from dnn.lazy import import_when_used as _import_when_used

_import_when_used(__name__)
