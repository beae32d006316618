"""Who takes part: a peer, and the settings among which the fastest is shown."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

PACKAGES = {
    "ours": ("tensorflow",),
    "keras_peer": ("keras",),
    "torch_peer": ("torch",),
    "jax_peer": ("jax", "optax"),
    "sklearn_peer": ("sklearn",),
    "tree_peer": ("sklearn",),
}


@dataclass(frozen=True)
class Contender:
    """Who takes part.

    Args:
        name: What the table calls it.
        peer: A module of benchmarks/peers.
        candidates: Options of its `Trainer`: the fastest of them are shown.
        compiles: Whether it needs a C++ compiler.
        environment: Variables of its process, each as NAME=VALUE.
        needs: Packages beside those of the peer.
    """

    name: str
    peer: str
    candidates: tuple[dict[str, Any], ...] = ({},)
    compiles: bool = False
    environment: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def ours(self) -> bool:
        """Whether it is `dnn`."""
        return self.peer == "ours"


def missing(peer: str, needs: Iterable[str] = ()) -> list[str]:
    """Return the packages of a peer, and those that are needed beside, that are not installed."""
    return [package for package in (*PACKAGES[peer], *needs) if find_spec(package) is None]


def is_installed(peer: str) -> bool:
    """Whether all packages of a peer are installed."""
    return not missing(peer)


def reason_to_skip(contender: Contender) -> str:
    """Return why a contender does not take part; nothing if it does."""
    if absent := missing(contender.peer, contender.needs):
        return f"{' and '.join(absent)} not installed; docs/benchmarks.md says how"
    if contender.compiles:
        from dnn.ops.compiler import compiler  # TensorFlow is there

        try:
            compiler()
        except RuntimeError as error:
            return str(error)
    return ""


def cores() -> int:
    """Return how many cores this process may use: every contender has all of them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


THREADS = sorted({1, max(cores() // 2, 1), cores()})

TRAINERS = (
    Contender("dnn, graph mode", "ours", ({"jit_compile": False},)),
    Contender("dnn, XLA", "ours", ({"jit_compile": True},)),
    Contender("dnn, native", "ours", ({"jit_compile": "native"},), compiles=True),
    Contender("dnn, MlpAdam", "ours", ({"optimizer": "MlpAdam", "jit_compile": False},), compiles=True),
    Contender("Keras fit", "keras_peer"),
    Contender(
        "Keras fit, best settings",
        "keras_peer",
        tuple({"jit_compile": jit, "steps_per_execution": steps} for jit in (False, True) for steps in (32, 128)),
    ),
    Contender(
        "Keras fit, JAX as its backend",
        "keras_peer",
        tuple({"steps_per_execution": steps} for steps in (1, 32)),
        environment=("KERAS_BACKEND=jax",),
        needs=("jax",),
    ),
    Contender(
        "PyTorch eager",
        "torch_peer",
        tuple({"threads": threads, "fused": fused} for threads in THREADS for fused in (False, True)),
    ),
    Contender(
        "PyTorch, torch.compile",
        "torch_peer",
        tuple({"threads": threads, "fused": True, "compiled": True} for threads in THREADS),
        compiles=True,
    ),
    Contender("scikit-learn MLPClassifier", "sklearn_peer"),
    Contender("JAX + optax, lax.scan", "jax_peer", tuple({"unroll": unroll} for unroll in (1, 4))),
    Contender(
        "JAX + optax, lax.scan, one thread",
        "jax_peer",
        environment=("XLA_FLAGS=--xla_cpu_multi_thread_eigen=false", "NPROC=1"),
    ),
)

NOT_LEARNERS = ("dnn, graph mode", "dnn, XLA", "dnn, native", "Keras fit", "JAX + optax, lax.scan, one thread")
LEARNERS = (  # for the time to a quality: `fit` as it chooses by itself, and the fastest of each tool
    Contender("dnn", "ours"),
    *(contender for contender in TRAINERS if contender.name not in NOT_LEARNERS),
)

TREES = (
    Contender(
        "LightGBM",
        "tree_peer",
        tuple({"library": "lightgbm", "threads": threads} for threads in THREADS),
        needs=("lightgbm",),
    ),
    Contender(
        "scikit-learn HistGradientBoosting",
        "tree_peer",
        tuple({"library": "scikit-learn", "threads": threads} for threads in THREADS),
    ),
)

PREDICTORS = (
    Contender("dnn.predict", "ours"),
    Contender("Keras predict", "keras_peer"),
    Contender("Keras predict, best batch size", "keras_peer", tuple({"rows": 4**power} for power in range(5, 9))),
    Contender("calling the Keras model", "keras_peer", ({"call": True},)),
    Contender(
        "Keras predict, JAX as its backend",
        "keras_peer",
        ({}, {"rows": 4**8}),
        environment=("KERAS_BACKEND=jax",),
        needs=("jax",),
    ),
    Contender("PyTorch", "torch_peer", tuple({"threads": threads} for threads in THREADS)),
    Contender(
        "PyTorch, torch.compile",
        "torch_peer",
        tuple({"threads": threads, "compiled": True} for threads in THREADS),
        compiles=True,
    ),
    Contender("scikit-learn predict_proba", "sklearn_peer"),
    Contender("JAX, jit", "jax_peer"),
)


def installed(contenders: Iterable[Contender]) -> list[Contender]:
    """Return the contenders that take part."""
    return [contender for contender in contenders if not reason_to_skip(contender)]


def skipped(contenders: Iterable[Contender]) -> dict[str, str]:
    """Return why contenders do not take part, by name."""
    reasons = {contender.name: reason_to_skip(contender) for contender in contenders}
    return {name: reason for name, reason in reasons.items() if reason}
