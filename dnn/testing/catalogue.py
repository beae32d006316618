"""The pieces of this package: each is checked by every law for its kind as soon as it stands here.

Every public function of `dnn.nn.activations`, `softmax`, `metrics` and the modules of losses is a piece by itself. All
others, and pieces with options, have a line below, or in other_pieces.py.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.nn import activations, focal_losses, glu, losses, metrics, regression_losses, softmax
from dnn.nn.column_blocks import ColumnBlocks
from dnn.nn.dropout import Dropout
from dnn.nn.embedding import Embedding
from dnn.nn.ensemble import ensemble_mlp
from dnn.nn.glu import GLU
from dnn.nn.layers import Dense, Sequential
from dnn.nn.maxout import maxout
from dnn.nn.mish import mish
from dnn.nn.mlp import mlp
from dnn.nn.named_functions import public_functions
from dnn.nn.normalization import BatchNormalization, LayerNormalization
from dnn.nn.ntk import NTKDense, Scaling
from dnn.nn.numeric_embeddings import LinearReLUEmbeddings, PeriodicEmbeddings
from dnn.nn.optimizers.accumulate import AccumulateGradients
from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.adamw import AdamW
from dnn.nn.optimizers.average import AverageWeights
from dnn.nn.optimizers.by_group import ByGroup
from dnn.nn.optimizers.clip import ClipGradients
from dnn.nn.optimizers.coslog import Coslog
from dnn.nn.optimizers.gradient_checks import checked_parameters
from dnn.nn.optimizers.lion import Lion
from dnn.nn.optimizers.muon import Muon
from dnn.nn.optimizers.nadam import Nadam
from dnn.nn.optimizers.rmsprop import RMSprop
from dnn.nn.optimizers.schedule_free import ScheduleFreeAdamW
from dnn.nn.optimizers.schedules import CosineDecay, ExponentialDecay, PiecewiseConstantDecay
from dnn.nn.optimizers.sgd import SGD
from dnn.nn.optimizers.skip import SkipNotFinite
from dnn.nn.parametric_activation import ParametricActivation
from dnn.nn.pbld_embeddings import PBLDEmbeddings
from dnn.nn.piecewise_linear_embeddings import PiecewiseLinearEmbeddings
from dnn.nn.prelu import PReLU
from dnn.nn.realmlp import realmlp
from dnn.nn.residual import Residual
from dnn.nn.rms_normalization import RMSNormalization
from dnn.nn.tabm import TabM
from dnn.testing.examples import BINARY_LOGITS, BINARY_TARGETS, LABELS, LOGITS, ONE_HOT
from dnn.testing.other_pieces import OTHER_PIECES
from dnn.testing.pieces import Activation, Layer, Loss, Metric, OptimizerPiece
from dnn.testing.score_catalogue import SCORES

TARGETS = (ONE_HOT, LOGITS)
BINARY = (BINARY_TARGETS, BINARY_LOGITS)

# of the losses and metrics that take neither (labels, logits) nor (targets, logits) of several classes
EXAMPLES = dict.fromkeys(("binary_cross_entropy", "binary_focal_loss", "binary_accuracy"), BINARY)

COSINE, EXPONENTIAL = CosineDecay(0.1, 8), ExponentialDecay(0.1, 2, 0.5)
EDGES = ((-1.0, 0.0, 1.0), (-1.0, 1.0), (-2.0, -1.0, 0.0, 2.0), (0.0, 0.5))
PIECEWISE = PiecewiseConstantDecay([1], [0.1, 0.2])
LOSSES = (losses, regression_losses, focal_losses)
SPARSE = losses.sparse_softmax_cross_entropy


def of_targets(name: str, function: Callable[..., Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the examples of a loss or a metric, by the name of its first argument: labels, or targets."""
    first, *_ = inspect.signature(function).parameters
    return EXAMPLES.get(name, TARGETS if first == "targets" else (LABELS, LOGITS))


def _muon_and_others(parameters: Sequence[tf.Variable]) -> ByGroup:
    """Return Muon for the matrices, and SGD for the others."""
    ranks = [p.shape.rank for p in checked_parameters(parameters)]
    matrices, others = (
        [p for p, r in zip(parameters, ranks, strict=True) if (r == 2) == kind] for kind in (True, False)
    )
    return ByGroup([Muon(matrices, 0.1), SGD(others, 0.1)])


