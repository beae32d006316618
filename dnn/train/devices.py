"""The devices of one process: in a step each computes the gradient of its part of the batch, all within one graph.

They are those of a `tf.distribute.MirroredStrategy`, or of a worker of `MultiWorkerMirroredStrategy` with several. A
variable that was made outside of the scope is copied to each when it is read; of one made in the scope each device has
a component, and what is assigned to the variable is assigned to all of them. Where there is but one device, the graph
has none of this.
"""

import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import tensorflow as tf

from dnn.nn.modules import local_variable
from dnn.nn.protocols import ModelLike
from dnn.train.members import own_orders
from dnn.train.rows import Rows
from dnn.train.workers import total, workers

NO_ROW = 2.0**-40  # what a share without a row weighs: nothing beside 1, but something where no row of a batch counts


class DevicePart(NamedTuple):
    """What a device computes with in a step.

    rows: its rows of the batch. key: int32[3], of its own. device: its number in this process. name: TensorFlow's of
    it; "" where there is but one, which TensorFlow chooses.
    """

    rows: Rows
    key: tf.Tensor | None
    device: int = 0
    name: str = ""

    def place(self) -> AbstractContextManager[object]:
        """Return the context in which operations are this device's."""
        return tf.device(self.name) if self.name else nullcontext()

    def own(self, variables: Sequence[tf.Variable]) -> list[tf.Variable]:
        """Return what each of the variables is on this device."""
        return [local_variable(each, self.device) for each in variables]


def dealt(model: ModelLike, batch: Rows, key: tf.Tensor | None) -> list[DevicePart]:
    """Return the part of each device: of n devices each has every n-th row. One that would have no row has no part.

    Args:
        batch: [batch, …], or [members, batch, …] where each member has its own rows.
        key: int32[3], (seed, epoch, step).
    """
    names = workers().devices
    if not names:
        return [DevicePart(batch, own_key(key, 0))]
    count, axis = len(names), int(own_orders(model) > 1)
    every = [(slice(None),) * axis + (slice(device, None, count),) for device in range(count)]
    shares = [Rows(*(None if part is None else part[own] for part in batch)) for own in every]
    return [
        DevicePart(share, own_key(key, device), device, name)
        for device, (share, name) in enumerate(zip(shares, names, strict=True))
        if share.x.shape[axis]
    ]


def own_key(key: tf.Tensor | None, device: int) -> tf.Tensor | None:
    """Return the key int32[3] of a step, from which each device but the chief's first draws other numbers."""
    _, rank, names = workers()
    number = rank * max(1, len(names)) + device
    return tf.bitwise.bitwise_xor(key, [number * 0x9E3779B1 & 0x7FFFFFFF, 0, 0]) if number and key is not None else key


class Share(NamedTuple):
    """What came of a part: the gradients of the mean over its rows, these rows, and what returns its summed figures."""

    part: DevicePart
    gradients: Sequence[Any]
    rows: Rows
    sums: Callable[[], tf.Tensor]


def summed(shares: Sequence[Share]) -> tf.Tensor:
    """Return the sums of all shares of this worker."""
    figures = []
    for share in shares:
        with share.part.place():
            figures.append(share.sums())
    return functools.reduce(tf.add, figures)


def mean_gradients(shares: Sequence[Share]) -> Sequence[Any]:
    """Return the gradients of the mean over the rows of all shares of all workers, from those of the mean over each.

    Σ_k n_k g_k / Σ_k n_k    n_k: the rows that count of share k, g_k: its gradients, in one vector

    What is added to the mean, the penalty, is in each g_k and so in the result once.
    """
    if workers().size == len(shares) == 1:
        return shares[0].gradients
    first = [None if each is None else tf.convert_to_tensor(each) for each in shares[0].gradients]
    present = [each for each in first if each is not None]
    dtype = tf.float64 if any(each.dtype == tf.float64 for each in present) else tf.float32
    sums = total(tf.add_n([_weighted_vector(share, dtype) for share in shares]))
    means = iter(tf.split(sums[:-1] / sums[-1], [tf.size(each) for each in present]))
    return [None if each is None else tf.cast(tf.reshape(next(means), each.shape), each.dtype) for each in first]


def _weighted_vector(share: Share, dtype: tf.DType) -> tf.Tensor:
    """Return the gradients in one vector, times the rows that count, and the number of these."""
    with share.part.place():
        counted = share.rows.counted
        rows = tf.cast(share.rows.y.shape[0] if counted is None else tf.math.count_nonzero(counted), dtype) + NO_ROW
        dense = [tf.cast(tf.convert_to_tensor(each), dtype) for each in share.gradients if each is not None]
        return tf.concat([*(rows * tf.reshape(each, [-1]) for each in dense), [rows]], axis=0)
