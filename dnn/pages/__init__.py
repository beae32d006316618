"""A run, or several side by side, as one HTML file that needs no network."""

from dnn.lazy import import_when_used as _import_when_used

_import_when_used(__name__)
