"""What is said of an op whose name is taken: by what, and what has changed since."""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from dnn.ops.compiler import compile_flags
from dnn.ops.stamp import Stamp

_RENAME = ("Give it another name", "Give them other names")


def taken(path: Path, stamp: Stamp, loaded: Sequence[tuple[Path, Stamp]]) -> str:
    """The message for a library whose `stamp.ops` are there already. loaded: the paths and stamps of what is loaded."""
    for holder, before in loaded:
        ops = [name for name in stamp.ops if name in before.ops]
        if ops and holder == path:
            return (
                f"{path}: {listed(ops)} there already, from this file as it was loaded before; since then "
                f"{_changes(before, stamp)}. Start a new process, since none can forget an op"
            )
        if ops:
            return (
                f"{path}: {listed(ops)} there already, from {holder}. {_RENAME[len(ops) > 1]}, or start a new process"
            )
    holder = "TensorFlow" if hasattr(tf.raw_ops, stamp.ops[0]) else "a library that dnn.ops.load did not load"
    return f"{path}: {listed(stamp.ops)} there already, from {holder}. {_RENAME[len(stamp.ops) > 1]}"


def listed(ops: Sequence[str]) -> str:
    """With the verb: "the op A is", "the ops A, B are"."""
    return f"the op {ops[0]} is" if len(ops) == 1 else f"the ops {', '.join(ops)} are"


def _changes(before: Stamp, now: Stamp) -> str:
    files = sorted({name for name, _ in set(before.made_of) ^ set(now.made_of)})
    changes = [f"{', '.join(files)} changed"] if files else []
    if before.flags != now.flags:
        ours = len(compile_flags())  # the first of both
        changes.append(f"the flags changed from {before.flags[ours:]} to {now.flags[ours:]}")
    if before.compiler != now.compiler:
        changes.append("the compiler changed")
    return " and ".join(changes)
