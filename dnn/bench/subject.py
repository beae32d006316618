"""What a file says about an op to be timed: `op`, `reference`, `inputs(size)`, and optionally `SIZES`, `GRADIENT`."""

import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import tensorflow as tf

from dnn.ops.calling import error_text

DEFAULT_SIZES = (1_000, 10_000, 100_000)


@dataclass(frozen=True)
class Subject:
    """op, reference: tensors -> a tensor, or several, in TensorFlow. inputs: size -> a tuple of arrays or tensors.

    gradient: False for an op that has none.
    """

    op: Callable[..., Any]
    reference: Callable[..., Any]
    inputs: Callable[[int], Any]
    sizes: tuple[int, ...]
    gradient: bool

    def arguments(self, size: int) -> list[tf.Tensor]:
        """Return the arguments of this size as tensors."""
        given = self.inputs(size)
        if not isinstance(given, tuple | list):
            raise TypeError(f"inputs(size) must give a tuple of arguments, as (x,), got {type(given).__name__}")
        return list(map(tf.convert_to_tensor, given))

    def both(self) -> list[tuple[str, Callable[..., Any]]]:
        """Return the op and the reference by name."""
        return [("op", self.op), ("reference", self.reference)]


def gives_arrays(function: Callable[..., Any], arguments: Sequence[tf.Tensor]) -> bool:
    """Return whether it computes with NumPy: called with arrays, it gives no tensors."""
    try:
        results = function(*(argument.numpy() for argument in arguments))
    except Exception:
        return False
    return not any(map(tf.is_tensor, tf.nest.flatten(results)))


def read_subject(path: Path) -> Subject:
    """Run the file as Python would, so that it may import what stands beside it, and return what it defines.

    An OSError says that it cannot be read, a ValueError that it cannot be run or lacks a name.
    """
    path.read_bytes()
    module = _run_file(path)
    missing = [name for name in ("op", "reference", "inputs") if not callable(getattr(module, name, None))]
    if missing:
        raise ValueError(f"{path} must define the functions op, reference and inputs(size); without {missing[0]}")
    sizes = getattr(module, "SIZES", DEFAULT_SIZES)
    listed = isinstance(sizes, tuple | list)
    if not listed or not sizes or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise ValueError(f"{path}: SIZES must be positive integers, as (1_000, 10_000), got {sizes!r}")
    return Subject(module.op, module.reference, module.inputs, tuple(sizes), getattr(module, "GRADIENT", True))


def _run_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_op_{path.stem}", path)  # a name that no other module has
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    if sys.modules.get("keras", path) is None:  # the command does without it, and the file need not
        del sys.modules["keras"]
    sys.modules[spec.name] = module  # where a dataclass looks for the names in its annotations
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"{path} cannot be run: {error_text(error)}") from error
    finally:
        sys.path.pop(0)
    return module
