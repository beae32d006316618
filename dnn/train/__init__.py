"""Stage 3: the step, the epoch that repeats it, and the fit that repeats the epoch until it stops paying."""

from dnn.lazy import import_when_used as _import_when_used

_import_when_used(__name__)
