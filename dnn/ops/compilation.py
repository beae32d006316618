"""The compiler at work: a library of its sources, each part by a process of its own, and the files that it reads."""

import functools
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dnn.ops.compiler import OWN_SESSION, Source
from dnn.ops.diagnostics import errors_first, first_lines

LINKED = (".a", ".o", ".so", ".dylib")
# clang warns of flags that a step of its own has no use for, which -Werror would make an error
ALSO_UNUSED = "-Wno-unused-command-line-argument"


def compile_library(source: Source, library: Path) -> str:
    """Compile the source into `library`, its parts at the same time, and return the compiler's warnings.

    Raises: RuntimeError with the compiler's output if it fails or writes no library.
    """
    files = _files(source)
    objects = [str(library.with_suffix(f".{i}.o")) for i in range(len(files))] if source.parts else []
    made, said, cores = list(zip(files, objects, strict=False)), b"", os.cpu_count() or 1
    for first in range(0, len(made), cores):
        with ExitStack() as running:
            steps = [_started(source, [file], "-c", "-o", to, ALSO_UNUSED) for file, to in made[first : first + cores]]
            said += b"".join([done().stderr for done in [running.enter_context(step) for step in steps]])
    said += _linked(source, objects or files, library)
    if not library.is_file():
        command = shlex.join(source.compiler.command)
        raise RuntimeError(f"the compiler {command} wrote no library for {source.path}: set CXX to another")
    return first_lines(said)


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


def _files(source: Source) -> list[str]:
    return [f"./{source.path.name}", *source.parts]


def _quick_link_flags(source: Source, folder: Path) -> Sequence[str]:
    """Return the link flags, so that the linker finds an empty library before TensorFlow's of the same name.

    To read that one's 129,000 symbols would take it half a second, for nothing: those that are missing are looked for
    when the library is loaded. Not so if a flag tells the linker something, such as to let no symbol be missing.
    """
    names = [flag.removeprefix("-l:") for flag in source.link_flags if flag.startswith("-l:")]
    words = (*source.compiler.command, *source.flags)
    if len(names) != 1 or any(word.startswith(("-Wl,", "-Xlinker", "-z", "@")) for word in words):
        return source.link_flags
    made = ["-shared", "-nostdlib", "-x", "c", os.devnull, f"-Wl,-soname,{names[0]}", "-o", str(folder / names[0])]
    subprocess.run([*source.compiler.command, *made], capture_output=True, start_new_session=OWN_SESSION)
    return [f"-L{folder}", "-Wl,--no-as-needed", *source.link_flags]


def _linked(source: Source, files: Sequence[str], library: Path) -> bytes:
    """Make the library, of sources or of what was compiled of them, and return what the compiler says."""
    arguments = [*[ALSO_UNUSED] * bool(source.parts), "-o", str(library)]
    quick = _quick_link_flags(source, library.parent)
    try:
        return _run(source, files, *arguments, *quick).stderr
    except RuntimeError as error:
        if quick == source.link_flags or "undefined" not in str(error):
            raise
    return _run(source, files, *arguments, *source.link_flags).stderr  # a linker that lets no symbol be missing


def _run(source: Source, files: Sequence[str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    with _started(source, files, *arguments) as done:
        return done()


@contextmanager
def _started(
    source: Source, files: Sequence[str], *arguments: str
) -> Iterator[Callable[[], subprocess.CompletedProcess[bytes]]]:
    """Start the compiler in the source's folder, so that files have the same names wherever the folder is.

    Yields what waits for it, and raises RuntimeError if it fails. An exception in between ends it.
    """
    at = source.flags.index(source.parts[0]) if source.parts else 0
    flags = [*source.flags[:at], *source.flags[at + len(source.parts) :]]
    if "-c" in arguments:  # GCC warns of what is for linking alone
        flags = [flag for flag in flags if not flag.endswith(LINKED) and not flag.startswith("-l")]
    # the flags after the source: a static library among them is searched for what was missing before it
    command = [*source.compiler.command, *files, *flags, *arguments]
    english = os.environ | {"LANGUAGE": "en"}  # so that errors and warnings can be told apart
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    folder = source.path.parent
    with subprocess.Popen(command, cwd=folder, env=english, start_new_session=OWN_SESSION, **pipes) as process:
        try:
            yield functools.partial(_done, source, process)
        except BaseException:
            process.kill()
            raise


def _done(source: Source, process: subprocess.Popen[bytes]) -> subprocess.CompletedProcess[bytes]:
    output, errors = process.communicate()
    command: Any = process.args
    if process.returncode:
        said = errors_first(errors) or f"nothing; its exit code is {process.returncode}"
        raise RuntimeError(
            f"{source.path} does not compile; the compiler says:\n{said}\n"
            f"It was called in {source.path.parent} as:\n{shlex.join(command)}"
        )
    return subprocess.CompletedProcess(command, 0, output, errors)
