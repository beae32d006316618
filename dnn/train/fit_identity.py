"""What a fit was called with, as text, by which a checkpoint knows it again; and the pieces its epochs are cut into."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from dnn.nn.protocols import MetricLike, OptimizerLike
from dnn.train.checkpoint import Checkpoints
from dnn.train.early_stopping import EarlyStopping
from dnn.train.epoch import step_multiply_adds, takes_epochs
from dnn.train.rows import Rows
from dnn.train.runtime import Program

LONG = 5e9  # multiply-adds of a piece: some seconds, in which a signal waits
STEP = 1e6  # multiply-adds in whose time a step of nothing is done
CHANGING = re.compile(r" at 0x[0-9a-f]+|(, )?\bsteps=[^,)]+")  # in a repr


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
    rows: Rows,
    validation: Rows | None,
    metrics: Mapping[str, MetricLike],
    early_stopping: EarlyStopping | None,
    jit_compile: object,
    seed: int,
    shuffle: bool,
) -> dict[str, str]:
    """Return the arguments of a fit by name, so that one that differs can be named; data by their SHA-256."""
    model, loss, optimizer, _, batch_size = program.constants
    return {
        "seed": str(seed),
        "loss": _plain(loss),
        "optimizer": _plain(optimizer),
        "metrics": ", ".join(metrics),
        "batch_size": str(batch_size),
        "shuffle": str(shuffle),
        "jit_compile": str(jit_compile),
        "early_stopping": repr(early_stopping),
        "model": f"{_plain(model)} with {[(each.shape.as_list(), each.dtype.name) for each in model.variables]}",
        "data": _digest(rows),
        "validation": _digest(validation) if validation else "none",
    }


def _plain(piece: Any) -> str:
    return CHANGING.sub("", getattr(piece, "__name__", None) or repr(piece))


def _digest(rows: Rows) -> str:
    digest = hashlib.sha256()
    for part in rows:
        if part is not None:
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(tf.convert_to_tensor(part).numpy().tobytes())
    return digest.hexdigest()
