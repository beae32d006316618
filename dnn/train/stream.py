"""Rows that do not fit in memory: a `tf.data.Dataset`, read anew in each epoch, in chunks of some ten thousand rows."""

import logging
import math
import re
from collections.abc import Iterator
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np
import tensorflow as tf

from dnn.train.border import checked_data
from dnn.train.members import own_orders
from dnn.train.rows import Rows
from dnn.train.workers import ALONE, Workers, workers

LOGGER = logging.getLogger("dnn")
CHUNK_NUMBERS = 2**22  # of x in a chunk: 16 MB, beside which it takes no time to hand a chunk to a graph


@runtime_checkable
class RowSource(Protocol):
    """Rows on a disk, in an order that is drawn for each epoch; `dnn.open_prepared` gives three.

    rows: how many. trusted: whether each number was checked when it was written. One that has `lanes` too, an integer,
    is called with share=(k, n) by each of n workers, if n divides it. Then it gives every n-th row of an epoch, from
    row k on, or the k-th of n equal parts of epoch 0, and `first` counts the rows of the share; none may be left.
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
        ValueError: If the dataset is empty or has no end, or `fit` would refuse its first chunk as arrays.
        TypeError: If it is not of tuples of two or three tensors in batches.
    """

    def __init__(
        self, model: tf.Module, source: Any, name: str, ignore_class: int | None, batch_size: int | None
    ) -> None:
        self.model, self.source, self.name, self.ignore_class = model, source, name, ignore_class
        self.trained, self.share, self.pads, self.share_rows = batch_size is not None, ALONE, False, 0
        if own_orders(model) > 1:
            raise ValueError(f"{name}: members of an ensemble have an order each, a dataset has one: use arrays")
        parts = checked_spec(self.dataset(0, 1), name)
        if not isinstance(parts, tuple) or len(parts) not in (2, 3):
            raise TypeError(f"{name} must be a dataset of (x, y) or (x, y, weights), got {parts}")
        features, self.batch = features_of_x(self.dataset(0, 1)), batch_size or 256
        self.chunk_rows = self.batch * max(1, CHUNK_NUMBERS // (features * self.batch))
        self.checked = False
        self.first = next(self.chunks(0, 1))
        self.checked = isinstance(source, RowSource) and source.trusted

    @property
    def specs(self) -> Rows:
        """Of the first chunk."""
        rows = self.share_rows + self.pads if self.divided else self.first.x.shape[0]
        parts = [None if each is None else each[: min(rows, self.chunk_rows)] for each in self.first]
        if self.pads and rows <= self.chunk_rows:
            parts[3] = tf.ones(rows, tf.bool)
        return Rows(*parts).specs

    @property
    def divided(self) -> bool:
        """Whether these are the rows of one worker, and not of all."""
        return self.share != ALONE

    def divide(self) -> None:
        """Let each worker read its own rows alone, if the source can do that and each batch is of as many rows of each.

        A worker that has a row less than others gets one more that does not count, so that all take their steps by
        tensors of the same shapes: TensorFlow adds up what is at the same place in the loops of all workers.
        """
        count, rank, _ = workers()
        if count == 1 or self.divided:
            return
        if why := self._undivided(count):
            LOGGER.info("worker %d of %d reads all rows of %s: %s", rank, count, self.name, why)
            return
        self.share, steps = Workers(count, rank), self.chunk_rows // self.batch
        self.pads = self.trained and 0 < self.source.rows % count <= rank
        self.share_rows, self.batch = (self.source.rows - rank + count - 1) // count, max(1, self.batch // count)
        self.chunk_rows = steps * self.batch

    def _undivided(self, count: int) -> str:
        """Return why each of so many workers has to read all rows; "" if it need not."""
        source, lanes = self.source, getattr(self.source, "lanes", None)
        if not isinstance(source, RowSource) or not isinstance(lanes, int) or lanes < 1:
            return "they are no prepared folder"
        if lanes % count:
            return f"{count} does not divide the {lanes} lanes of their order"
        if self.trained and self.batch % count:
            return f"{count} does not divide batch_size {self.batch}"
        if self.ignore_class is not None:
            return f"of which share the rows of ignore_class {self.ignore_class} are is not known before"
        if not source.trusted:
            return "their numbers were not checked when they were written, and all must refuse them together"
        return "" if source.rows >= count else "there are fewer rows than workers"

    def get_ready(self, steps: int | None, jit_compile: object, *, resumes: bool) -> None:
        """Let the chunks end after every so many steps, if not more often.

        Raises:
            ValueError: If epochs are to be taken in C++, which needs arrays; or if the fit may be gone on with, and a
                dataset gives other rows in each pass.
        """
        if jit_compile == "native":
            raise ValueError("jit_compile='native' takes epochs of arrays; a dataset has graph mode and XLA")
        if resumes and isinstance(self.source, tf.data.Dataset) and not self._again():
            remedy = "shuffle(…, reshuffle_each_iteration=False), or no checkpoint"
            raise ValueError(f"{self.name} gives other rows in each pass, so no fit can go on at its row: {remedy}")
        self.divide()
        if steps:
            most = min(self.chunk_rows // self.batch, steps)
            self.chunk_rows = self.batch * max(size for size in range(1, most + 1) if steps % size == 0)

    def _again(self) -> bool:
        """Whether another pass begins with the same rows."""
        pairs = zip(self.first, next(self.chunks(0, 1)), strict=True)
        return all(one is None or np.array_equal(one, other) for one, other in pairs)

    def dataset(self, seed: int, epoch: int, first: int = 0) -> tf.data.Dataset:
        """Return the rows of an epoch from its row `first` on."""
        if isinstance(self.source, RowSource):
            share = {"share": (self.share.rank, self.share.size)} if self.divided else {}
            rows = self.source.dataset(seed, epoch, first, **share)
            return rows.concatenate(self._a_row(rows.element_spec)) if self.pads else rows
        if not first:
            return self.source
        at_once = math.gcd(first, self.chunk_rows)
        return self.source.rebatch(at_once).skip(first // at_once)

    def chunks(self, seed: int, epoch: int, first: int = 0) -> Iterator[Rows]:
        """Yield the chunks of an epoch from its row `first` on, which begins a chunk.

        Raises:
            ValueError: If there is none, no row of an epoch counts, or the dataset fails; it names the row.
        """
        begin, counted = first, 0
        ready = self.dataset(seed, epoch, first).rebatch(self.chunk_rows).prefetch(2)
        for parts in failures_told(ready, self.name):
            rows = self._rows(parts, f"{self.name}, from row {first * self.share.size + self.share.rank:,} on")
            if self.pads and first + rows.x.shape[0] > self.share_rows:
                rows = rows._replace(counted=tf.range(first, first + rows.x.shape[0]) < self.share_rows)
            yield rows
            first, counted = first + rows.x.shape[0], counted + rows.counted_rows
        if first == begin:
            again = (
                "; it must give its rows anew in each pass, as a generator that ends does not" if self.checked else ""
            )
            raise ValueError(f"{self.name} has no rows{again}")
        if self.divided and first != self.share_rows + self.pads:
            raise ValueError(f"{self.name} gave {first:,} rows of worker {self.share.rank}, not {self.share_rows:,}")
        if not begin and not counted and self.ignore_class is not None:
            raise ValueError(f"{self.name} has only the ignored class {self.ignore_class}")
        self.checked = True

    def _a_row(self, specs: Any) -> tf.data.Dataset:
        """Return one batch of one row, the first of all."""
        parts = zip(self.first[: len(specs)], specs, strict=True)
        return tf.data.Dataset.from_tensors(tuple(tf.cast(part[:1], spec.dtype) for part, spec in parts))

    def _rows(self, parts: tuple[tf.Tensor, ...], name: str) -> Rows:
        """Return a chunk as `checked_data` does; its x is looked at once."""
        beside = tuple(part.numpy() for part in parts[1:])
        x = parts[0] if self.checked else parts[0].numpy()
        return checked_data(self.model, (x, *beside), name, self.ignore_class, a_chunk=True, known=self.checked)


def checked_spec(dataset: tf.data.Dataset, name: str) -> Any:
    """Return what the dataset's elements are. Raises: TypeError or ValueError if they are no batches that end."""
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(f"{name} has no end: leave out repeat(), `epochs` says how often its rows are gone through")
    spec = dataset.element_spec
    parts = list(spec) if isinstance(spec, tuple) else [spec]
    if not all(isinstance(part, tf.TensorSpec) for part in parts):
        raise TypeError(f"{name} must be a dataset of dense tensors, got {spec}")
    if parts[0].shape.rank is not None and parts[0].shape.rank < 2:
        raise ValueError(
            f"{name} must be a dataset of batches, x [rows, features], got x {parts[0].shape}: use batch(…)"
        )
    return spec


def features_of_x(dataset: tf.data.Dataset) -> int:
    """Return the features of x, which a dataset may tell only once it is read."""
    spec = tf.nest.flatten(dataset.element_spec)[0]
    if spec.shape.rank and spec.shape[-1]:
        return int(spec.shape[-1])
    shapes = (tf.nest.flatten(parts)[0].shape for parts in dataset.take(1))
    return int(next((shape[-1] for shape in shapes if shape.rank), 1)) or 1


def failures_told(dataset: tf.data.Dataset, name: str) -> Iterator[Any]:
    """Yield the elements. Raises: ValueError with the first line of what TensorFlow says, if the dataset fails."""
    try:
        yield from dataset
    except (tf.errors.InvalidArgumentError, tf.errors.UnknownError, tf.errors.DataLossError) as error:
        cause = re.sub(r"\{\{.*?\}\} ?", "", error.message).strip().splitlines()[0]
        raise ValueError(f"{name}: the dataset failed: {cause}") from error


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
    checked_spec(dataset, "x")
    x = dataset.map(lambda *parts: parts[0])
    yield from failures_told(x.rebatch(max(1, CHUNK_NUMBERS // features_of_x(dataset))).prefetch(1), "x")
