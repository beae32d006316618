"""Which laws are for which kind of piece."""

from collections.abc import Mapping
from types import MappingProxyType

from dnn.testing.compiled import one_trace_agrees, xla_agrees
from dnn.testing.fit_laws import (
    begins_anew_with_each_fit,
    comes_back_from_its_state,
    encodes_each_row_alone,
    gives_a_finite_matrix,
    goes_on_from_its_state,
)
from dnn.testing.function_laws import (
    agrees_when_compiled,
    gives_a_rate_for_each_step,
    gives_what_is_asked_for,
    has_a_finite_gradient_by_the_weights,
    is_decided_by_the_seed,
    is_one_number_of_the_dtype,
)
from dnn.testing.law import Law
from dnn.testing.other_kinds import Callback, FeaturesPiece, Initializer, Regularizer, Schedule
from dnn.testing.pieces import Activation, Layer, Loss, Metric, OptimizerPiece, Piece
from dnn.testing.purpose import depends_on_the_label, goes_downhill, is_lower_for_the_right_class, moves_every_parameter
from dnn.testing.refusals import refuses_what_it_cannot_train, refuses_wrong_arguments
from dnn.testing.score_laws import (
    counts_a_row_as_often_as_it_weighs,
    gives_perfect_predictions_its_best,
    scores_one_row,
    scores_rows_in_any_order,
    stays_in_its_range,
)
from dnn.testing.score_piece import Score
from dnn.testing.state import (
    begins_the_same_each_time,
    remembers_in_variables_alone,
    survives_a_checkpoint,
    survives_a_saved_model,
)
from dnn.testing.values import can_be_called, has_finite_gradients, keeps_nan, keeps_the_dtype, treats_each_row_alone

FIRST = (can_be_called, begins_the_same_each_time, remembers_in_variables_alone)
PURPOSE = (depends_on_the_label, is_lower_for_the_right_class)
OF_SCORES = (counts_a_row_as_often_as_it_weighs, stays_in_its_range, gives_perfect_predictions_its_best)
SMOOTH = (has_finite_gradients, keeps_nan)
COMPILED = (one_trace_agrees, xla_agrees)
SAVED = (survives_a_checkpoint, survives_a_saved_model)
REFUSALS = (refuses_wrong_arguments, refuses_what_it_cannot_train)
LAWS: Mapping[type[Piece], tuple[Law, ...]] = MappingProxyType(
    {
        Activation: (*FIRST, treats_each_row_alone, keeps_the_dtype, *SMOOTH, *COMPILED),
        Layer: (*FIRST, treats_each_row_alone, keeps_the_dtype, refuses_wrong_arguments, *SMOOTH, *COMPILED, *SAVED),
        Loss: (*FIRST, treats_each_row_alone, refuses_wrong_arguments, *PURPOSE, *SMOOTH, *COMPILED, *SAVED),
        Metric: (*FIRST, treats_each_row_alone, refuses_wrong_arguments, *COMPILED, *SAVED),
        OptimizerPiece: (*FIRST, moves_every_parameter, goes_downhill, refuses_what_it_cannot_train, *COMPILED, *SAVED),
        Score: (*FIRST, scores_one_row, scores_rows_in_any_order, *OF_SCORES, refuses_wrong_arguments),
        Initializer: (gives_what_is_asked_for, is_decided_by_the_seed),
        Regularizer: (is_one_number_of_the_dtype, has_a_finite_gradient_by_the_weights, agrees_when_compiled),
        Schedule: (gives_a_rate_for_each_step, agrees_when_compiled),
        Callback: (begins_anew_with_each_fit, goes_on_from_its_state),
        FeaturesPiece: (gives_a_finite_matrix, encodes_each_row_alone, comes_back_from_its_state),
    }
)
"""The laws for each kind of piece, those first whose breach explains that of others."""


def laws(piece: Piece) -> tuple[Law, ...]:
    """Return the laws for a piece of its kind, those first whose breach explains that of others.

    Args:
        piece: Its `xla` and `refuses` say which laws are left out.

    Returns:
        Functions of the piece that raise an AssertionError if it breaks them.
    """
    left_out: list[Law] = [*(() if piece.xla else (xla_agrees,)), *(() if piece.refuses else REFUSALS)]
    return tuple(law for law in LAWS[type(piece)] if law not in left_out)


def check(piece: Piece) -> None:
    """Hold a piece to all laws for its kind.

    Args:
        piece: An Activation, Layer, Loss, Metric, Optimizer, Score, Initializer, Regularizer, Schedule, Callback or
            FeaturesPiece.

    Raises:
        AssertionError: For the first law that the piece breaks; it says which, and by what.
    """
    for law in laws(piece):
        law(piece)
