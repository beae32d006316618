"""The workers of a fit: processes that each compute with their rows of a batch, and add up what came of it.

They are those of a `tf.distribute.MultiWorkerMirroredStrategy`, whose scope the fit is in. What they have is summed by
TensorFlow's collective operation, within the compiled loop, and the sum has the same bits on each. Where there is but
one worker, the functions here return what they are given while a program is traced: its graph has none of this.
"""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.train.rows import Rows

GROUP = 19_000_000  # the number of our group of workers, far from those that tf.distribute counts from 1


class Workers(NamedTuple):
    """How many workers there are, and which of them this process is: from 0, the chief.

    devices: TensorFlow's names of those that this process computes with, if it is to use several.
    """

    size: int = 1
    rank: int = 0
    devices: tuple[str, ...] = ()


ALONE = Workers()


def workers() -> Workers:
    """Return the workers of the strategy whose scope this is in; without one, this process alone.

    Raises:
        ValueError: If the strategy is of another kind, and has several devices.
    """
    if not tf.distribute.has_strategy():
        return ALONE
    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        return ALONE
    if not isinstance(strategy, tf.distribute.MirroredStrategy | tf.distribute.MultiWorkerMirroredStrategy):
        raise ValueError(
            f"{type(strategy).__name__} is not for several devices here: use tf.distribute.MirroredStrategy, or "
            "MultiWorkerMirroredStrategy"
        )
    names = tuple(strategy.extended.worker_devices)
    devices = names if len(names) > 1 else ()
    if isinstance(strategy, tf.distribute.MirroredStrategy):
        return Workers(devices=devices)
    resolver = strategy.cluster_resolver
    tasks = {job: len(addresses) for job, addresses in resolver.cluster_spec().as_dict().items()}
    count = tasks.get("chief", 0) + tasks.get("worker", 0)
    rank = resolver.task_id + (tasks.get("chief", 0) if resolver.task_type == "worker" else 0)
    return Workers(count, rank, devices)


def total(values: tf.Tensor) -> tf.Tensor:
    """Return the sum of a tensor over the workers, elementwise; each must call it, with one shape and dtype."""
    count = workers().size
    if count == 1:
        return values
    number = zlib.crc32(f"{values.dtype.name} {values.shape}".encode()) & 0x7FFFFFFF
    with tf.device("CPU:0"):
        return tf.raw_ops.CollectiveReduceV2(
            input=values,
            group_size=count,
            group_key=GROUP,
            instance_key=number,
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
        )


def of_chief(values: tf.Tensor) -> tf.Tensor:
    """Return the values on the chief, and zeros elsewhere, so that a sum has them once."""
    return tf.zeros_like(values) if workers().rank else values


def own_batch(rows: Rows, indices: tf.Tensor) -> Rows:
    """Return the rows at the indices, int32[batch] or int32[members, batch], that are this worker's.

    Of n workers each has every n-th, the chief the first. A worker of which a short batch has no row gets one that
    does not count.
    """
    count, rank, _ = workers()
    if count == 1:
        return rows.at(indices)
    own = indices[..., rank::count]
    return rows.at(own) if own.shape[-1] else _not_counted(rows.at(indices[..., :1]))


def own_rows(rows: Rows) -> Rows:
    """Return this worker's rows, as `own_batch` does those of a batch."""
    count, rank, _ = workers()
    if count == 1:
        return rows
    if rank >= rows.x.shape[0]:
        return _not_counted(rows.between(tf.constant(0), 1))
    return Rows(*(None if part is None else part[rank::count] for part in rows))


def agreed(flag: bool) -> bool:
    """Return whether it is true of any worker."""
    return flag if workers().size == 1 else bool(_sum(np.array([flag], np.int32))[0])


def bytes_of_each(content: bytes) -> list[bytes]:
    """Return what each worker has called it with, in the order of their ranks."""
    count, rank, _ = workers()
    lengths = np.zeros(count, np.int32)
    lengths[rank] = len(content)
    lengths = _sum(lengths)
    longest = -(-int(lengths.max()) // 4) * 4
    table = np.zeros([count, longest], np.uint8)
    table[rank, : len(content)] = np.frombuffer(content, np.uint8)
    table = _sum(table.view(np.int32)).view(np.uint8)
    return [row[:length].tobytes() for row, length in zip(table, lengths, strict=True)]


def chief_bytes(content: bytes) -> bytes:
    """Return what the chief has called it with: one vector is summed, of zeros on the others, whatever their number."""
    own = b"" if workers().rank else content
    length = int(_sum(np.array([len(own)], np.int32))[0])
    vector = np.frombuffer(own.ljust(-(-length // 4) * 4, b"\0"), np.int32)
    return _sum(vector).tobytes()[:length] if length else b""


def assign_from_chief(variables: Sequence[tf.Variable]) -> None:
    """Give variables the values that they have on the chief, to the last bit."""
    values = [variable.numpy() for variable in variables]
    content = b"".join(value.tobytes() for value in values)
    content = chief_bytes(content)
    first = 0
    for variable, value in zip(variables, values, strict=True):
        mine = content[first : first + value.nbytes]
        first += value.nbytes
        if mine != value.tobytes():
            variable.assign(np.frombuffer(mine, value.dtype).reshape(value.shape))


def _sum(values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    return total(tf.constant(values)).numpy()


def _not_counted(rows: Rows) -> Rows:
    return rows._replace(counted=tf.zeros(rows.x.shape[:-1], tf.bool))
