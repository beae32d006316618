"""The C++ compiler of this machine: which one, with which flags."""

import hashlib
import itertools
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

SOURCES = (".cc", ".cpp", ".cxx")
OTHER_SOURCES = (".c", ".c++", ".s", *SOURCES)  # that the compiler takes too, in lower case
USUAL_COMPILERS = ("c++", "g++", "clang++")

# -ffp-contract=off: no fused multiply-add unless it is written, so that each product and each sum is rounded as the
# formula says, on machines with and without the instruction. (A sum under `omp simd` still has the order of the
# machine's vectors.)
# -fno-math-errno, -fno-trapping-math: nobody reads errno or traps here, and with them GCC vectorizes neither square
# roots nor selections.
# -fopenmp-simd: for the pragma `omp simd`, which permits reordering the sum of one loop.
OUR_FLAGS = (
    "-O3",
    "-fPIC",
    "-shared",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fopenmp-simd",
    "-Wall",
)

OWN_SESSION = os.name == "posix"  # of a process: Ctrl-C ends this one, or waits, but does not kill the compiler


class Compiler(NamedTuple):
    """command: its words, empty if no compiler works. identity: the command and the output of --version, or "".
    problem: why it cannot compile an op, or "".
    """

    command: tuple[str, ...]
    identity: str
    problem: str


class Source(NamedTuple):
    """A C++ file, and all that its compilation depends on. flags: TensorFlow's, ours and the user's.

    parts: further C++ files of the same library, named first among the user's flags.
    """

    path: Path
    flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    tensorflow: str
    compiler: Compiler
    parts: tuple[str, ...] = ()


def source_of(path: Path, flags: Sequence[str]) -> Source:
    """Return the source with the flags and the compiler of now.

    Raises: TypeError if `flags` is one string.
    """
    if isinstance(flags, str):
        raise TypeError(f'flags must be a sequence of strings, such as ("-O2",), got {flags!r}')
    all_flags = (*compile_flags(), *flags)
    parts = _parts_among(flags)
    return Source(path.resolve(), all_flags, tuple(link_flags()), tensorflow_version(), _compiler_of_now(), parts)


def _parts_among(flags: Sequence[str]) -> tuple[str, ...]:
    """Return the C++ files in front of the flags; none if there are sources behind them, which one command compiles."""
    parts = tuple(itertools.takewhile(lambda flag: flag.endswith(SOURCES) and flag[0] not in "-@", flags))
    behind = [
        flag
        for before, flag in itertools.pairwise(("", *flags[len(parts) :]))
        if flag.lower().endswith(OTHER_SOURCES) and flag[0] != "-" and before not in ("-include", "-imacros")
    ]
    return () if behind else parts


def compiler() -> tuple[str, ...]:
    """Return the command of the C++ compiler: $CXX, with its arguments, else the first of c++, g++, clang++.

    Raises: RuntimeError if there is none.
    """
    try:
        words = shlex.split(os.environ.get("CXX", ""))
    except ValueError as error:
        raise RuntimeError(f"$CXX is not a command: {error} in {os.environ['CXX']!r}") from error
    for name in words[:1] or USUAL_COMPILERS:
        program = shutil.which(name)
        if program:
            return (os.path.abspath(program), *words[1:])
    missing = f"$CXX is {words[0]!r}, which is not found" if words else f"none of {', '.join(USUAL_COMPILERS)} is found"
    raise RuntimeError(
        f"no C++ compiler: {missing}. Install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; "
        "macOS: xcode-select --install), or set CXX to its path"
    )


def compile_flags() -> list[str]:
    """Return TensorFlow's flags, with its headers as system headers, whose warnings are not shown; and ours.

    TensorFlow names its C++ standard (2.21: C++17), the ABI of the standard library and, for what Eigen aligns, a fixed
    number of bytes. So -march=native may be added.
    """
    theirs = [flag for flag in tf.sysconfig.get_compile_flags() if not flag.startswith("-I")]
    return ["-isystem", tf.sysconfig.get_include(), *theirs, *OUR_FLAGS]


def link_flags() -> list[str]:
    """Return TensorFlow's link flags; macOS must be told that missing symbols are in the process already."""
    return [*tf.sysconfig.get_link_flags(), *(["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else [])]


def tensorflow_version() -> str:
    """Return the version and commit of TensorFlow: a library works with these alone."""
    return f"TensorFlow {tf.version.VERSION} {tf.version.GIT_VERSION}"


def digests(folder: Path, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return each file, named from the folder, with the SHA-256 of its bytes, or "" if it is missing."""
    return tuple((name, _digest(folder / name)) for name in sorted(set(names)))


def _compiler_of_now() -> Compiler:
    try:
        command = compiler()
        return Compiler(command, f"{shlex.join(command)}\n{_version_of(command)}", _problem_of_headers())
    except RuntimeError as error:  # a library that is built needs no compiler
        return Compiler((), "", str(error))


def _version_of(command: tuple[str, ...]) -> str:
    asked = [*command, "--version"]
    try:
        return subprocess.run(asked, capture_output=True, encoding="utf-8", errors="replace", check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "")
        raise RuntimeError(f"the C++ compiler does not work: {error}\n{said}Set CXX to one that does") from error


def _problem_of_headers() -> str:
    include = tf.sysconfig.get_include()
    if Path(include, "tensorflow/core/framework/op_kernel.h").is_file():
        return ""
    return (
        f"TensorFlow's C++ headers are missing: {include} has no tensorflow/core/framework/op_kernel.h. "
        "Install it whole: pip install --force-reinstall tensorflow"
    )


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