def _itself(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


PIECES = MappingProxyType(
    {
        piece.name: piece
        for piece in (
            *(Activation(name, function) for name, function in public_functions(activations).items()),
            *(Activation(name, function) for name, function in public_functions(softmax).items()),
            Activation(
                "relu, leaky and bounded", functools.partial(activations.relu, negative_slope=0.1, max_value=6.0)
            ),
            Activation("gelu, approximate", functools.partial(activations.gelu, approximate=True)),
            Activation("mish", mish),
            Layer("maxout", lambda: maxout, any_shape=True),
            Layer("Dense", lambda: Dense(4, 3, seed=1)),
            Layer("Dense, no bias", lambda: Dense(4, 3, use_bias=False, seed=1)),
            Layer("GLU", lambda: GLU(4, 3, seed=1)),
            *(Layer(name, functools.partial(_itself, f), any_shape=True) for name, f in public_functions(glu).items()),
            Layer("PReLU", lambda: PReLU(4)),
            Layer("RMSNormalization", lambda: RMSNormalization(4)),
            Layer("Dropout", lambda: Dropout(0.5), any_shape=True),
            Layer("BatchNormalization", lambda: BatchNormalization(4)),
            Layer("LayerNormalization", lambda: LayerNormalization(4)),
            Layer("Embedding", lambda: Embedding(4, 3, seed=1)),
            Layer("LinearReLUEmbeddings", lambda: LinearReLUEmbeddings(4, 3, seed=1)),
            Layer("PeriodicEmbeddings", lambda: PeriodicEmbeddings(4, 3, frequencies=2, frequency_scale=0.1, seed=1)),
            Layer("PiecewiseLinearEmbeddings", lambda: PiecewiseLinearEmbeddings(EDGES, 3, activation=False, seed=1)),
            Layer("NTKDense", lambda: NTKDense(4, 3, activation=activations.selu, seed=1)),
            Layer("PBLDEmbeddings", lambda: PBLDEmbeddings(4, 3, frequencies=2, seed=1)),
            Layer("Residual", lambda: Residual(Dense(4, 4, activation=activations.relu, seed=1))),
            Layer("Scaling", lambda: Scaling(4)),
            Layer("ParametricActivation", lambda: ParametricActivation(4, activations.selu, initial=0.5)),
            Layer("ColumnBlocks", lambda: ColumnBlocks([1, 3], [None, Dense(3, 2, seed=1)])),
            Layer("mlp", lambda: mlp([4, 5, 3])),
            Layer(
                "mlp, normalized",
                lambda: mlp([4, 5, 5], dropout=0.5, normalization=RMSNormalization, residual=True, activate_final=True),
            ),
            Layer("Sequential", lambda: Sequential([BatchNormalization(4), Dropout(0.25), Dense(4, 2)])),
            Layer("ensemble_mlp", lambda: ensemble_mlp([4, 5, 3], k=3, dropout=0.25)),
            Layer("realmlp", lambda: realmlp([4, 5, 3], parametric=True, dropout=0.25)),
            Layer("TabM", lambda: TabM([4, 5, 3], k=3, dropout=0.25)),
            *(Loss(name, f, of_targets(name, f)) for module in LOSSES for name, f in public_functions(module).items()),
            Loss("sparse_softmax_cross_entropy, ignore_class", functools.partial(SPARSE, ignore_class=1)),
            Loss("sparse_softmax_cross_entropy, label_smoothing", functools.partial(SPARSE, label_smoothing=0.1)),
            *(Metric(name, f, of_targets(name, f)) for name, f in public_functions(metrics).items()),
            Metric("accuracy, one-hot labels", metrics.accuracy, TARGETS),
            Metric("top_k_accuracy, k=2", functools.partial(metrics.top_k_accuracy, k=2)),
            OptimizerPiece("SGD", lambda parameters: SGD(parameters, 0.1)),
            OptimizerPiece("SGD, nesterov", lambda parameters: SGD(parameters, PIECEWISE, momentum=0.9, nesterov=True)),
            OptimizerPiece("RMSprop", lambda parameters: RMSprop(parameters, COSINE, momentum=0.9, centered=True)),
            OptimizerPiece("Adam", lambda parameters: Adam(parameters, 0.1)),
            OptimizerPiece("Adam, coslog", lambda parameters: Adam(parameters, Coslog(0.1, 20), beta_2=0.95)),
            OptimizerPiece("Adam, amsgrad", lambda parameters: Adam(parameters, EXPONENTIAL, amsgrad=True)),
            OptimizerPiece(
                "AdamW", lambda parameters: AdamW(parameters, 0.1, exclude_from_weight_decay=parameters[1:])
            ),
            OptimizerPiece("Lion", lambda parameters: Lion(parameters, 0.1)),
            OptimizerPiece("Nadam", lambda parameters: Nadam(parameters, COSINE, weight_decay=0.1)),
            OptimizerPiece("Muon", _muon_and_others),
            OptimizerPiece(
                "ScheduleFreeAdamW",
                lambda parameters: ScheduleFreeAdamW(parameters, 0.1, warmup_steps=2, weight_decay=0.1),
            ),
            OptimizerPiece(
                "ByGroup", lambda parameters: ByGroup([Adam(parameters[:1], 0.1), Lion(parameters[1:], 0.1)])
            ),
            OptimizerPiece(
                "ClipGradients, global", lambda parameters: ClipGradients(SGD(parameters, 0.1), global_clipnorm=0.5)
            ),
            OptimizerPiece(
                "ClipGradients, clipvalue", lambda parameters: ClipGradients(SGD(parameters, 0.1), clipvalue=0.1)
            ),
            OptimizerPiece(
                "AverageWeights", lambda parameters: AverageWeights(SGD(parameters, 0.1), ema_overwrite_frequency=2)
            ),
            OptimizerPiece("SkipNotFinite", lambda parameters: SkipNotFinite(Adam(parameters, 0.1))),
            OptimizerPiece("AccumulateGradients", lambda parameters: AccumulateGradients(SGD(parameters, 0.1), 2)),
            *SCORES,
            *OTHER_PIECES,
        )
    }
)
