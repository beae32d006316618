"""Loading: a source or a library becomes a module with its ops, once in a process, since TensorFlow keeps every op."""

import os
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import tensorflow as tf
from tensorflow.python.framework import op_def_registry  # nothing public tells which ops are registered

from dnn.ops.build import as_of_now, build
from dnn.ops.cache import cache_folder
from dnn.ops.compiler import SOURCES, compile_flags, digests, source_of, tensorflow_version
from dnn.ops.library import Library, library_in
from dnn.ops.trial import not_loadable, trial
from dnn.ops.trust import path_to_load

LIBRARIES = (".so", ".dylib")
REGISTERED = re.compile(r'^\s*REGISTER_OP\(\s*"(\w+)"', re.MULTILINE)  # written out, and not behind a //

Function = TypeVar("Function", bound=Callable[..., Any])


class Loaded(NamedTuple):
    """A library that this process has. path: the source, or the library. flags: the user's.

    written: each file that the source is made of, when it was written, and its size; empty where a repeated call must
    not rely on them.
    """

    path: Path
    flags: tuple[str, ...]
    library: Library
    module: ModuleType
    written: tuple[tuple[str, int, int], ...]


_LOADED: dict[tuple[Path, tuple[str, ...], Library], Loaded] = {}  # as TensorFlow's own list of ops, for the process
_LOADING = threading.Lock()


def _not_converted(function: Function) -> Function:
    """TensorFlow's decorator, which loses the function's type."""
    decorated: Function = tf.autograph.experimental.do_not_convert(function)
    return decorated


@_not_converted
def load(path: str | Path, *, flags: Sequence[str] = (), cache: str | Path | None = None) -> ModuleType:
    """Return a module that holds each op of a C++ source as a function: `MyOp` as `my_op`.

    A source is compiled when the cache has no library of its text, headers, flags, TensorFlow and compiler (system
    headers, which -isystem brings too, are not looked at; without a compiler, a library by any compiler will do).
    A repeated call returns the same module in some 50 microseconds, as long as none of its files was written: it may
    stand where the op is called.

    Args:
        path: The source, `name.cc`, or a shared library, `name.so`.
        flags: For the compiler, after TensorFlow's: `("-march=native", "-Iheaders")`. It runs in the source's folder.
            C++ files in front of them, `("more.cc", "-O2")`, are parts of the library, compiled at the same time.
        cache: The folder for libraries; None is $XDG_CACHE_HOME/dnn/ops, or ~/.cache/dnn/ops.

    Returns:
        The module, the same one for the same library.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is neither a source nor a library, has no op, or has an op whose name is taken, also by
            an earlier version of the source: a process cannot unregister an op.
        RuntimeError: If there is no compiler, TensorFlow's headers are missing, the source does not compile, or the
            library is for another TensorFlow or cannot be loaded.
        OSError: If the cache cannot be written.

    Warns:
        UserWarning: With the compiler's warnings, when it has compiled the source.
    """
    file = absolute(path)
    for loaded in tuple(_LOADED.values()):  # a copy: another thread may load meanwhile
        asked = loaded.written and loaded.path == file and loaded.flags == tuple(flags)
        if asked and loaded.written == _written(name for name, *_ in loaded.written):
            return loaded.module
    check_file(file, SOURCES + LIBRARIES)
    with _LOADING:
        library = _library_at(file) if file.suffix in LIBRARIES else library_of(file, flags, cache)
        return _remembered(file, tuple(flags), library)


def absolute(path: str | Path) -> Path:
    """Return the absolute path, as errors show it; `~` is a home folder."""
    return Path(os.path.abspath(os.path.expanduser(path)))


def check_file(file: Path, suffixes: tuple[str, ...]) -> None:
    """Raise FileNotFoundError, IsADirectoryError, or ValueError for another suffix."""
    if file.is_dir():
        raise IsADirectoryError(21, "is a folder, not a file: ops are loaded from a source or a library", str(file))
    if not file.is_file():
        raise FileNotFoundError(2, "there is no such file to load ops from", str(file))
    if file.suffix not in suffixes:
        raise ValueError(f"{file} must have one of the suffixes {' '.join(suffixes)}")


def library_of(file: Path, flags: Sequence[str], cache: str | Path | None) -> Library:
    """Return the library of a source, from the cache or compiled.

    Raises: ValueError if this process has an op of that name already, from another library or from the source as it
    was before; the latter without compiling it.
    """
    source = source_of(file, flags)
    before = [loaded.library for loaded in tuple(_LOADED.values()) if loaded.path == file]
    now = [as_of_now(library, source) for library in before]
    if before and not set(before).intersection(now):
        names = REGISTERED.findall(source.path.read_text("utf-8", "replace"))
        for library in now:
            _check_free(file, library, [op for op in library.ops if op in names])
    return build(source, cache_folder(cache))


