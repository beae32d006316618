"""What a fit was called with, as text, by which a checkpoint knows it again; and the pieces its epochs are cut into."""

import hashlib
import math
import re
from collections.abc import Mapping
from types import CodeType
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.nn.protocols import MetricLike, OptimizerLike
from dnn.train.checkpoint import Checkpoints
from dnn.train.early_stopping import EarlyStopping
from dnn.train.epoch import step_multiply_adds, takes_epochs
from dnn.train.rows import Rows
from dnn.train.runtime import Program
from dnn.train.stream import RowSource, Stream, first_rows

LONG = 5e9  # multiply-adds of a piece: some seconds, in which a signal waits
STEP = 1e6  # multiply-adds in whose time a step of nothing is done
AT_ONCE = 1 << 20  # numbers of the rows that are copied to be hashed
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
STEPS = re.compile(r"(numbers\)), steps=([^,()]+)")  # in the repr of an optimizer
RATE = re.compile(r"\blearning_rate=([^,()]+?)(?=,| by|\))")  # that is current


def piece_of(
    checkpoints: Checkpoints | None, model: tf.Module, optimizer: OptimizerLike, batch_size: int
) -> int | None:
    """Return the steps after which a state can be kept within an epoch; None: only epochs end so."""
    if checkpoints is None or takes_epochs(optimizer):
        return None
    long = max(1, int(LONG / (STEP + step_multiply_adds(model, batch_size, optimizer))))
    return min(checkpoints.every.steps or long, long)


def fit_identity(
    program: Program,
    rows: Rows | Stream,
    validation: Rows | Stream | None,
    metrics: Mapping[str, MetricLike],
    early_stopping: EarlyStopping | None,
    jit_compile: object,
    seed: int,
    shuffle: bool,
) -> dict[str, str]:
    """Return the arguments of a fit by name, so that one that differs can be named; data by their SHA-256."""
    model, loss, optimizer, _, batch_size = program.constants[:5]
    text = ADDRESS.sub("", repr(optimizer))
    fresh = (found := STEPS.search(text)) is None or found[2] == "0"  # else its rate may have been reduced on the way
    return {
        "seed": str(seed),
        "loss": _function(loss),
        "optimizer": RATE.sub("learning_rate", STEPS.sub(r"\1", text)),
        **({"learning_rate": ", ".join(RATE.findall(text))} if fresh else {}),
        "metrics": ", ".join(f"{name}={_function(metric)}" for name, metric in metrics.items()),
        "batch_size": str(batch_size),
        "shuffle": str(shuffle),
        "jit_compile": str(jit_compile),
        "early_stopping": repr(early_stopping),
        "model": f"{_plain(model)} with {[(each.shape.as_list(), each.dtype.name) for each in model.variables]}",
        "data": digest_of_rows(rows),
        "validation": digest_of_rows(validation) if validation else "none",
    }


def _plain(piece: Any) -> str:
    return ADDRESS.sub("", repr(piece))


def _function(function: Any) -> str:
    """Return the name of a function, with a digest of its code and of what it closes over, if it is Python's."""
    code = getattr(function, "__code__", None)
    if code is None:
        return _plain(function)
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    closed = [cell.cell_contents for cell in function.__closure__ or ()]
    content = [*_code(code), *map(_constant, [*defaults, *closed])]
    return f"{function.__name__} {hashlib.sha256(' '.join(content).encode()).hexdigest()[:12]}"


def _code(code: CodeType) -> list[str]:
    return [code.co_code.hex(), *code.co_names, *map(_constant, code.co_consts)]


def _constant(value: Any) -> str:
    """Return a text of a constant, or of the code of a function; of an object, whose state may change, its type."""
    if isinstance(value, CodeType):
        return " ".join(_code(value))
    if isinstance(value, bool | int | float | str | bytes | tuple | None):
        return repr(value)
    return _function(value) if hasattr(value, "__code__") else type(value).__name__


def digest_of_rows(rows: Rows | Stream) -> str:
    """Return the SHA-256 of all rows; of a dataset that of its first, of a source what names it."""
    digest = hashlib.sha256()
    if isinstance(rows, Stream) and isinstance(rows.source, RowSource):
        return str(rows.source)
    for part in first_rows(rows):
        if part is not None:
            digest.update(f"{part.dtype}{part.shape}".encode())
            some = max(1, AT_ONCE // max(1, math.prod(part.shape[1:])))
            for first in range(0, len(part), some):
                piece = tf.convert_to_tensor(part[first : first + some]).numpy()
                digest.update(np.ascontiguousarray(piece).view(np.uint8).data)
    return digest.hexdigest()
