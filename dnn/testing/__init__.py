"""One list of pieces and one set of laws, for the pieces of this package and for your own.

    dnn.testing.check_layer(lambda: MyLayer(4))  # makes a new one each time it is called
    dnn.testing.check_loss(focal_loss)
    dnn.testing.check_optimizer(lambda parameters: MyOptimizer(parameters, 0.1))
    dnn.testing.check_schedule(my_schedule)

raise an AssertionError that says which law is broken, and by what. With pytest, a test for each law:

    PIECE = dnn.testing.Layer("MyLayer", lambda: MyLayer(4))

    @pytest.mark.parametrize("law", dnn.testing.laws(PIECE))
    def test_my_layer(law):
        law(PIECE)

`PIECES` in catalogue.py is the list, `LAWS` in lawbook.py the set.

    dnn.testing.check_op(my_op, tf.nn.relu)

proves any function of tensors, in Python or C++, beside a reference: it returns a table of what holds and what does not
for its values and gradients, shapes, dtypes, modes and threads. It needs Hypothesis; the rest of this room needs only
TensorFlow and NumPy. Nothing in the package imports this room but `dnn` itself, when it is asked for `dnn.testing`.
"""

from dnn.ops.calling import MODES
from dnn.ops.comparing import assert_near
from dnn.testing.catalogue import PIECES
from dnn.testing.check_more import check_callback, check_features, check_initializer, check_regularizer, check_schedule
from dnn.testing.check_piece import (
    check_activation,
    check_layer,
    check_loss,
    check_metric,
    check_optimizer,
    check_score,
)
from dnn.testing.compiled import with_gradients
from dnn.testing.examples import BINARY_LOGITS, BINARY_TARGETS, LABELS, LOGITS, ONE_HOT, X
from dnn.testing.lawbook import LAWS, check, laws
from dnn.testing.ops.check import check_op
from dnn.testing.ops.inputs import Floats, Integers
from dnn.testing.other_kinds import Callback, Initializer, Regularizer, Schedule
from dnn.testing.other_kinds import FeaturesPiece as Features
from dnn.testing.pieces import Activation, Layer, Loss, Metric, Piece
from dnn.testing.pieces import OptimizerPiece as Optimizer
from dnn.testing.score_piece import Score

__all__ = [
    "BINARY_LOGITS",
    "BINARY_TARGETS",
    "LABELS",
    "LAWS",
    "LOGITS",
    "MODES",
    "ONE_HOT",
    "PIECES",
    "Activation",
    "Callback",
    "Features",
    "Floats",
    "Initializer",
    "Integers",
    "Layer",
    "Loss",
    "Metric",
    "Optimizer",
    "Piece",
    "Regularizer",
    "Schedule",
    "Score",
    "X",
    "assert_near",
    "check",
    "check_activation",
    "check_callback",
    "check_features",
    "check_initializer",
    "check_layer",
    "check_loss",
    "check_metric",
    "check_op",
    "check_optimizer",
    "check_regularizer",
    "check_schedule",
    "check_score",
    "laws",
    "with_gradients",
]
