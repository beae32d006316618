"""Building: a source becomes a shared library in a cache, and again when something that it is made of has changed."""

import glob
import hashlib
import logging
import os
import platform
import shlex
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from dnn.ops.cache import one_at_a_time, place, working_folder
from dnn.ops.compiler import (
    check_headers,
    compile_flags,
    compiler,
    compiler_there,
    identity,
    link_flags,
    tensorflow_version,
)
from dnn.ops.sources import SOURCES, digests, existing, files_in
from dnn.ops.stamp import Stamp, digest_of, read_stamp, stamped
from dnn.ops.trial import ops_in

SHOWN = 50  # lines of what the compiler says: an error in a template of Eigen's may have thousands


class Recipe(NamedTuple):
    """How a library is made: of what source, with what flags, and where. name: how those begin that are made so."""

    cache: Path
    name: str
    source: Path
    flags: tuple[str, ...]


class Built(NamedTuple):
    """A library in the cache, and its stamp."""

    library: Path
    stamp: Stamp


def recipe(source: str | Path, flags: Sequence[str], cache: Path) -> Recipe:
    """Its name holds a hash of the source's text, of TensorFlow, flags, the kind of machine and where the compiler
    looks for headers. The rest, the compiler and what the headers hold, is known when it is compiled.

    Raises: FileNotFoundError, IsADirectoryError or ValueError for what is no source; TypeError for flags in one text.
    """
    if isinstance(flags, str):
        raise TypeError(f'flags must be texts in a tuple, as ("-O2",), got {flags!r}')
    source, flags = existing(source, SOURCES).resolve(), (*compile_flags(), *flags)
    here = (platform.machine(), *(os.environ.get(name, "") for name in ("CPATH", "CPLUS_INCLUDE_PATH")))
    texts = map(os.fsencode, (tensorflow_version(), *flags, *link_flags(), *here))
    digest = hashlib.sha256(b"\0".join([source.read_bytes(), *texts])).hexdigest()[:24]
    return Recipe(cache, f"{source.stem}-{digest}", source, flags)


def build(wanted: Recipe) -> Built:
    """The library of these files as they are now, by the compiler that is there: from the cache, or made.

    It appears whole or not at all, whoever is killed. Of those who want it at once, one builds and the others wait.
    No other takes its name: the name ends with a hash of the stamp.
    Raises: RuntimeError for no compiler or no headers, with what the compiler said if it fails, and for a library that
    cannot be loaded; ValueError for no op, or one of TensorFlow's; OSError if the cache cannot be written.
    Warns: UserWarning with what the compiler warns of, once, when it is compiled.
    """
    found = _found(wanted)
    if found:
        return found
    with one_at_a_time(wanted.source):
        return _found(wanted) or _made(wanted)


def _found(wanted: Recipe) -> Built | None:
    compiled_by = compiler_there()
    for library in sorted(wanted.cache.glob(f"{glob.escape(wanted.name)}-*.so")):
        stamp = read_stamp(library)
        if stamp and stamp == as_of_now(stamp, wanted, compiled_by):
            return Built(library, stamp)
    return None


def _made(wanted: Recipe) -> Built:
    compiled_by = identity()
    check_headers()
    logging.getLogger("dnn").info("compiling %s", wanted.source)
    with working_folder(wanted.cache) as folder:
        # before it is compiled: a file that is saved meanwhile is then not the one that is recorded
        made_of = digests(wanted.source.parent, _files_of(wanted))
        library = folder / "library.so"
        warned = _compile(wanted, library)
        if digests(wanted.source.parent, (name for name, _ in made_of)) != made_of:
            raise RuntimeError(f"{wanted.source}, or a file that it includes, was saved meanwhile: load it again")
        stamp = Stamp(tensorflow_version(), compiled_by, wanted.flags, made_of, ops_in(library, wanted.source))
        built = Built(wanted.cache / f"{wanted.name}-{digest_of(stamp)}.so", stamp)
        place(stamped(library.read_bytes(), stamp), built.library, folder)
    if warned:
        warnings.warn(f"{wanted.source}: the compiler warns:\n{warned}", stacklevel=2)
    return built


def as_of_now(stamp: Stamp, wanted: Recipe, compiled_by: str | None) -> Stamp:
    """What the stamp would be today, of the same files. Where there is no compiler, the one that it names will do."""
    made_of = digests(wanted.source.parent, (name for name, _ in stamp.made_of))
    return Stamp(tensorflow_version(), compiled_by or stamp.compiler, wanted.flags, made_of, stamp.ops)


def _compile(wanted: Recipe, library: Path) -> str:
    """What the compiler warns of."""
    done = _run(wanted, "-o", str(library), *link_flags())
    if not library.is_file():
        raise RuntimeError(
            f"the compiler {shlex.join(compiler())} made no library of {wanted.source}: set CXX to another"
        )
    return _beginning(done.stderr)


def _files_of(wanted: Recipe) -> list[str]:
    """What the library is made of: the files that the compiler lists, of each source, and files among the flags."""
    words = [flag.removeprefix("@") for flag in wanted.flags]  # @file: a file of flags
    named = [word for word in words if os.path.isfile(wanted.source.parent / word)]  # also of one too long
    # clang warns of flags that are for linking alone, which -Werror would make an error
    listed = _run(wanted, "-MM", "-MT", "library", "-Wno-unused-command-line-argument")
    return [*files_in(os.fsdecode(listed.stdout)), *named]


def _run(wanted: Recipe, *arguments: str) -> subprocess.CompletedProcess:
    """The compiler, in the source's folder, so that files have the same names wherever that is."""
    # the flags after the source: a static library among them is searched for what was missing before it
    command = [*compiler(), f"./{wanted.source.name}", *wanted.flags, *arguments]
    done = subprocess.run(command, cwd=wanted.source.parent, capture_output=True)
    if done.returncode:
        said = _beginning(done.stderr) or f"nothing; it ended with {done.returncode}"
        raise RuntimeError(
            f"{wanted.source} does not compile; the compiler says:\n{said}\n"
            f"It was called in {wanted.source.parent} as:\n{shlex.join(command)}"
        )
    return done


def _beginning(said: bytes) -> str:
    """Its first lines, where the cause of an error stands, and how many more there are."""
    lines = said.decode(errors="replace").strip().splitlines()
    left = [f"… and {len(lines) - SHOWN} more lines"] if len(lines) > SHOWN else []
    return "\n".join(lines[:SHOWN] + left)
