"""The initializers, regularizers, schedules, callbacks and features of this package, each held to its kind's laws."""

import functools

import tensorflow as tf

from dnn.data.features import Features
from dnn.data.piecewise_linear import PiecewiseLinear
from dnn.data.quantiles import Quantile
from dnn.nn import initializers, random_initializers
from dnn.nn.ntk import standard_normal
from dnn.nn.optimizers.cosine_restarts import CosineDecayRestarts
from dnn.nn.optimizers.coslog import Coslog
from dnn.nn.optimizers.one_cycle import OneCycle
from dnn.nn.optimizers.polynomial_decay import PolynomialDecay
from dnn.nn.optimizers.schedules import CosineDecay, ExponentialDecay, PiecewiseConstantDecay
from dnn.nn.optimizers.sgd import SGD
from dnn.nn.regularizers import L1, L1L2, L2
from dnn.testing.other_kinds import Callback, FeaturesPiece, Initializer, Regularizer, Schedule
from dnn.testing.pieces import Piece
from dnn.train.callbacks import ReduceLROnPlateau, terminate_on_nan

OF_KERNELS = ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal")
OF_ANY_SHAPE = ("random_normal", "random_uniform", "truncated_normal")
ANY_SHAPES = ((5, 3), (), (7,), (2, 3, 4))

OTHER_PIECES: tuple[Piece, ...] = (
    *(Initializer(name, getattr(initializers, name)) for name in OF_KERNELS),
    *(Initializer(name, getattr(random_initializers, name), shapes=ANY_SHAPES) for name in OF_ANY_SHAPE),
    Initializer("orthogonal", random_initializers.orthogonal, shapes=((5, 3), (3, 5), (2, 3, 4))),
    Initializer("zeros", initializers.zeros, shapes=ANY_SHAPES),
    Initializer("constant", initializers.constant(0.5), shapes=ANY_SHAPES),
    Initializer("standard_normal", standard_normal),
    *(Regularizer(type(piece).__name__, piece) for piece in (L1(0.1), L2(0.1), L1L2(0.1, 0.2))),
    Schedule("ExponentialDecay", ExponentialDecay(0.1, 2, 0.5)),
    Schedule("CosineDecay", CosineDecay(0.01, 8, 0.1, 0.1, 3)),
    Schedule("PiecewiseConstantDecay", PiecewiseConstantDecay([1], [0.1, 0.2])),
    Schedule("PolynomialDecay", PolynomialDecay(0.1, 8, cycle=True)),
    Schedule("CosineDecayRestarts", CosineDecayRestarts(0.1, 3)),
    Schedule("OneCycle", OneCycle(0.1, 10)),
    Schedule("Coslog", Coslog(0.1, 20)),
    Callback("terminate_on_nan", lambda: terminate_on_nan),
    Callback("ReduceLROnPlateau", lambda: ReduceLROnPlateau(SGD([tf.Variable(0.0)]), patience=2)),
    FeaturesPiece("Features", Features),
    FeaturesPiece(
        "Features, scaled",
        functools.partial(
            Features,
            missing_indicator=True,
            min_count=2,
            scale=Quantile.learn,
            column_scale={"age": PiecewiseLinear.learner(2)},
        ),
    ),
)
