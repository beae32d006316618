"""Rows that do not fit in memory: a `tf.data.Dataset`, read anew in each epoch, in chunks of some ten thousand rows."""

import math
from collections.abc import Iterator
from typing import Any, Protocol, TypeGuard, runtime_checkable

import tensorflow as tf

from dnn.train.border import checked_data
from dnn.train.members import own_orders
from dnn.train.rows import Rows

CHUNK_NUMBERS = 2**22  # of x in a chunk: 16 MB, beside which it takes no time to hand a chunk to a graph


@runtime_checkable
class RowSource(Protocol):
    """Rows on a disk, in an order that is drawn for each epoch; `dnn.open_prepared` gives three.

    rows: how many. trusted: whether each number was checked when it was written.
    """

    rows: int
    trusted: bool

    def dataset(self, seed: int, epoch: int, first: int = 0) -> tf.data.Dataset:
        """Return (x, y) in batches of any size, in the order of an epoch, from its row `first` on."""


class Stream:
    """The rows of a dataset or a source in chunks, each a number of whole batches but the last.

    Args:
        model: that takes them.
        source: a dataset of batches (x, y) or (x, y, weights), as `fit` takes arrays; or a `RowSource`.
        name: of the argument, for messages.
        ignore_class: as in `fit`.
        batch_size: rows of a step; None: the rows are not trained with.

    Raises:
        ValueError: If the dataset is empty, or `fit` would refuse its first chunk as arrays.
        TypeError: If it is not of tuples of two or three tensors.
    """

    def __init__(
        self, model: tf.Module, source: Any, name: str, ignore_class: int | None, batch_size: int | None
    ) -> None:
        self.model, self.source, self.name, self.ignore_class = model, source, name, ignore_class
        if own_orders(model) > 1:
            raise ValueError(f"{name}: members of an ensemble have an order each, a dataset has one: use arrays")
        parts = self.dataset(0, 1).element_spec
        if not isinstance(parts, tuple) or len(parts) not in (2, 3):
            raise TypeError(f"{name} must be a dataset of (x, y) or (x, y, weights), got {parts}")
        features = parts[0].shape[-1] or 1
        batch = batch_size or 256
        self.chunk_rows = batch * max(1, CHUNK_NUMBERS // (features * batch))
        self.checked = False
        first = next(iter(self.chunks(0, 1)), None)
        if first is None:
            raise ValueError(f"{name} has no rows")
        self.first, self.checked = first, isinstance(source, RowSource) and source.trusted

    @property
    def specs(self) -> Rows:
        """Of the first chunk."""
        return self.first.specs

    def cut(self, chunk_rows: int) -> None:
        """Let the chunks have so many rows, if they have more."""
        if chunk_rows < self.chunk_rows:
            self.chunk_rows = chunk_rows
            self.first = Rows(*(None if part is None else part[:chunk_rows] for part in self.first))

    def dataset(self, seed: int, epoch: int, first: int = 0) -> tf.data.Dataset:
        """Return the rows of an epoch from its row `first` on."""
        if isinstance(self.source, RowSource):
            return self.source.dataset(seed, epoch, first)
        if not first:
            return self.source
        at_once = math.gcd(first, self.chunk_rows)
        return self.source.rebatch(at_once).skip(first // at_once)

    def chunks(self, seed: int, epoch: int, first: int = 0) -> Iterator[Rows]:
        """Yield the chunks of an epoch from its row `first` on, which begins a chunk."""
        ready = self.dataset(seed, epoch, first).rebatch(self.chunk_rows).prefetch(2)
        for parts in ready:
            yield self._rows(parts, f"{self.name}, from row {first:,} on")
            first += parts[0].shape[0]
        self.checked = True

    def _rows(self, parts: tuple[tf.Tensor, ...], name: str) -> Rows:
        """Return a chunk as `checked_data` does; once all were checked, they are only cast."""
        if not self.checked:
            return checked_data(self.model, tuple(part.numpy() for part in parts), name, self.ignore_class)
        y, weights, counted = parts[1], parts[2] if len(parts) > 2 else None, None
        if self.ignore_class is not None:
            counted = tf.not_equal(y, tf.cast(self.ignore_class, y.dtype))
            y = tf.where(counted, y, tf.zeros_like(y))
        pairs = zip((parts[0], y, weights, counted), self.first, strict=True)
        return Rows(*(None if part is None else tf.cast(part, like.dtype) for part, like in pairs))


def is_stream(data: Any) -> TypeGuard[tf.data.Dataset | RowSource]:
    """Whether it is rows that are read anew in each epoch."""
    return isinstance(data, tf.data.Dataset | RowSource)


def checked_rows(
    model: tf.Module, data: Any, name: str, ignore_class: int | None = None, batch_size: int | None = None
) -> Rows | Stream:
    """Return rows as `checked_data` does, of a dataset or a source as a stream."""
    if is_stream(data):
        return Stream(model, data, name, ignore_class, batch_size)
    return checked_data(model, data, name, ignore_class)


def first_rows(data: Rows | Stream) -> Rows:
    """Return rows in memory: all, or the first chunk of a stream."""
    return data.first if isinstance(data, Stream) else data


def chunks_of_x(data: tf.data.Dataset | RowSource) -> Iterator[tf.Tensor]:
    """Yield x alone, some ten thousand rows at a time, of a dataset of x or of tuples that begin with it."""
    dataset = data if isinstance(data, tf.data.Dataset) else data.dataset(0, 0)
    x = dataset.map(lambda *parts: parts[0])
    features = x.element_spec.shape[-1] or 1
    yield from x.rebatch(max(1, CHUNK_NUMBERS // features)).prefetch(1)
