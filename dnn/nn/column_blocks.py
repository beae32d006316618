"""Different layers for different columns of one matrix: embeddings for the numbers, say, and for each category."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from dnn.nn.argument_checks import checked_callable, checked_size, checked_width
from dnn.nn.layers import key_at, takes_training
from dnn.nn.modules import layer_line, tree
from dnn.nn.protocols import TensorLike


class ColumnBlocks(tf.Module):
    """Cut the columns into blocks, apply to each its layer, and put the results side by side.

    Args:
        widths: number of columns of each block, > 0, from left to right.
        layers: the layer of each block: float[batch, width] -> float[batch, any]; None leaves the block as it is.

    Raises:
        ValueError: If there are not as many layers as widths, or a width is not positive.
        TypeError: If a layer cannot be called.

    Example:
        >>> layer = ColumnBlocks([7, 12, 32], [dnn.PeriodicEmbeddings(7, 8), dnn.Embedding(12, 3), None])
        >>> layer(tf.ones([2, 51])).shape
        TensorShape([2, 91])
    """

    def __init__(self, widths: Sequence[int], layers: Sequence[Callable[..., Any] | None]) -> None:
        super().__init__()
        self.widths = tuple(checked_size(width, f"widths[{index}]") for index, width in enumerate(widths))
        self.layers = tuple(layers)
        if len(self.layers) != len(self.widths) or not self.widths:
            raise ValueError(f"there must be a layer for each of {len(self.widths)} widths, got {len(self.layers)}")
        for index, layer in enumerate(self.layers):
            if layer is not None:
                checked_callable(layer, f"layers[{index}]")
        self._takes_training = tuple(layer is not None and takes_training(layer) for layer in self.layers)

    def __call__(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return the results of all blocks.

        Args:
            x: float[batch, the sum of the widths].
            training: As in `Sequential`: each layer gets the key with a seed of its own.

        Returns:
            float[batch, the sum of the layers' widths].

        Raises:
            ValueError: If x has another width.
        """
        blocks = tf.split(checked_width(x, sum(self.widths)), self.widths, axis=-1)
        results = []
        for index, (block, layer, takes) in enumerate(zip(blocks, self.layers, self._takes_training, strict=True)):
            if layer is not None:
                block = layer(block, training=key_at(training, index)) if takes else layer(block)
            results.append(block)
        return tf.concat(results, axis=-1)

    def __repr__(self) -> str:
        blocks = zip(self.widths, self.layers, strict=True)
        heading = layer_line(self, " + ".join(map(str, self.widths)))
        return tree(
            heading, ((f"{width} columns", "as they are" if layer is None else layer) for width, layer in blocks)
        )
