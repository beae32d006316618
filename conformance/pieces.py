"""All pieces of the table, in its order. A new one joins its module's `pieces()`."""

from conformance import activations, initializers, layers, losses, means, metrics, optimizers, regularizers, softmax
from conformance.piece import Piece, Row, rows_of

MODULES = (activations, softmax, initializers, layers, losses, means, metrics, regularizers, optimizers)


def pieces() -> list[Piece]:
    return [piece for module in MODULES for piece in module.pieces()]


def all_rows(chunks: int | None = None) -> list[Row]:
    """The rows of all pieces, over their first chunks; None: over all."""
    return [row for piece in pieces() for row in rows_of(piece, chunks)]
