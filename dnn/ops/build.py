"""Building: a source becomes a shared library in a cache, under a name that says everything it was made from."""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dnn.ops.compiler import compile_flags, compiler, link_flags, tensorflow_version, version_of
from dnn.ops.sources import ops_of, sources_of
from dnn.ops.stamp import stamp

SEAL = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Recipe:
    """How a library is made. Two are the same if their libraries are: of one text and one command, wherever it is."""

    library: Path
    ops: tuple[str, ...]
    source: Path = field(compare=False)
    command: tuple[str, ...] = field(compare=False)


def recipe(source: Path, flags: Sequence[str], cache: Path) -> Recipe:
    """The library's name holds a hash of the source and what it includes, of compiler, TensorFlow and flags.

    Raises: FileNotFoundError for no source, RuntimeError for no compiler or no headers.
    """
    sources = sources_of(source)
    command = (*compiler(), *compile_flags(), *flags)
    made_from = [*sources.values(), version_of(compiler()), tensorflow_version(), *command, *link_flags()]
    digest = hashlib.sha256("\0".join(made_from).encode()).hexdigest()[:24]
    return Recipe(cache / f"{source.stem}-{digest}.so", ops_of(sources), source, command)


def build(wanted: Recipe) -> None:
    """Make the library if it is not there, or is damaged. It appears whole or not at all, whoever else builds it or is
    killed.

    Raises: RuntimeError with what the compiler said, if it fails; OSError if the cache cannot be written.
    """
    if wanted.library.is_file() and is_whole(wanted.library):
        return
    _make_cache(wanted.library.parent)
    with tempfile.TemporaryDirectory(dir=wanted.library.parent, prefix="building-") as folder:
        built = Path(folder, "library.so")
        # a second source, from standard input, which says for which TensorFlow this is, and what ops it holds
        sources = [str(wanted.source.resolve()), "-x", "c++", "-", "-x", "none"]
        words = len(compiler())
        # the flags after the sources: a static library among them is searched for what was missing before it
        command = [*wanted.command[:words], *sources, *wanted.command[words:], "-o", str(built), *link_flags()]
        done = subprocess.run(command, input=_stamp_source(wanted), capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.strip() or f"nothing; it ended with {done.returncode}"
            raise RuntimeError(f"{wanted.source} does not compile; the compiler says:\n{said}\nIt was called as:\n"
                               + " ".join(command))  # fmt: skip
        _seal(built)
        os.replace(built, wanted.library)


def is_whole(library: Path) -> bool:
    """Whether it is what was built: one cut short by a full disk would take the process down where it is loaded."""
    data = library.read_bytes()
    return hashlib.sha256(data[:-SEAL]).digest() == data[-SEAL:]


def _seal(library: Path) -> None:
    """Append the digest of its bytes, which a loader passes over."""
    with library.open("r+b") as file:
        file.write(hashlib.sha256(file.read()).digest())
        file.flush()
        os.fsync(file.fileno())


def cache_folder(cache: str | Path | None) -> Path:
    """The one that is given; without it $XDG_CACHE_HOME/dnn/ops, or ~/.cache/dnn/ops."""
    if cache:
        return Path(cache).expanduser().resolve()  # a name without a slash would be searched for among the system's
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser(), "dnn", "ops").resolve()


def _make_cache(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # what lies here is run
    except OSError as error:
        raise OSError(
            error.errno, f"{error.strerror}; give load another folder for libraries: cache=…, or set XDG_CACHE_HOME",
            str(folder),
        ) from error  # fmt: skip


def _stamp_source(wanted: Recipe) -> str:
    text = stamp(tensorflow_version(), wanted.ops)
    return f'extern "C" {{ extern const char dnn_ops_stamp[]; const char dnn_ops_stamp[] = "{text}"; }}\n'
