"""What this process has loaded, and from where. TensorFlow keeps an op until the process ends, and so does this."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from tensorflow.python.framework import op_def_registry  # the only place that tells which ops there are

from dnn.ops.build import Recipe, as_of_now
from dnn.ops.compiler import compiler_there
from dnn.ops.sources import digests
from dnn.ops.stamp import Stamp
from dnn.ops.taken import taken

REGISTERED = re.compile(r'^\s*REGISTER_OP\(\s*"(\w+)"', re.MULTILINE)  # plainly, and not behind a //


class Loaded(NamedTuple):
    """path: the source, or the library. files: what the source is made of, and when each was written, and its size."""

    path: Path
    flags: tuple[str, ...]
    stamp: Stamp
    module: ModuleType
    files: tuple[tuple[str, int, int], ...]


_LOADED: dict[tuple, Loaded] = {}  # as TensorFlow's own list of ops, it belongs to the process, and nothing leaves it


def remember(
    path: Path, flags: Sequence[str], stamp: Stamp, module: ModuleType, *, folder: Path | None = None
) -> ModuleType:
    """The module. With the folder of its source, `seen_again` finds it, unless a file is another than was compiled."""
    files = _written(str(folder / name) for name, _ in stamp.made_of) if folder else ()
    if folder and digests(folder, (name for name, _ in stamp.made_of)) != stamp.made_of:
        files = ()
    _LOADED[path, tuple(flags), stamp] = Loaded(path, tuple(flags), stamp, module, files)
    return module


def seen_again(path: str, flags: Sequence[str]) -> ModuleType | None:
    """The module of a source, with these flags, if none of its files was written since it was loaded."""
    for known in _known():
        asked = known.files and str(known.path) == path and known.flags == tuple(flags)
        if asked and known.files == _written(name for name, *_ in known.files):
            return known.module
    return None


def module_of(path: Path, stamp: Stamp) -> ModuleType | None:
    """The module of a library that is loaded, wherever it lay; None if it is not.

    Raises: ValueError if it is not, and the name of one of its ops is taken.
    """
    for known in _known():
        if known.stamp == stamp:
            return known.module
    ops = present(stamp.ops)
    if ops:  # TensorFlow would say nothing: the op stays the old one, and then has two kernels, and fails
        raise ValueError(taken(path, stamp._replace(ops=ops), _holders()))
    return None


def check_unchanged(path: Path, wanted: Recipe) -> None:
    """Raises: ValueError for a source that was loaded, has changed, and has an op as before: no need to compile it."""
    before = [known.stamp for known in _known() if known.path == path]
    now = [as_of_now(stamp, wanted, compiler_there()) for stamp in before]
    names = set(REGISTERED.findall(wanted.source.read_text(errors="replace"))) if before else set()
    for stamp in now:
        ops = tuple(name for name in stamp.ops if name in names)
        if ops and not set(before).intersection(now):
            raise ValueError(taken(path, stamp._replace(ops=ops), _holders()))


def present(ops: Iterable[str]) -> tuple[str, ...]:
    """Those of these ops that are in this process, whatever brought them."""
    return tuple(name for name in ops if op_def_registry.get(name))


def _known() -> tuple[Loaded, ...]:
    return tuple(_LOADED.values())  # at once: another thread may load meanwhile


def _holders() -> list[tuple[Path, Stamp]]:
    return [(known.path, known.stamp) for known in _known()]


def _written(files: Iterable[str]) -> tuple[tuple[str, int, int], ...]:
    """Nothing if one of the files is not there."""
    try:
        states = [(name, os.stat(name)) for name in files]
    except FileNotFoundError:
        return ()
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)
