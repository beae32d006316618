"""The pieces of this package, a line each: a new one is checked by every law for its kind as soon as it stands here.

Activations, layers, losses, metrics, optimizers and scores; no law is for an initializer, a regularizer or a schedule.
"""

import functools
from types import MappingProxyType

from dnn.nn import activations, calibration, losses, metrics, ranking, softmax
from dnn.nn.dropout import Dropout
from dnn.nn.layers import Dense, Sequential, mlp
from dnn.nn.normalization import BatchNormalization, LayerNormalization
from dnn.nn.optimizers.accumulate import AccumulateGradients
from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.adamw import AdamW
from dnn.nn.optimizers.average import AverageWeights
from dnn.nn.optimizers.clip import ClipGradients
from dnn.nn.optimizers.rmsprop import RMSprop
from dnn.nn.optimizers.schedules import CosineDecay, ExponentialDecay, PiecewiseConstantDecay
from dnn.nn.optimizers.sgd import SGD
from dnn.testing.examples import BINARY_LOGITS, BINARY_TARGETS, LABELS, LOGITS, ONE_HOT
from dnn.testing.pieces import Activation, Layer, Loss, Metric, Optimizer, Score

TARGETS = (ONE_HOT, LOGITS)
BINARY = (BINARY_TARGETS, BINARY_LOGITS)
RANKED = (LABELS == 0, LOGITS[:, 0])
PREDICTED = (LABELS, LOGITS.argmax(axis=1))

COSINE, EXPONENTIAL = CosineDecay(0.1, 8), ExponentialDecay(0.1, 2, 0.5)
PIECEWISE = PiecewiseConstantDecay([1], [0.1, 0.2])
SPARSE = losses.sparse_softmax_cross_entropy


def of_confusion(ratio):
    """precision, recall or f1 of the rows."""
    return lambda labels, predictions: ratio(metrics.confusion_matrix(labels, predictions, 3))


PIECES = MappingProxyType(
    {
        piece.name: piece
        for piece in (
            Activation("relu", activations.relu),
            Activation(
                "relu, leaky and bounded", functools.partial(activations.relu, negative_slope=0.1, max_value=6.0)
            ),
            Activation("leaky_relu", activations.leaky_relu),
            Activation("elu", activations.elu),
            Activation("selu", activations.selu),
            Activation("gelu", activations.gelu),
            Activation("gelu, approximate", functools.partial(activations.gelu, approximate=True)),
            Activation("sigmoid", activations.sigmoid),
            Activation("tanh", activations.tanh),
            Activation("softplus", activations.softplus),
            Activation("silu", activations.silu),
            Activation("softmax", softmax.softmax),
            Activation("log_softmax", softmax.log_softmax),
            Layer("maxout", lambda: activations.maxout, any_shape=True),
            Layer("Dense", lambda: Dense(4, 3, seed=1)),
            Layer("Dropout", lambda: Dropout(0.5), any_shape=True),
            Layer("BatchNormalization", lambda: BatchNormalization(4)),
            Layer("LayerNormalization", lambda: LayerNormalization(4)),
            Layer("mlp", lambda: mlp([4, 5, 3])),
            Layer("Sequential", lambda: Sequential([BatchNormalization(4), Dropout(0.25), Dense(4, 2)])),
            Loss("sparse_softmax_cross_entropy", SPARSE),
            Loss("sparse_softmax_cross_entropy, ignore_class", functools.partial(SPARSE, ignore_class=1)),
            Loss("sparse_softmax_cross_entropy, label_smoothing", functools.partial(SPARSE, label_smoothing=0.1)),
            Loss("softmax_cross_entropy", losses.softmax_cross_entropy, TARGETS),
            Loss("binary_cross_entropy", losses.binary_cross_entropy, BINARY),
            Loss("mean_squared_error", losses.mean_squared_error, TARGETS),
            Metric("accuracy", metrics.accuracy),
            Metric("accuracy of one-hot labels", metrics.accuracy, TARGETS),
            Metric("top_k_accuracy", functools.partial(metrics.top_k_accuracy, k=2)),
            Metric("binary_accuracy", metrics.binary_accuracy, BINARY),
            Optimizer("SGD", lambda parameters: SGD(parameters, 0.1)),
            Optimizer("SGD, nesterov", lambda parameters: SGD(parameters, PIECEWISE, momentum=0.9, nesterov=True)),
            Optimizer("RMSprop", lambda parameters: RMSprop(parameters, COSINE, momentum=0.9, centered=True)),
            Optimizer("Adam", lambda parameters: Adam(parameters, 0.1)),
            Optimizer("Adam, amsgrad", lambda parameters: Adam(parameters, EXPONENTIAL, amsgrad=True)),
            Optimizer("AdamW", lambda parameters: AdamW(parameters, 0.1, exclude_from_weight_decay=parameters[1:])),
            Optimizer(
                "ClipGradients, global", lambda parameters: ClipGradients(SGD(parameters, 0.1), global_clipnorm=0.5)
            ),
            Optimizer(
                "ClipGradients, clipvalue", lambda parameters: ClipGradients(SGD(parameters, 0.1), clipvalue=0.1)
            ),
            Optimizer(
                "AverageWeights", lambda parameters: AverageWeights(SGD(parameters, 0.1), ema_overwrite_frequency=2)
            ),
            Optimizer("AccumulateGradients", lambda parameters: AccumulateGradients(SGD(parameters, 0.1), 2)),
            Score("confusion_matrix", functools.partial(metrics.confusion_matrix, classes=3), PREDICTED),
            Score("precision", of_confusion(metrics.precision), PREDICTED),
            Score("recall", of_confusion(metrics.recall), PREDICTED),
            Score("f1", of_confusion(metrics.f1), PREDICTED),
            Score("roc_auc", ranking.roc_auc, RANKED),
            Score("average_precision", ranking.average_precision, RANKED),
            Score("log_loss", calibration.log_loss),
            Score("brier_score", calibration.brier_score),
            Score("expected_calibration_error", calibration.expected_calibration_error),
        )
    }
)
