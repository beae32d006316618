"""Worked examples of custom ops, in Python and in C++, ready to use. README.md in this folder compares their speed.

A kernel in C++ is compiled when it is first called, by `dnn.ops.load`; importing this folder compiles nothing.
"""

from dnn.kernels.fused_adam import FusedAdam
from dnn.kernels.layer_normalization import FusedLayerNormalization, fused_layer_normalization
from dnn.kernels.mlp_adam import MlpAdam
from dnn.kernels.periodic_features import Periodic, periodic
from dnn.kernels.softmax_cross_entropy import fused_sparse_softmax_cross_entropy
from dnn.kernels.straight_through import straight_through_round, straight_through_sign

__all__ = [
    "FusedAdam",
    "FusedLayerNormalization",
    "MlpAdam",
    "Periodic",
    "fused_layer_normalization",
    "fused_sparse_softmax_cross_entropy",
    "periodic",
    "straight_through_round",
    "straight_through_sign",
]
