"""Trying a library out: in a process of its own it tells which ops it registers. There it may fail, or crash.

Here it must not: TensorFlow passes over the name of an op that is taken, and says nothing; it ends the process for some
errors, and after others an op is registered by halves, with no way to be rid of it.
"""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2

from dnn.ops.compiler import tensorflow_version

PROBE = Path(__file__).with_name("probe.py")
TAKEN = re.compile(r"ALREADY_EXISTS: Op with name (\w+)")
REFUSED = re.compile(r"is OK \(\w+: (.+?)(?:; in OpDef: .*)?\)\s*$")  # what TensorFlow says of an op in a fatal error
CRASHED = "What stands outside of functions runs as soon as it is loaded: look at the first values of its variables"
AGAIN = "Mend the source, or build the library again from its source, with dnn.ops.load"
UNDEFINED = (
    "An undefined symbol is one that another TensorFlow or another C++ ABI has, or a function that the source declares "
    f"and does not define. {AGAIN}"
)
GREETING = re.compile(r"WARNING: All log|I\d{4} ")  # what TensorFlow says of itself when it is loaded


def ops_in(library: Path, name: Path) -> tuple[str, ...]:
    """The names of the ops that a library registers, sorted. name: what an error calls it.

    Raises: ValueError for no op, and for the name of one of TensorFlow's; RuntimeError if it cannot be loaded.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(PROBE), str(library), *_tensorflow()], capture_output=True, env=_environment()
    )
    if done.returncode:
        raise _refusal(name, done.stderr.decode(errors="replace"), done.returncode)
    counts = Counter(op.name for op in op_def_pb2.OpList.FromString(done.stdout).op)
    ops = tuple(sorted(op for op, times in counts.items() if times == 1))  # the others were there before it, and after
    if not ops:
        raise ValueError(f'{name} registers no op: it has no REGISTER_OP("Name")')
    return ops


def _refusal(name: Path, said: str, code: int) -> Exception:
    taken = TAKEN.search(said)
    if taken:
        holder = "TensorFlow" if hasattr(tf.raw_ops, taken[1]) else "this file itself, which registers it twice"
        return ValueError(f"{name}: the op {taken[1]} is there already, from {holder}. Give it another name")
    lines = [line for line in said.splitlines() if line and not GREETING.match(line)]
    refused = REFUSED.search(lines[-1]) if lines else None
    if refused:
        return not_loadable(name, f"TensorFlow refuses an op: {refused[1]}", "Mend its REGISTER_OP")
    if code < 0:
        ended = f"the process that tried it ended with {signal.Signals(-code).name}"
        return not_loadable(name, ", ".join([ended, *lines[-1:]]), CRASHED)
    return not_loadable(name, lines[-1] if lines else f"the process that tried it ended with {code}")


def not_loadable(name: Path, why: str, advice: str = AGAIN) -> RuntimeError:
    """The error for a library that cannot be loaded. advice: what to do, where `why` is no undefined symbol."""
    if re.search("undefined symbol|symbol not found", why, re.IGNORECASE):
        advice = UNDEFINED
    return RuntimeError(f"{name} cannot be loaded into {tensorflow_version()}: {why}\n{advice}")


def _tensorflow() -> list[str]:
    folder = Path(tf.sysconfig.get_lib())
    return [str(path) for part in ("framework", "cc") for path in folder.glob(f"libtensorflow_{part}.*")]


def _environment() -> dict[str, str]:
    """AddressSanitizer wants to be loaded before Python, for what it shall find; for a list of ops, later will do."""
    asan = f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"
    return os.environ | {"ASAN_OPTIONS": asan}
