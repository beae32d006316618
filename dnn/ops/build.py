"""Building: a source becomes a library in the cache, and again when anything that it is made of has changed."""

import glob
import hashlib
import logging
import os
import platform
import warnings
from dataclasses import replace
from pathlib import Path

from dnn.ops.cache import one_at_a_time, remedy, working_folder, write_at_once
from dnn.ops.compilation import compile_library, files_read
from dnn.ops.compiler import Source, digests
from dnn.ops.library import Library, library_in, sealed
from dnn.ops.trial import trial
from dnn.ops.trust import key_for, private_folder, read_trusted, signed


def build(source: Source, cache: Path) -> Library:
    """Return the library of the source as its files are now: from the cache, or compiled.

    Nothing is used there but what this user built, and a folder that others can write to is not used: see trust.py. The
    library appears whole or not at all, whichever process is killed. Of several that want it at once, one compiles and
    the others wait.
    Raises: RuntimeError if there is no compiler or no headers, with the compiler's output if it fails, and for a
    library that cannot be loaded; ValueError for a source without an op, or with one of TensorFlow's; OSError if the
    cache cannot be written.
    Warns: UserWarning with the compiler's warnings, once, when it compiles.
    """
    with remedy(cache):
        beginning = private_folder(cache) / _name(source)
    library = _find(source, beginning)
    if library:
        return library
    if source.compiler.problem:
        raise RuntimeError(source.compiler.problem)
    with one_at_a_time(source.path):
        return _find(source, beginning) or _make(source, beginning)


def as_of_now(library: Library, source: Source) -> Library:
    """Return what the library of the same files would be now. Without a compiler, the one that it names will do."""
    return replace(
        library,
        tensorflow=source.tensorflow,
        compiler=source.compiler.identity or library.compiler,
        flags=source.flags,
        made_of=digests(source.path.parent, (name for name, _ in library.made_of)),
    )


def _name(source: Source) -> str:
    """Return how the names of its libraries begin: with a hash of what is known before the compiler runs.

    That is the text, TensorFlow, the flags, the kind of machine, and where the compiler looks for headers. The compiler
    and the contents of the headers are in the stamp.
    """
    here = (platform.machine(), *(os.environ.get(name, "") for name in ("CPATH", "CPLUS_INCLUDE_PATH")))
    strings = map(os.fsencode, ("signed", source.tensorflow, *source.flags, *source.link_flags, *here))
    digest = hashlib.sha256(b"\0".join([source.path.read_bytes(), *strings])).hexdigest()[:24]
    return f"{source.path.stem}-{digest}"


def _find(source: Source, beginning: Path) -> Library | None:
    for file in sorted(beginning.parent.glob(f"{glob.escape(beginning.name)}-*.so")):
        data = read_trusted(file)
        library = library_in(data, file) if data else None
        if library and library == as_of_now(library, source):
            return library
    return None


def _make(source: Source, beginning: Path) -> Library:
    logging.getLogger("dnn").info("compiling %s", source.path)
    with working_folder(beginning.parent) as folder, trial() as ops_in:
        # before it is compiled: a file that is saved meanwhile is then not the one that is recorded
        made_of = digests(source.path.parent, files_read(source))
        compiled = folder / "library.so"
        warned = compile_library(source, compiled)
        if digests(source.path.parent, (name for name, _ in made_of)) != made_of:
            raise RuntimeError(f"{source.path}, or a file that it includes, was saved meanwhile: load it again")
        ops = ops_in(compiled, source.path)
        library = Library(source.tensorflow, source.compiler.identity, source.flags, made_of, ops)
        data = sealed(compiled.read_bytes(), library)
        # no other library takes this name: it ends with a signature of the data
        library = replace(library, file=signed(beginning, data, key_for(beginning.parent, folder)))
        write_at_once(data, library.file, folder)
    if warned:
        warnings.warn(f"{source.path}: the compiler warns:\n{warned}", stacklevel=2)
    return library
