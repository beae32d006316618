"""`dnn train` on several machines: what the workers must have alike, and what one does that is not the chief."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from dnn.cluster import cluster_member, cluster_strategy
from dnn.report.voice import Voice
from dnn.settings import TrainSettings, for_json
from dnn.train.shared_fit import check_alike, peers_may_be_lost
from dnn.train.workers import chief_bytes

GOES_ON = "then the run goes on from its last checkpoint with dnn train --resume, also on one machine"
OWN = ("data", "out", "resume", "max_bytes", "tensorboard", "report", "baselines")
"""Options that each worker may have its own value of."""


@contextmanager
def in_cluster(remedy: str) -> Iterator[None]:
    """Be in the scope of the cluster's strategy, if there is one.

    Raises:
        dnn.train.shared_fit.WorkerLostError: If a worker is lost meanwhile.
    """
    strategy = cluster_strategy()
    with strategy.scope() if strategy else nullcontext(), peers_may_be_lost(remedy):
        yield


def check_workers_alike(settings: TrainSettings, origin: Mapping[str, Any] | None = None) -> None:
    """Refuse workers with other options, or with other data if these are told.

    Raises:
        ValueError: As `dnn.train.shared_fit.check_alike`.
    """
    if cluster_strategy() is None:
        return
    told = for_json(settings)
    told = {"--" + name.replace("_", "-"): str(value) for name, value in told.items() if name not in OWN}
    data = {name: str((origin or {}).get(name)) for name in ("target", "rows", "sha256")}
    with in_cluster("nothing was trained yet"):
        check_alike(told | {"data (" + name + ")": value for name, value in data.items()} if origin else told)


def as_chief_decides(flag: bool) -> bool:
    """Return what the chief has called it with; each worker must call it."""
    if cluster_strategy() is None:
        return flag
    with in_cluster("nothing was trained yet"):
        return chief_bytes(bytes([flag])) == b"\1"


def tell_of_cluster(voice: Voice) -> None:
    """Say which of the workers this is."""
    count, rank, address = cluster_member()
    if count > 1:
        role = "the chief, which writes the run folder" if rank == 0 else "the chief, worker 0, writes the run folder"
        voice.say(f"worker {rank} of {count}, at {address}: {role}")


def train_beside(train: Callable[[], None], voice: Voice) -> None:
    """Train as the worker that is not the chief does, and leave the rest to the chief."""
    train()
    voice.say("", "trained; the test and the run folder are the chief's")
    voice.end()
