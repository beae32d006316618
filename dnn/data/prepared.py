"""A folder that `dnn prepare` made, opened to train, evaluate and predict with any number of rows in bounded memory."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.amounts import Amounts
from dnn.data.encoding import Encoding, load_encoding
from dnn.data.row_order import LANES, Turns, part_of_rows
from dnn.data.shards import INDEX, PARTS, Shard, read_index, read_rows, shard_of
from dnn.files.manifest import digest_of

WINDOW_SHARDS = 4  # as many rows are in memory, and permuted lane by lane
STORED = 0  # the number of the epoch whose order is that in which the rows are stored


class ShardedRows:
    """The encoded rows of one part of a prepared folder, which are read from the disk in each epoch.

    Its text names the rows by the SHA-256 of what is stored, by which a checkpoint knows them again.

    Args:
        folder: Where the shards are.
        part: Name of the part.
        shards: In their order.
        width: Columns of the inputs.
        dtype: Of the targets.
        trusted: Whether each number was checked when it was written.

    Attributes:
        rows: How many there are.
        lanes: Each number of workers that divides it can share them, each with rows of its own to read.
    """

    lanes = LANES

    def __init__(
        self, folder: Path, part: str, shards: Sequence[Shard], width: int, dtype: tf.DType, *, trusted: bool = True
    ) -> None:
        self.folder, self.part, self.shards = folder, part, tuple(shards)
        self.width, self.dtype, self.trusted = width, dtype, trusted
        self.rows = sum(shard.rows for shard in shards)
        self.window = WINDOW_SHARDS * max(shard.rows for shard in shards)

    def dataset(self, seed: int, epoch: int, first: int = 0, share: tuple[int, int] = (0, 1)) -> tf.data.Dataset:
        """Return the rows of an epoch as a dataset, read ahead of what is asked for.

        The order is drawn by (seed, epoch): the shards in a drawn order, cut into 48 parts of one length, which take
        turns; within each window of a part, a twelfth of a shard, the rows are permuted. That is no permutation of all
        rows: those that are near each other in a shard stay near each other in the epoch, 48 rows apart.

        Args:
            seed: int >= 0.
            epoch: From 1; 0 is the order in which the rows are stored.
            first: How many rows of this epoch, and of the share, to leave out; windows of only such rows are not read.
            share: (k, n): every n-th row of the epoch from row k on, where n divides `lanes`; in the stored order the
                k-th of n equal parts. No other row is read.

        Returns:
            (inputs float32[batch, width], targets [batch]), in batches of any size.

        Raises:
            ValueError: If the rows cannot be shared so.
        """
        turns = Turns(self.rows, self.window, share)
        if epoch == STORED:
            begin, rows = part_of_rows(self.rows, *share)
            read = partial(self._stored, begin + first, begin + rows)
        else:
            read = partial(self._permuted, turns, seed % 2**63, epoch, first)
        types = tf.TensorSpec([None, self.width], tf.float32), tf.TensorSpec([None], self.dtype)
        return tf.data.Dataset.from_generator(read, output_signature=types).prefetch(2)

    def _stored(self, first: int, end: int) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        """Yield the rows from `first` to before `end` as they are stored, a shard's length at a time."""
        ends, longest = np.cumsum([shard.rows for shard in self.shards]), max(shard.rows for shard in self.shards)
        for begin in range(first, end, longest):
            rows = min(longest, end - begin)
            inputs, targets = np.empty((rows, self.width), np.float32), np.empty(rows, self.dtype.as_numpy_dtype)
            read_rows(self.folder, self.shards, ends, begin, inputs, targets)
            yield inputs, targets

    def _permuted(
        self, turns: Turns, seed: int, epoch: int, first: int
    ) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        """Yield the rows of an epoch from row `first` on, a quarter of a window at a time.

        A window has memory of its own, which is filled again and again: new memory costs more than to permute it.
        """
        shards = [self.shards[i] for i in np.random.default_rng((seed, epoch)).permutation(len(self.shards))]
        ends = np.cumsum([shard.rows for shard in shards])
        inputs = np.empty((turns.most, self.width), np.float32)
        targets = np.empty(turns.most, self.dtype.as_numpy_dtype)
        step = max(1, turns.most // WINDOW_SHARDS)
        for spans, order in turns.windows(seed, epoch, first):
            done = 0
            for begin, rows in spans:
                read_rows(self.folder, shards, ends, begin, inputs[done : done + rows], targets[done : done + rows])
                done += rows
            for place in range(0, len(order), step):
                some = order[place : place + step]
                yield inputs.take(some, axis=0), targets.take(some)

    def targets(self, every: int = 1) -> npt.NDArray[Any]:
        """Return the targets in the order in which the rows are stored; the inputs are not read.

        Args:
            every: 1 for those of all rows, n for every n-th from the first on, in so much less memory.

        Returns:
            int32[rows], or float32[rows] of amounts.
        """
        kind, read, place = self.dtype.as_numpy_dtype, [], 0
        for shard in self.shards:
            of_shard = np.fromfile(self.folder / shard.file, kind, shard.rows, offset=shard.targets)
            read.append(of_shard[-place % every :: every].copy())
            place += shard.rows
        return np.concatenate(read)

    def arrays(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[Any]]:
        """Return all rows in memory: inputs float32[rows, width] and targets [rows], in the order of the shards."""
        inputs, done = np.empty((self.rows, self.width), np.float32), 0
        for shard in self.shards:
            numbers = np.fromfile(self.folder / shard.file, np.float32, shard.rows * self.width, offset=shard.inputs)
            inputs[done : done + shard.rows] = numbers.reshape(shard.rows, self.width)
            done += shard.rows
        return inputs, self.targets()

    def sample(self, seed: int, most: int) -> npt.NDArray[np.float32]:
        """Return the inputs of about `most` rows, or of all if they are fewer, in the order in which they are stored.

        Of each shard they are the same share, drawn by (seed, the shard's number), and a row more where it is no whole.
        """
        drawn = []
        for number, shard in enumerate(self.shards):
            rows = min(shard.rows, -(-shard.rows * most // self.rows))
            chosen = np.random.default_rng((seed % 2**63, STORED, number)).permutation(shard.rows)[:rows]
            place, shape = shard.inputs, (shard.rows, self.width)
            stored = np.memmap(self.folder / shard.file, np.float32, "r", place, shape)
            drawn.append(stored[np.sort(chosen)])
        return np.concatenate(drawn)

    def check(self) -> None:
        """Compare each file with its SHA-256. Raises: ValueError that names the first that is damaged."""
        for shard in self.shards:
            if digest_of(self.folder / shard.file) != shard.sha256:
                raise ValueError(f"{self.folder / shard.file} is damaged: its SHA-256 is another than in {INDEX}")

    def __repr__(self) -> str:
        digest = hashlib.sha256("".join(shard.sha256 for shard in self.shards).encode()).hexdigest()
        order = f"{self.lanes} lanes, windows of {self.window:,} rows"
        return f"ShardedRows({self.part}, {self.rows:,} rows, {self.width:,} columns, sha256 {digest}, {order})"


class PreparedFolder(NamedTuple):
    """What `dnn.open_prepared` gives: the rows of three parts, and what they mean.

    Attributes:
        path: The folder.
        encoding: What was learnt of the table: its features, its target.
        train: The rows to train on.
        validation: The rows by which training is stopped.
        test: The rows of the test.
        class_rows: The rows of each class, by part; empty for amounts.
    """

    path: Path
    encoding: Encoding
    train: ShardedRows
    validation: ShardedRows
    test: ShardedRows
    class_rows: dict[str, list[int]]

    @property
    def bytes(self) -> int:
        """What all rows take in memory."""
        return sum(4 * (part.width + 1) * part.rows for part in (self.train, self.validation, self.test))

    def check(self) -> None:
        """Compare each file with its SHA-256.

        Raises:
            ValueError: If one is damaged; it is named.
        """
        for rows in (self.train, self.validation, self.test):
            rows.check()


def open_prepared(folder: str | Path, *, check: bool = False) -> PreparedFolder:
    """Open a folder that `dnn prepare` made, of any number of rows.

    `dnn.fit(model, prepared.train, prepared.validation, …)` trains with it as with arrays, `dnn.evaluate` and
    `dnn.predict` take a part of it too. The rows are read from the disk in each epoch, in an order of its own.

    Args:
        folder: The folder.
        check: Whether each file is read once to compare it with its SHA-256.

    Returns:
        The encoding and the rows of the parts.

    Raises:
        ValueError: If it is no prepared folder, or a file is missing or damaged.
    """
    folder = Path(folder)
    encoding = load_encoding(folder)
    width, amounts = encoding.features.width, isinstance(encoding.labels, Amounts)
    dtype, trusted = tf.float32 if amounts else tf.int32, (folder / INDEX).is_file()
    if trusted:
        parts, class_rows = read_index(folder, width)
    else:
        parts, class_rows = (
            {name: [shard_of(folder / f"{name}.npz", width, dtype.as_numpy_dtype)] for name in PARTS},
            {},
        )
    rows = {name: ShardedRows(folder, name, shards, width, dtype, trusted=trusted) for name, shards in parts.items()}
    prepared = PreparedFolder(folder, encoding, rows["train"], rows["validation"], rows["test"], class_rows)
    if check:
        prepared.check()
    return prepared
