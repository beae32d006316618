"""The first layer of a network that learns embeddings of numbers or of categories, as the settings say it."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.bin_edges import quantile_edges
from dnn.data.features import Features
from dnn.data.one_hot import OneHot
from dnn.data.piecewise_linear import PiecewiseLinear
from dnn.data.scale_choice import names_of
from dnn.nn.argument_checks import checked_count
from dnn.nn.column_blocks import ColumnBlocks
from dnn.nn.embedding import Embedding
from dnn.nn.numeric_embeddings import LinearReLUEmbeddings, PeriodicEmbeddings
from dnn.nn.pbld_embeddings import PBLDEmbeddings
from dnn.nn.piecewise_linear_embeddings import PiecewiseLinearEmbeddings
from dnn.settings import EMBEDDED_SCALE, EMBEDDINGS, NetworkSettings

PBLD_FACTOR = 0.1  # of the learning rate, in RealMLP
WITH_FREQUENCIES = ("periodic", "pbld")

Numbers: TypeAlias = npt.NDArray[np.float32]
MakeLayer: TypeAlias = Callable[[tuple[int, int]], Callable[..., Any]]
FirstLayer: TypeAlias = Callable[[int], ColumnBlocks]
"""Makes the layer of a network with this seed."""


def first_layer(features: Features, x: Numbers, settings: NetworkSettings, bins: int) -> FirstLayer | None:
    """Return what makes the layer of embeddings, or None if the settings ask for none.

    Args:
        features: What makes the columns of x.
        x: float32[rows, features.width], the training rows, for the edges of bins.
        settings: Which embeddings, and their sizes.
        bins: Most bins of a column, for the embedding "piecewise".

    Raises:
        ValueError: If a setting is out of its range, or a number that is to be embedded has several features.
    """
    check_embeddings(settings)
    numbers = len(names_of(features.scale, features.numeric)) if features.numeric else 0
    of_numbers = None
    if settings.embedding is not None and features.numeric:
        _check_one_feature_each(features, numbers, settings.embedding)
        of_numbers = MAKERS[settings.embedding](x[:, :numbers], settings, bins)
    blocks = [(numbers, of_numbers), (len(features.indicated), None)]
    for name, block in features.blocks.items():
        width = len(block.names(name))
        embedded = isinstance(block, OneHot) and 0 < settings.category_embedding < width
        blocks.append((width, _embedding(width, settings.category_embedding) if embedded else None))
    joined = [*_joined(blocks)]
    if all(make is None for _, make in joined):
        return None

    def first(seed: int) -> ColumnBlocks:
        # the seeds of Dense are (seed, index) with an index >= 0
        layers = [make and make((seed, -1 - index)) for index, (_, make) in enumerate(joined)]
        return ColumnBlocks([width for width, _ in joined], layers)

    return first


def check_embeddings(settings: NetworkSettings) -> None:
    """Refuse settings of embeddings that are out of their range. Raises: ValueError."""
    if settings.embedding not in (None, *EMBEDDINGS):
        raise ValueError(f"embedding must be one of {', '.join(EMBEDDINGS)}, or None, got {settings.embedding!r}")
    checked_count(settings.embedding_size, "embedding_size")
    checked_count(settings.category_embedding, "category_embedding", least=0)
    if settings.frequency_scale is not None and settings.embedding not in WITH_FREQUENCIES:
        raise ValueError(f"frequency_scale is for embedding='periodic' or 'pbld', and that is {settings.embedding!r}")


def embedded_words(settings: NetworkSettings) -> str:
    """Return what is embedded, for a line about the network; "" for nothing."""
    numbers = f", numbers in {settings.embedding} embeddings of {settings.embedding_size}" if settings.embedding else ""
    size = settings.category_embedding
    return numbers + (f", categories of more than {size} values in vectors of {size}" if size else "")


def width_after(first: FirstLayer, width: int) -> int:
    """Return the width of what the layer gives for float32[batch, width]."""
    return int(first(0)(tf.zeros([1, width])).shape[1])


def _check_one_feature_each(features: Features, numbers: int, embedding: str) -> None:
    scales = [features.scale, *getattr(features.scale, "scales", ())]
    if numbers != len(features.numeric) or any(isinstance(scale, PiecewiseLinear) for scale in scales):
        raise ValueError(
            f"embedding={embedding!r} takes one feature of each number, and a piecewise scale makes one of each bin; "
            f"with scale={EMBEDDED_SCALE!r} it is one"
        )


def _linear(x: Numbers, settings: NetworkSettings, bins: int) -> MakeLayer:
    return lambda seed: LinearReLUEmbeddings(x.shape[1], settings.embedding_size, seed=seed)


def _periodic(x: Numbers, settings: NetworkSettings, bins: int) -> MakeLayer:
    return lambda seed: PeriodicEmbeddings(x.shape[1], settings.embedding_size, **_options(settings), seed=seed)


def _pbld(x: Numbers, settings: NetworkSettings, bins: int) -> MakeLayer:
    options = _options(settings) | ({"factor": PBLD_FACTOR} if settings.architecture == "realmlp" else {})
    return lambda seed: PBLDEmbeddings(x.shape[1], settings.embedding_size, **options, seed=seed)


def _piecewise(x: Numbers, settings: NetworkSettings, bins: int) -> MakeLayer:
    edges = [quantile_edges(column, bins) for column in x.T.astype(np.float64)]
    of_two = [each if len(each) > 1 else [each[0], each[0] + 1] for each in edges]  # a constant column has one
    return lambda seed: PiecewiseLinearEmbeddings(of_two, settings.embedding_size, activation=False, seed=seed)


MAKERS: Mapping[str, Callable[[Numbers, NetworkSettings, int], MakeLayer]] = MappingProxyType(
    {"linear": _linear, "periodic": _periodic, "pbld": _pbld, "piecewise": _piecewise}
)


def _options(settings: NetworkSettings) -> dict[str, Any]:
    return {} if settings.frequency_scale is None else {"frequency_scale": settings.frequency_scale}


def _embedding(categories: int, size: int) -> MakeLayer:
    return lambda seed: Embedding(categories, size, seed=seed)


def _joined(blocks: Iterable[tuple[int, MakeLayer | None]]) -> Iterator[tuple[int, MakeLayer | None]]:
    """Yield the blocks that have columns; those that stay as they are, one after the other, as one."""
    for as_it_is, group in itertools.groupby(blocks, lambda block: block[1] is None):
        parts = [(width, make) for width, make in group if width]
        yield from [(sum(width for width, _ in parts), None)] if as_it_is and parts else parts
