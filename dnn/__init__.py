"""Deep learning for tables, written from scratch in low-level TensorFlow.

The public names stand in `__init__.pyi`, where editors and type checkers read them. Each is imported when it is first
used, so `import dnn` and `dnn --help` do not wait for TensorFlow.
"""

import ast as _ast
import logging as _logging
from importlib import import_module as _import_module
from importlib.resources import files as _files

from dnn.control import escape_record as _escape_record

__version__ = "0.1.0"

_logging.getLogger("dnn").addFilter(_escape_record)


def _public_names(stub: str) -> dict[str, str]:
    """Return the module that defines each name of the stub; a subpackage stands in `dnn` itself."""
    imports = [node for node in _ast.parse(stub).body if isinstance(node, _ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


_MODULES = _public_names(_files("dnn").joinpath("__init__.pyi").read_text("utf-8"))
__all__ = [name for name, module in _MODULES.items() if module != "dnn"]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        from difflib import get_close_matches  # here, since its import takes longer than all of this

        near = next(iter(get_close_matches(name, __dir__())), None)
        hint = f"; did you mean {near!r}?" if near else ""
        raise AttributeError(f"module 'dnn' has no attribute {name!r}{hint}")
    if _MODULES[name] == "dnn":
        return _import_module(f"dnn.{name}")
    value = globals()[name] = getattr(_import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *_MODULES})
