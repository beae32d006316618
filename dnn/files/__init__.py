"""What is written is whole, and on the disk, before it has its name; what is read is what was written."""

from dnn.lazy import import_when_used as _import_when_used

_import_when_used(__name__)
