"""A folder that `dnn prepare` made, opened to train, evaluate and predict with any number of rows in bounded memory."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.amounts import Amounts
from dnn.data.encoding import Encoding, load_encoding
from dnn.data.shards import INDEX, PARTS, Shard, read_index, shard_of
from dnn.files.manifest import digest_of

WINDOW_SHARDS = 4  # within which the rows of an epoch are permuted
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
    """

    def __init__(
        self, folder: Path, part: str, shards: Sequence[Shard], width: int, dtype: tf.DType, *, trusted: bool = True
    ) -> None:
        self.folder, self.part, self.shards = folder, part, tuple(shards)
        self.width, self.dtype, self.trusted = width, dtype, trusted
        self.rows = sum(shard.rows for shard in shards)
        self.window = WINDOW_SHARDS * max(shard.rows for shard in shards)

    def dataset(self, seed: int, epoch: int, first: int = 0) -> tf.data.Dataset:
        """Return the rows of an epoch as a dataset, read ahead of what is asked for.

        The order is drawn by (seed, epoch): the shards in a drawn order, and within each window of four shards the
        rows. That is no permutation of all rows: rows of one shard stay within four shards' length of each other.

        Args:
            seed: int >= 0.
            epoch: From 1; 0 is the order in which the rows are stored.
            first: How many rows of this epoch to leave out; shards that hold only such rows are not read.

        Returns:
            (inputs float32[batch, width], targets [batch]), in batches of any size.
        """
        if epoch == STORED:
            return self._read(self.shards, first)
        types = tf.TensorSpec([None, self.width], tf.float32), tf.TensorSpec([None], self.dtype)
        drawn = tf.data.Dataset.from_generator(
            lambda: self._permuted(seed % 2**63, epoch, first), output_signature=types
        )
        return drawn.prefetch(2)

    def _permuted(self, seed: int, epoch: int, first: int) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        """Yield the rows of an epoch from row `first` on, a shard's length at a time.

        A window has memory of its own, which is filled again and again: new memory costs more than to permute it.
        """
        shards = [self.shards[i] for i in np.random.default_rng((seed, epoch)).permutation(len(self.shards))]
        length = min(self.window, self.rows)
        inputs, targets = np.empty((length, self.width), np.float32), np.empty(length, self.dtype.as_numpy_dtype)
        for window in range(first // self.window, -(-self.rows // self.window)):
            begin = window * self.window
            rows = min(self.window, self.rows - begin)
            self._fill(inputs[:rows], targets[:rows], shards, begin)
            order = np.random.default_rng((seed, epoch, window)).permutation(rows)[max(0, first - begin) :]
            for piece in range(0, len(order), max(1, length // WINDOW_SHARDS)):
                some = order[piece : piece + max(1, length // WINDOW_SHARDS)]
                yield inputs.take(some, axis=0), targets.take(some)

    def _fill(
        self, inputs: npt.NDArray[np.float32], targets: npt.NDArray[Any], shards: Sequence[Shard], begin: int
    ) -> None:
        """Read as many rows as the arrays have, of shards that follow each other, from row `begin` of them on."""
        done = 0
        for shard in shards:
            skip, begin = min(begin, shard.rows), max(0, begin - shard.rows)
            rows = min(shard.rows - skip, len(targets) - done)
            if rows:
                with open(self.folder / shard.file, "rb", buffering=0) as file:
                    _read_into(file, shard.inputs + 4 * self.width * skip, inputs[done : done + rows])
                    _read_into(file, shard.targets + 4 * skip, targets[done : done + rows])
                done += rows

    def targets(self) -> npt.NDArray[Any]:
        """Return the targets of all rows, [rows], in the order in which they are stored; the inputs are not read."""
        kind = self.dtype.as_numpy_dtype
        read = [np.fromfile(self.folder / each.file, kind, each.rows, offset=each.targets) for each in self.shards]
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

    def _read(self, shards: Sequence[Shard], first: int) -> tf.data.Dataset:
        """Return the rows of shards, one shard a batch, from row `first` on."""
        ends = np.cumsum([shard.rows for shard in shards])
        left = [shard for shard, end in zip(shards, ends, strict=True) if end > first]
        skip = first - (self.rows - sum(shard.rows for shard in left))
        skips = [skip, *[0] * (len(left) - 1)][: len(left)]
        paths = [str(self.folder / shard.file) for shard in left]
        inputs = [shard.inputs + 4 * self.width * begin for shard, begin in zip(left, skips, strict=True)]
        targets = [shard.targets + 4 * begin for shard, begin in zip(left, skips, strict=True)]
        rows = [shard.rows - begin for shard, begin in zip(left, skips, strict=True)]
        columns = [tf.constant(paths, tf.string, [len(left)])]
        columns += [tf.constant(column, tf.int64, [len(left)]) for column in (inputs, targets, rows)]
        ready = tf.data.Dataset.from_tensor_slices(tuple(columns)).map(self._shard, num_parallel_calls=2)
        return ready.prefetch(1)

    def _shard(self, path: tf.Tensor, inputs: tf.Tensor, targets: tf.Tensor, rows: tf.Tensor) -> tuple[Any, Any]:
        content = tf.io.read_file(path)
        x = tf.io.decode_raw(tf.strings.substr(content, inputs, rows * 4 * self.width), tf.float32)
        y = tf.io.decode_raw(tf.strings.substr(content, targets, rows * 4), self.dtype)
        return tf.reshape(x, [-1, self.width]), y

    def __repr__(self) -> str:
        digest = hashlib.sha256("".join(shard.sha256 for shard in self.shards).encode()).hexdigest()
        return f"ShardedRows({self.part}, {self.rows:,} rows, {self.width:,} columns, sha256 {digest})"


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


def _read_into(file: Any, place: int, array: npt.NDArray[Any]) -> None:
    """Fill an array with the bytes of a file from a place on. Raises: ValueError if the file ends before."""
    file.seek(place)
    left = array.data.cast("B")
    while len(left):
        if not (count := file.readinto(left)):
            raise ValueError(f"{file.name} is shorter than it was")
        left = left[count:]
