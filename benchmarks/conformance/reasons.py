"""Why a row's error is well below Keras's, or above it, or large: the first reason of its piece that fits, or one that
holds for all pieces."""

import functools
from collections.abc import Sequence

from benchmarks.conformance.bounds import HALF
from benchmarks.conformance.comparison import Reason, Row
from benchmarks.conformance.pieces import comparisons

OF_ALL = (
    Reason("stricter", "is computed in float32 and rounded once", dtypes=HALF),
    Reason("red", "by as many roundings, in another order"),
)


def reason(row: Row) -> str:
    """Return why the row is red, or less than half of Keras's; and why its error is large."""
    return "; ".join(why for why in (why_compared(row), why_large(row)) if why)


def why_compared(row: Row) -> str:
    """Return why our error is above Keras's, or less than half of it; nothing if it is neither."""
    return _first(("red",) if row.is_red else ("stricter",) if row.is_stricter else (), row)


def why_large(row: Row) -> str:
    """Return why our error is more than 20 units; nothing if it is not."""
    return _first(("large",) if row.is_large else (), row)


def _first(kinds: Sequence[str], row: Row) -> str:
    reasons = (*_reasons()[row.piece, row.domain, row.dtype], *OF_ALL)
    return next((reason.why for reason in reasons if reason.of in kinds and reason.fits(row)), "")


@functools.cache
def _reasons() -> dict[tuple[str, str, str], Sequence[Reason]]:
    return {(piece.name, piece.domain, piece.dtype): piece.reasons for piece in comparisons()}
