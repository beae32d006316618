"""A trial of a library in a process of its own, which tells the ops that it registers, and may fail or crash.

This process must not: TensorFlow ignores the name of an op that is taken, without a word; some errors end the process,
and after others an op is half registered, and cannot be unregistered.
"""

import functools
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2

from dnn.ops.compiler import OWN_SESSION, tensorflow_version

PROBE = Path(__file__).with_name("probe.py")
REGISTERED_TWICE = re.compile(r"ALREADY_EXISTS: Op with name (\w+)")
REFUSED = re.compile(r"is OK \(\w+: (.+?)(?:; in OpDef: .*)?\)\s*$")  # TensorFlow's fatal error about an op
CRASHED = "Code outside of functions runs when the library is loaded: look at the initial values of its variables"
BUILD_AGAIN = "Correct the source, or build the library again from its source, with dnn.ops.load"
UNDEFINED = (
    "An undefined symbol belongs to another TensorFlow or another C++ ABI, or to a function that the source declares "
    f"and does not define. {BUILD_AGAIN}"
)
GREETING = re.compile(r"WARNING: All log|I\d{4} ")  # what TensorFlow prints when it is loaded


@contextmanager
def trial() -> Iterator[Callable[[Path, Path], tuple[str, ...]]]:
    """Start the process, which loads TensorFlow at once, before there is a library; yield ops_in(library, name).

    It returns the names of the ops that the library registers, sorted. name: what an error calls the library.
    It raises: ValueError if there is no op, or one with the name of one of TensorFlow's; RuntimeError if the library
    cannot be loaded.
    """
    command, pipe = [sys.executable, "-I", "-S", str(PROBE), *_tensorflow()], subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=_environment(), start_new_session=OWN_SESSION
    ) as process:
        try:
            yield functools.partial(_ops_in, process)
        except BaseException:  # a compile error, Ctrl-C
            process.kill()
            raise


def not_loadable(name: Path, why: str, advice: str = BUILD_AGAIN) -> RuntimeError:
    """Return the error for a library that cannot be loaded, with advice, unless `why` is an undefined symbol."""
    if re.search("undefined symbol|symbol not found", why, re.IGNORECASE):
        advice = UNDEFINED
    return RuntimeError(f"{name} cannot be loaded into {tensorflow_version()}: {why}\n{advice}")


def _ops_in(process: subprocess.Popen[bytes], library: Path, name: Path) -> tuple[str, ...]:
    listed, said = process.communicate(os.fsencode(library) + b"\0")
    if process.returncode:
        raise _refusal(name, said.decode(errors="replace"), process.returncode)
    counts = Counter(op.name for op in op_def_pb2.OpList.FromString(listed).op)
    ops = tuple(sorted(op for op, times in counts.items() if times == 1))  # the others were there before it, and after
    if not ops:
        raise ValueError(f'{name} registers no op: it has no REGISTER_OP("Name")')
    return ops


def _refusal(name: Path, said: str, code: int) -> Exception:
    taken = REGISTERED_TWICE.search(said)
    if taken:
        holder = "TensorFlow" if hasattr(tf.raw_ops, taken[1]) else "this file itself"
        return ValueError(f"{name}: the op {taken[1]} is registered already, by {holder}. Rename it")
    lines = [line for line in said.splitlines() if line and not GREETING.match(line)]
    refused = REFUSED.search(lines[-1]) if lines else None
    if refused:
        return not_loadable(name, f"TensorFlow refuses an op: {refused[1]}", "Correct its REGISTER_OP")
    if code < 0:
        ended = f"the process that tried it ended with {signal.Signals(-code).name}"
        return not_loadable(name, ", ".join([ended, *lines[-1:]]), CRASHED)
    return not_loadable(name, lines[-1] if lines else f"the process that tried it ended with exit code {code}")


def _tensorflow() -> list[str]:
    """Return TensorFlow's libraries: the last has the C API."""
    folder = Path(tf.sysconfig.get_lib())
    return [str(path) for part in ("framework", "cc") for path in folder.glob(f"libtensorflow_{part}.*")]


def _environment() -> dict[str, str]:
    """Return the environment in which a library with AddressSanitizer can be loaded after Python."""
    asan = f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"
    return os.environ | {"ASAN_OPTIONS": asan}