def check_ops(file: Path, library: Library) -> None:
    """Raise ValueError if an op of the library is registered in this process, and not by the same library.

    TensorFlow would not: it would keep the old op, give it a second kernel, and fail at the next call.
    """
    if library not in _modules():
        _check_free(file, library, [op for op in library.ops if op_def_registry.get(op)])


def _library_at(file: Path) -> Library:
    """Return a library that is built already. A trial tells the ops of one that another tool built."""
    library = library_in(file.read_bytes(), file)
    if library is None:
        made_of = digests(file.parent, [file.name])
        with trial() as ops_in:
            return Library(tensorflow_version(), "unknown", (), made_of, ops_in(file, file), file)
    if library.tensorflow != tensorflow_version():
        raise RuntimeError(
            f"{file} was built for {library.tensorflow}, but this is {tensorflow_version()}: "
            "build it again from its source, with dnn.ops.load"
        )
    return library


def _remembered(file: Path, flags: tuple[str, ...], library: Library) -> ModuleType:
    """Return the module of a library, for the next call with these arguments too."""
    check_ops(file, library)
    module = _modules().get(library) or _opened(file, library)
    folder, names = file.resolve().parent, [name for name, _ in library.made_of]
    written = _written(str(folder / name) for name in names)
    # the times are taken first: a file that is saved after them is written again, and one before has another digest
    as_built = file.suffix in SOURCES and digests(folder, names) == library.made_of
    _LOADED[file, flags, library] = Loaded(file, flags, library, module, written if as_built else ())
    return module


def _modules() -> dict[Library, ModuleType]:
    return {loaded.library: loaded.module for loaded in tuple(_LOADED.values())}


def _written(files: Iterable[str]) -> tuple[tuple[str, int, int], ...]:
    """Return when each file was written, and its size; nothing if one of them is missing."""
    try:
        states = [(name, os.stat(name)) for name in files]
    except FileNotFoundError:
        return ()
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)


def _opened(file: Path, library: Library) -> ModuleType:
    try:
        path = path_to_load(library.file) if file.suffix in SOURCES else str(file)
        module: ModuleType = tf.load_op_library(path)
    except tf.errors.OpError as error:
        ops = [op for op in library.ops if op_def_registry.get(op)]
        left = f"\nHere {_listed(ops)} half registered: start a new process" if ops else ""
        raise not_loadable(file, f"{error.message}{left}") from error
    module.__name__ = file.stem  # as errors call it; TensorFlow's name is a digest
    for op in library.ops:  # AutoGraph knows those of snake_case as TensorFlow's, and warns of the others
        setattr(module, op, tf.autograph.experimental.do_not_convert(getattr(module, op)))
    return module


def _check_free(file: Path, library: Library, ops: Sequence[str]) -> None:
    """Raise ValueError, if there are `ops` of this library, which this process has already, and say whose they are."""
    for loaded in tuple(_LOADED.values()):
        held = [op for op in ops if op in loaded.library.ops]
        if held and loaded.path == file:
            raise ValueError(
                f"{file}: {_listed(held)} registered already, by this file as it was loaded before; since then "
                f"{_changes(loaded.library, library)}. Start a new process, since an op cannot be unregistered"
            )
        if held:
            rename = f"Rename {'it' if len(held) == 1 else 'them'}, or start a new process"
            raise ValueError(f"{file}: {_listed(held)} registered already, by {loaded.path}. {rename}")
    if ops:
        holder = "TensorFlow" if hasattr(tf.raw_ops, ops[0]) else "a library that dnn.ops.load did not load"
        rename = f"Rename {'it' if len(ops) == 1 else 'them'}"
        raise ValueError(f"{file}: {_listed(ops)} registered already, by {holder}. {rename}")


def _listed(ops: Sequence[str]) -> str:
    """Return the ops with the verb: "the op A is", "the ops A, B are"."""
    return f"the op {ops[0]} is" if len(ops) == 1 else f"the ops {', '.join(ops)} are"


def _changes(before: Library, now: Library) -> str:
    files = sorted({name for name, _ in set(before.made_of) ^ set(now.made_of)})
    changes = [f"{', '.join(files)} changed"] if files else []
    if before.flags != now.flags:
        ours = len(compile_flags())  # the first of both
        changes.append(f"the flags changed from {before.flags[ours:]} to {now.flags[ours:]}")
    if before.compiler != now.compiler:
        changes.append("the compiler changed")
    return " and ".join(changes)
