"""An embedding: each category has a vector that is learnt."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_input, checked_size
from dnn.nn.initializers import seed_or_next
from dnn.nn.modules import layer_line
from dnn.nn.protocols import TensorLike


class Embedding(tf.Module):
    """Give each category a vector that is learnt: [batch, categories] -> [batch, size].

    It takes the one-hot columns of `Features`, and computes x · table, which is the row of the table for the category,
    so that it trains by `fit` on the same matrix: `ColumnBlocks` gives each category its own. A row of zeros, a
    category that training never saw, gives the vector 0. Of category numbers, as Keras and PyTorch take them,
    `tf.one_hot` makes such rows. The first vectors are uniform in ±0.05, as Keras's.
    Source: C. Guo, F. Berkhahn, "Entity Embeddings of Categorical Variables", 2016, equation 4.

    Args:
        categories: number of categories, > 0.
        size: of a vector, > 0.
        seed: int or pair of ints that the first vectors are drawn from. None: another one for each layer.
        dtype: floating dtype of the vectors.

    Raises:
        ValueError: If a size is not positive.
        TypeError: If a size is not an integer.

    Example:
        >>> layer = Embedding(12, 3, seed=0)
        >>> bool(tf.reduce_all(layer(tf.one_hot([5], 12)) == layer.table[5]))
        True
    """

    def __init__(
        self, categories: int, size: int, *, seed: int | Sequence[int] | None = None, dtype: tf.DType = tf.float32
    ) -> None:
        super().__init__()
        shape = checked_size(categories, "categories"), checked_size(size, "size")
        seed = seed_or_next(seed)
        pair = (seed, 0) if isinstance(seed, int) else seed
        self.table = tf.Variable(tf.random.stateless_uniform(shape, pair, -0.05, 0.05, dtype), name="table")

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return the vector of each row's category.

        Args:
            x: float[batch, categories], one-hot, or with more leading axes, of the dtype of the table.

        Returns:
            float[batch, size].

        Raises:
            ValueError: If x has another width.
            TypeError: If x has another dtype.
        """
        return tf.matmul(checked_input(x, self.table), self.table)

    def __repr__(self) -> str:
        categories, size = self.table.shape[-2:]
        return layer_line(self, f"{categories} -> {size}")
