"""Find the modules of a package after `import dnn` alone: `dnn.nn.losses` is imported when it is first used."""

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def import_when_used(package: str) -> None:
    """Give a package a `__getattr__` that imports its modules; type checkers, which know their files, do not see it."""

    def get(name: str) -> ModuleType:
        if find_spec(f"{package}.{name}") is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return import_module(f"{package}.{name}")

    vars(sys.modules[package])["__getattr__"] = get
