"""The machines of one `dnn train`: what the environment's TF_CONFIG says of them, and the strategy made of it."""

import functools
import json
import os
from typing import Any, NamedTuple

JOBS = ("chief", "worker")  # in the order of the ranks
EXAMPLE = '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'


class Member(NamedTuple):
    """Which of how many workers this process is, from 0, the chief; and the address where it is reached."""

    size: int = 1
    rank: int = 0
    address: str = ""


def cluster_member() -> Member:
    """Return what TF_CONFIG says; one worker if it is not set.

    Raises:
        ValueError: If it is no description of a cluster of workers, or of a task in it.
    """
    text = os.environ.get("TF_CONFIG", "").strip()
    if not text or text == "{}":
        return Member()
    try:
        told = json.loads(text)
        cluster, task = told["cluster"], told["task"]
        addresses = {job: list(cluster[job]) for job in JOBS if job in cluster}
        kind, index = task["type"], task["index"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"TF_CONFIG must be JSON as {EXAMPLE}, got {text[:200]!r} ({error!r})") from None
    if others := [job for job in cluster if job not in JOBS]:
        raise ValueError(f"TF_CONFIG: a cluster of dnn train has the jobs chief and worker, got {', '.join(others)}")
    everyone = [(job, number) for job in JOBS for number in range(len(addresses.get(job, ())))]
    if (kind, index) not in everyone:
        raise ValueError(f"TF_CONFIG: task {kind!r} {index!r} is none of the cluster's {len(everyone)}")
    for each in (address for job in addresses.values() for address in job):
        if not (isinstance(each, str) and each.rpartition(":")[2].isdigit() and each.rpartition(":")[0]):
            raise ValueError(f"TF_CONFIG: an address must be host:port, got {each!r}")
    return Member(len(everyone), everyone.index((kind, index)), addresses[kind][index])


@functools.cache
def cluster_strategy() -> Any | None:
    """Return the strategy of the cluster, when all its workers are there; None for one worker.

    TensorFlow's runtime must not have started, for this starts it: with a server for the other workers.

    Raises:
        ValueError: As `cluster_member`, or if the server cannot be started.
    """
    member = cluster_member()
    if member.size == 1:
        return None
    import tensorflow as tf  # here, since most commands need no cluster

    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        problem = str(getattr(error, "message", error)).splitlines()[0]
        raise ValueError(
            f"TF_CONFIG: worker {member.rank} of {member.size} cannot join the cluster at {member.address}: {problem}"
        ) from None
