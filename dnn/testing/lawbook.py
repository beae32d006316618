"""Which laws are for which kind of piece."""

from collections.abc import Callable
from types import MappingProxyType

from dnn.testing.compiled import one_trace_agrees, xla_agrees
from dnn.testing.eager import (
    begins_the_same_each_time,
    has_finite_gradients,
    keeps_nan,
    keeps_the_dtype,
    moves_every_parameter,
    remembers_in_variables_alone,
    scores_one_row,
    scores_rows_in_any_order,
    treats_each_row_alone,
)
from dnn.testing.first import can_be_called
from dnn.testing.pieces import Activation, Layer, Loss, Metric, Optimizer, Piece, Score
from dnn.testing.purpose import depends_on_the_label, goes_downhill, is_lower_for_the_right_class
from dnn.testing.refusals import refuses_what_it_cannot_train, refuses_wrong_arguments
from dnn.testing.saved import survives_a_checkpoint, survives_a_saved_model

FIRST = (can_be_called, begins_the_same_each_time, remembers_in_variables_alone)
PURPOSE = (depends_on_the_label, is_lower_for_the_right_class)
SMOOTH = (has_finite_gradients, keeps_nan)
COMPILED = (one_trace_agrees, xla_agrees)
SAVED = (survives_a_checkpoint, survives_a_saved_model)
REFUSALS = (refuses_wrong_arguments, refuses_what_it_cannot_train)
LAWS = MappingProxyType(
    {
        Activation: (*FIRST, treats_each_row_alone, keeps_the_dtype, *SMOOTH, *COMPILED),
        Layer: (*FIRST, treats_each_row_alone, keeps_the_dtype, refuses_wrong_arguments, *SMOOTH, *COMPILED, *SAVED),
        Loss: (*FIRST, treats_each_row_alone, refuses_wrong_arguments, *PURPOSE, *SMOOTH, *COMPILED, *SAVED),
        Metric: (*FIRST, treats_each_row_alone, refuses_wrong_arguments, *COMPILED, *SAVED),
        Optimizer: (*FIRST, moves_every_parameter, goes_downhill, refuses_what_it_cannot_train, *COMPILED, *SAVED),
        Score: (*FIRST, scores_one_row, scores_rows_in_any_order, refuses_wrong_arguments),
    }
)


def laws(piece: Piece) -> tuple[Callable[[Piece], None], ...]:
    """The laws for a piece of its kind, those first whose breach explains that of others."""
    left_out = [] if piece.xla else [xla_agrees]
    left_out += [] if piece.refuses else REFUSALS
    return tuple(law for law in LAWS[type(piece)] if law not in left_out)


def check(piece: Piece) -> None:
    """Raises: AssertionError for the first law that the piece breaks."""
    for law in laws(piece):
        law(piece)
