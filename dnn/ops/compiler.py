"""The C++ compiler of this machine: which one, with which flags, and which files it reads."""

import hashlib
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from dnn.ops.diagnostics import errors_first, first_lines

SOURCES = (".cc", ".cpp", ".cxx")
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

# clang warns of flags that a step of its own has no use for, which -Werror would make an error
ALSO_UNUSED = "-Wno-unused-command-line-argument"
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
    parts = tuple(itertools.takewhile(lambda flag: flag.endswith(SOURCES), flags))
    return Source(path.resolve(), all_flags, tuple(link_flags()), tensorflow_version(), _compiler_of_now(), parts)


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


def compile_library(source: Source, library: Path) -> str:
    """Compile the source into `library`, its parts at the same time, and return the compiler's warnings.

    Raises: RuntimeError with the compiler's output if it fails or writes no library.
    """
    files = _files(source)
    objects = [str(library.with_suffix(f".{i}.o")) for i in range(len(files))] if source.parts else []
    with ThreadPoolExecutor(1 + len(objects)) as pool:
        link_flags = pool.submit(_quick_link_flags, source, library.parent)
        parts = pool.map(lambda file, made: _run(source, [file], "-c", "-o", made, ALSO_UNUSED), files, objects)
        said = [done.stderr for done in parts]
    unused = [ALSO_UNUSED] if objects else []
    said.append(_run(source, objects or files, *unused, "-o", str(library), *link_flags.result()).stderr)
    if not library.is_file():
        command = shlex.join(source.compiler.command)
        raise RuntimeError(f"the compiler {command} wrote no library for {source.path}: set CXX to another")
    return first_lines(b"".join(said))


def files_read(source: Source) -> list[str]:
    """Return the files that the compiler reads, without system headers, and the files among the flags."""
    words = [flag.removeprefix("@") for flag in source.flags]  # @file: a file of flags
    among_flags = [word for word in words if os.path.isfile(source.path.parent / word)]  # false for one too long
    listed = _run(source, _files(source), "-MM", "-MT", "library", ALSO_UNUSED)
    return [*files_in_rules(os.fsdecode(listed.stdout)), *among_flags]


def files_in_rules(rules: str) -> list[str]:
    r"""Return the files after the colons of make's rules, `library: a.cc b\ c.h`, as compilers write them with -MM."""
    lines = rules.replace("\\\n", " ").splitlines()
    words = re.findall(r"(?:\\.|[^\\\s])+", " ".join(line.partition(": ")[2] for line in lines))
    return [re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in words]


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


def _files(source: Source) -> list[str]:
    return [f"./{source.path.name}", *source.parts]


def _quick_link_flags(source: Source, folder: Path) -> Sequence[str]:
    """Return the link flags, so that the linker finds an empty library before TensorFlow's of the same name.

    To read that one's 129,000 symbols would take it half a second, for nothing: those that are missing are looked for
    when the library is loaded. Not so if a flag tells the linker something, such as to let no symbol be missing.
    """
    names = [flag.removeprefix("-l:") for flag in source.link_flags if flag.startswith("-l:")]
    if len(names) != 1 or any(flag.startswith(("-Wl,", "-Xlinker", "-z", "@")) for flag in source.flags):
        return source.link_flags
    words = ["-shared", "-nostdlib", "-x", "c", os.devnull, f"-Wl,-soname,{names[0]}", "-o", str(folder / names[0])]
    subprocess.run([*source.compiler.command, *words], capture_output=True, start_new_session=OWN_SESSION)
    return [f"-L{folder}", "-Wl,--no-as-needed", *source.link_flags]


def _run(source: Source, files: Sequence[str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the compiler in the source's folder, so that files have the same names wherever the folder is."""
    flags = [flag for flag in source.flags if flag not in source.parts]
    # the flags after the source: a static library among them is searched for what was missing before it
    command = [*source.compiler.command, *files, *flags, *arguments]
    english = os.environ | {"LANGUAGE": "en"}  # so that errors and warnings can be told apart
    folder = source.path.parent
    done = subprocess.run(command, cwd=folder, capture_output=True, env=english, start_new_session=OWN_SESSION)
    if done.returncode:
        said = errors_first(done.stderr) or f"nothing; its exit code is {done.returncode}"
        raise RuntimeError(
            f"{source.path} does not compile; the compiler says:\n{said}\n"
            f"It was called in {folder} as:\n{shlex.join(command)}"
        )
    return done


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
