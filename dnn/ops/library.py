"""Loading: from a C++ source, or from a library that is built already, to a module with its ops as functions."""

import functools
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

import tensorflow as tf
from tensorflow.python.framework import op_def_registry  # the only place that tells which ops there are

from dnn.ops.build import Recipe, build, cache_folder, recipe
from dnn.ops.compiler import tensorflow_version
from dnn.ops.stamp import read_stamp

_LOADING = threading.Lock()


def load(path: str | Path, *, flags: Sequence[str] = (), cache: str | Path | None = None) -> ModuleType:
    """A module that holds each op of a C++ source as a function: `MyOp` as `my_op`.

    path: the source, `name.cc`, or a shared library, `name.so`. A source is compiled when the cache has no library of
    its text, what it includes in quotes, its compiler, TensorFlow and flags. A second call gives the same module.
    flags: for the compiler, beside TensorFlow's: `("-march=native",)`.
    cache: the folder for libraries; without it $XDG_CACHE_HOME/dnn/ops, or ~/.cache/dnn/ops.
    Raises: FileNotFoundError for no such file; RuntimeError if there is no compiler, if TensorFlow's headers are
    missing, if the source does not compile, and for a library that is of another TensorFlow; ValueError for the name of
    an op that is taken, also by what the source was before it was changed: a process cannot forget an op.
    """
    if isinstance(flags, str):
        raise TypeError(f'flags must be texts in a tuple, as ("-O2",), got {flags!r}')
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path} to load ops from")
    with _LOADING:
        if path.suffix in (".so", ".dylib"):
            return _loaded_library(path.resolve())
        return _loaded_source(recipe(path, tuple(flags), cache_folder(cache)))


@functools.cache
def _loaded_source(wanted: Recipe) -> ModuleType:
    if not wanted.ops:
        raise ValueError(f'{wanted.source} registers no op: it has no REGISTER_OP("Name")')
    _refuse_taken(wanted.ops, wanted.source)
    build(wanted)
    return _loaded(wanted.library)


@functools.cache
def _loaded_library(library: Path) -> ModuleType:
    stamp = read_stamp(library)
    if stamp and stamp.tensorflow != tensorflow_version():
        raise RuntimeError(
            f"{library} was built for {stamp.tensorflow}, but this is {tensorflow_version()}: "
            "build it again from its source, with dnn.ops.load"
        )
    _refuse_taken(stamp.ops if stamp else (), library)
    return _loaded(library)


def _loaded(library: Path) -> ModuleType:
    try:
        module = tf.load_op_library(str(library))
    except tf.errors.OpError as error:
        raise RuntimeError(
            f"{library} cannot be loaded into {tensorflow_version()}: {error.message}\nAn undefined symbol is one that "
            "another TensorFlow or another C++ ABI has, or a function that the source declares and does not define: "
            "build the library again from its source, with dnn.ops.load"
        ) from error
    if not any(name.startswith("_dispatcher_for_") for name in vars(module)):  # TensorFlow passes over a taken name
        raise ValueError(f"{library} holds no op whose name was free: start a new process, and load it alone")
    return module


def _refuse_taken(ops: Iterable[str], path: Path) -> None:
    """TensorFlow would load it, and say nothing: the op stays the old one, and then has two kernels, and fails."""
    taken = [name for name in ops if op_def_registry.get(name)]
    if taken:
        raise ValueError(
            f"{path}: the op {', '.join(taken)} is there already, from TensorFlow, from another library, or from this "
            "source before it was changed. Give it another name, or, after a change, start a new process"
        )
