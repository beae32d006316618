"""Loading: from a C++ source, or from a library that is built already, to a module with its ops as functions."""

import functools
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import tensorflow as tf
from tensorflow.python.framework import op_def_registry  # the only place that tells which ops there are

from dnn.ops.build import build, recipe
from dnn.ops.cache import cache_folder
from dnn.ops.compiler import tensorflow_version
from dnn.ops.sources import LIBRARIES, SOURCES, check_file, digests
from dnn.ops.stamp import Stamp, read_stamp
from dnn.ops.trial import not_loadable, ops_in

_LOADING = threading.Lock()


def load(path: str | Path, *, flags: Sequence[str] = (), cache: str | Path | None = None) -> ModuleType:
    """A module that holds each op of a C++ source as a function: `MyOp` as `my_op`.

    path: the source, `name.cc`, or a shared library, `name.so`. A source is compiled when the cache has no library of
    its text, TensorFlow and flags, or one that is of other headers than now (those of the system, which -isystem brings
    too, are not looked at), or of another compiler than the one that is there. A second call gives the same module.
    flags: for the compiler, beside TensorFlow's: `("-march=native", "-Iheaders")`; it runs in the folder of the source.
    cache: the folder for libraries; without it $XDG_CACHE_HOME/dnn/ops, or ~/.cache/dnn/ops.
    Raises: FileNotFoundError for no such file; ValueError for one that is neither, for no op in it, and for the name of
    an op that is taken, also by what the source was before it was changed: a process cannot forget an op;
    RuntimeError if there is no compiler, if TensorFlow's headers are missing, if the source does not compile, and for a
    library that is of another TensorFlow or cannot be loaded; OSError for a cache that cannot be written.
    """
    path = Path(path)
    check_file(path, SOURCES + LIBRARIES)
    with _LOADING:
        if path.suffix in LIBRARIES:
            return _loaded(_Library(_stamp_of(path.resolve()), path.resolve(), path))
        wanted = recipe(path, flags, cache_folder(cache))
        return _loaded(_Library(build(wanted), wanted.library, path))


@dataclass(frozen=True)
class _Library:
    """Two are the same if they are made of the same, wherever they are."""

    stamp: Stamp
    file: Path = field(compare=False)
    name: Path = field(compare=False)


def _stamp_of(library: Path) -> Stamp:
    """Its own, or, if another tool built it, what a trial tells of it."""
    found = read_stamp(library)
    if not found:
        digest = digests(library.parent, [library.name])
        return Stamp(tensorflow_version(), "unknown", (), digest, ops_in(library, library))
    if found.tensorflow != tensorflow_version():
        raise RuntimeError(
            f"{library} was built for {found.tensorflow}, but this is {tensorflow_version()}: "
            "build it again from its source, with dnn.ops.load"
        )
    return found


@functools.cache
def _loaded(library: _Library) -> ModuleType:
    ops = library.stamp.ops
    if _taken(ops):  # TensorFlow would say nothing: the op stays the old one, and then has two kernels, and fails
        raise ValueError(
            f"{library.name}: the op {_taken(ops)} is there already, from TensorFlow, from another library, or from "
            "this source before it was changed. Give it another name, or, after a change, start a new process"
        )
    try:
        return tf.load_op_library(str(library.file))
    except tf.errors.OpError as error:
        left = f"\nThe op {_taken(ops)} is left by halves: start a new process" if _taken(ops) else ""
        raise not_loadable(library.name, f"{error.message}{left}") from error


def _taken(ops: Iterable[str]) -> str:
    return ", ".join(name for name in ops if op_def_registry.get(name))
