"""Loading: from a C++ source, or from a library that is built already, to a module with its ops as functions."""

import threading
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import tensorflow as tf

from dnn.ops.build import build, recipe
from dnn.ops.cache import cache_folder
from dnn.ops.compiler import tensorflow_version
from dnn.ops.loaded import check_unchanged, module_of, present, remember, seen_again
from dnn.ops.sources import LIBRARIES, SOURCES, digests, existing, whole
from dnn.ops.stamp import Stamp, read_stamp
from dnn.ops.taken import listed
from dnn.ops.trial import not_loadable, ops_in

_LOADING = threading.Lock()


@tf.autograph.experimental.do_not_convert
def load(path: str | Path, *, flags: Sequence[str] = (), cache: str | Path | None = None) -> ModuleType:
    """A module that holds each op of a C++ source as a function: `MyOp` as `my_op`.

    path: the source, `name.cc`, or a shared library, `name.so`. A source is compiled when the cache has no library of
    its text, headers, flags, TensorFlow and compiler (headers of the system, which -isystem brings too, are not looked
    at; where there is no compiler, a library by any will do). A second call gives the same module, in
    some 50 microseconds as long as none of its files was written: it may stand where the op is called.
    flags: for the compiler, beside TensorFlow's: `("-march=native", "-Iheaders")`; it runs in the folder of the source.
    cache: the folder for libraries; without it $XDG_CACHE_HOME/dnn/ops, or ~/.cache/dnn/ops.
    Raises: FileNotFoundError for no such file; ValueError for one that is neither, for no op in it, and for the name of
    an op that is taken, also by what the source was before it was changed: a process cannot forget an op;
    RuntimeError if there is no compiler, if TensorFlow's headers are missing, if the source does not compile, and for a
    library that is of another TensorFlow or cannot be loaded; OSError for a cache that cannot be written.
    Warns: UserWarning with what the compiler warned of, when it has compiled the source.
    """
    return seen_again(whole(path), flags) or _load(existing(path, SOURCES + LIBRARIES), flags, cache)


def _load(file: Path, flags: Sequence[str], cache: str | Path | None) -> ModuleType:
    with _LOADING:
        if file.suffix in LIBRARIES:
            stamp = _stamp_of(file)
            return module_of(file, stamp) or remember(file, (), stamp, _opened(file, file, stamp))
        wanted = recipe(file, flags, cache_folder(cache))
        check_unchanged(file, wanted)
        library, stamp = build(wanted)
        module = module_of(file, stamp) or _opened(library, file, stamp)
        return remember(file, flags, stamp, module, folder=wanted.source.parent)


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


def _opened(library: Path, file: Path, stamp: Stamp) -> ModuleType:
    try:
        module = tf.load_op_library(str(library))
    except tf.errors.OpError as error:
        ops = present(stamp.ops)
        left = f"\nHere {listed(ops)} left by halves: start a new process" if ops else ""
        raise not_loadable(file, f"{error.message}{left}") from error
    module.__name__ = file.stem  # as errors call it; TensorFlow's name is a digest
    for name in stamp.ops:  # those of snake_case AutoGraph knows as TensorFlow's; of the others it warns
        setattr(module, name, tf.autograph.experimental.do_not_convert(getattr(module, name)))
    return module
