"""The initializers: from one seed, Keras's weights bit for bit. What was drawn has no exact value."""

import keras
import numpy as np

import dnn
from conformance.measure import ulp
from conformance.piece import Part, Piece

INITIALIZERS = {
    "glorot_uniform": (dnn.glorot_uniform, keras.initializers.GlorotUniform),
    "glorot_normal": (dnn.glorot_normal, keras.initializers.GlorotNormal),
    "he_uniform": (dnn.he_uniform, keras.initializers.HeUniform),
    "he_normal": (dnn.he_normal, keras.initializers.HeNormal),
    "lecun_uniform": (dnn.lecun_uniform, keras.initializers.LecunUniform),
    "lecun_normal": (dnn.lecun_normal, keras.initializers.LecunNormal),
    "zeros": (dnn.zeros, lambda seed: keras.initializers.Zeros()),
    "constant(-2)": (dnn.constant(-2.0), lambda seed: keras.initializers.Constant(-2.0)),
}


def pieces() -> list[Piece]:
    return [_piece(name, dtype) for name in INITIALIZERS for dtype in ("float32", "float64", "bfloat16")]


def _piece(name: str, dtype: str) -> Piece:
    ours, keras_s = INITIALIZERS[name]
    return Piece(
        name,
        "ordinary",
        dtype,
        (Part("value", ulp),),
        draw=lambda random, chunk: (tuple(random.integers(1, 100, 2).tolist()), int(random.integers(0, 2**31 - 2))),
        ours=lambda shape, seed: (np.asarray(ours(shape, seed, dtype)),),
        keras_s=lambda shape, seed: (np.asarray(keras_s(seed=seed)(shape, dtype)),),
        exact=None,
    )
