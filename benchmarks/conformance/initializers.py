"""The initializers: from one seed, Keras's weights bit for bit. What was drawn has no exact value.

A new one gets an entry in `INITIALIZERS`.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import dnn
from benchmarks.conformance.comparison import Comparison, Part
from benchmarks.conformance.measure import ulp

# ours, and what makes Keras's from a seed
INITIALIZERS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "glorot_uniform": (dnn.glorot_uniform, keras.initializers.GlorotUniform),
    "glorot_normal": (dnn.glorot_normal, keras.initializers.GlorotNormal),
    "he_uniform": (dnn.he_uniform, keras.initializers.HeUniform),
    "he_normal": (dnn.he_normal, keras.initializers.HeNormal),
    "lecun_uniform": (dnn.lecun_uniform, keras.initializers.LecunUniform),
    "lecun_normal": (dnn.lecun_normal, keras.initializers.LecunNormal),
    "random_normal": (dnn.random_normal, keras.initializers.RandomNormal),
    "random_uniform": (dnn.random_uniform, keras.initializers.RandomUniform),
    "truncated_normal": (dnn.truncated_normal, keras.initializers.TruncatedNormal),
    "orthogonal": (dnn.orthogonal, keras.initializers.Orthogonal),
    "zeros": (dnn.zeros, lambda seed: keras.initializers.Zeros()),
    "constant, -2": (dnn.constant(-2.0), lambda seed: keras.initializers.Constant(-2.0)),
}


NOT_OF_KERAS = {
    ("random_uniform", "float64"),  # Keras rounds the ends to float32
    ("orthogonal", "bfloat16"),  # Keras has no such matrix
}


def comparisons() -> list[Comparison]:
    """Return each initializer, of drawn shapes and seeds, in each dtype in which it is Keras's."""
    pairs = ((name, dtype) for name in INITIALIZERS for dtype in ("float32", "float64", "bfloat16"))
    return [_comparison(name, dtype) for name, dtype in pairs if (name, dtype) not in NOT_OF_KERAS]


def _comparison(name: str, dtype: str) -> Comparison:
    ours, keras_s = INITIALIZERS[name]
    return Comparison(
        name,
        "ordinary",
        dtype,
        (Part("value", ulp, bound=None, keras_bits=True),),
        draw=lambda random, chunk: (tuple(random.integers(1, 100, 2).tolist()), int(random.integers(0, 2**31 - 2))),
        ours=lambda shape, seed: (np.asarray(ours(shape, seed, dtype)),),
        keras_s=lambda shape, seed: (np.asarray(keras_s(seed=seed)(shape, dtype)),),
        exact=None,
    )
