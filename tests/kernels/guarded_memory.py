"""The kernels on arrays between pages that cannot be read: a program that test_sanitizers.py runs.

It covers the vector code, which no sanitizer sees, and the rest of a row after whole vectors. Only what the kernels
read is guarded; what they write is in TensorFlow's memory. It prints "guarded", and is then killed by its last read.
"""

import ctypes
import mmap
import resource

import numpy as np
import tensorflow as tf

from dnn.kernels import mlp_epoch
from dnn.kernels.compiled import compiled_ops

PAGE = mmap.PAGESIZE
ROWS = 16  # so that a matrix of any width ends with a page, and is aligned as TensorFlow wants a tensor
SIZES = (*range(1, 40), 63, 65, 127, 257, 1025)


def guarded(values, *, at_end: bool) -> np.ndarray:
    """Return the values right before a forbidden page, or right after one."""
    inner = -(-values.nbytes // PAGE) * PAGE
    memory = mmap.mmap(-1, inner + 2 * PAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in (address, address + PAGE + inner):
        assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), 0) == 0
    first = PAGE + (inner - values.nbytes if at_end else 0)
    array = np.frombuffer(memory, values.dtype, values.size, first).reshape(values.shape)
    array[...] = values
    return array


def shared(array) -> tf.Tensor:
    """Return a tensor in the array's own memory."""
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def cross_entropy(matrix, labels, **of):
    op = compiled_ops("softmax_cross_entropy.cc").dnn_softmax_cross_entropy
    same(op(labels=shared(guarded(labels, **of)), logits=shared(guarded(matrix, **of))), op(labels, matrix))


def normalization(matrix, **of):
    ops, ones = compiled_ops("layer_normalization.cc"), np.ones(matrix.shape[1], matrix.dtype)
    given = shared(guarded(matrix, **of)), *map(tf.constant, (ones, ones))
    y, statistics = ops.dnn_layer_normalization(*given, epsilon=0.1)
    same((y, statistics), ops.dnn_layer_normalization(matrix, ones, ones, epsilon=0.1))
    guards = shared(guarded(matrix, **of)), *given[:2], shared(guarded(statistics.numpy(), **of))
    same(ops.dnn_layer_normalization_grad(*guards), ops.dnn_layer_normalization_grad(matrix, matrix, ones, statistics))


def adam(matrix, **of):
    slots = matrix, matrix, matrix**2
    variables, usual = [tf.Variable(shared(guarded(values, **of))) for values in slots], [*map(tf.Variable, slots)]
    step(variables, shared(guarded(matrix, **of)))
    step(usual, tf.constant(matrix))
    same(variables, usual)


def epoch(matrix, labels, **of):
    """Train a network with as many features and as many classes as the matrix is wide. Its last bias and its slots
    are not guarded, since they would not be aligned as TensorFlow wants it.
    """
    rows = [matrix, labels.astype(np.int32), np.arange(ROWS, dtype=np.int32)[np.newaxis]]
    kernels = [matrix.T.copy(), matrix.T[:1].copy().ravel(), matrix]
    slots = [[*kernels, matrix[0]], [*kernels, matrix[0]], [*(kernel**2 for kernel in kernels), matrix[0] ** 2]]
    usual = epoch_of(*rows, [each for slot in slots for each in slot])
    guards = [each if each is slot[-1] else shared(guarded(each, **of)) for slot in slots for each in slot]
    values, sums = epoch_of(*(shared(guarded(each, **of)) for each in rows), guards)
    same([*values, sums], [*usual[0], usual[1]])


def epoch_of(x, labels, order, state):
    op = mlp_epoch.op_of(tf.as_dtype(x.dtype))
    return op(
        x=x,
        labels=labels,
        targets=np.float64([]),
        weights=np.float64([]),
        counted=np.array([], bool),
        order=order,
        seeds=np.int32([[7]]),
        dropout=np.float64([[0.3]]),
        epoch=1,
        t=np.int64(0),
        rates=np.full((1, 2), 0.1),
        constants=np.float64([0.9, 0.99, 0.1, 0.01, 1e-7]),
        factors=np.full((1, 4, 3), 0.1),
        state=state,
        batch_size=ROWS - 3,
        loss=0,
        method=0,
        activations=[5],
        slots=[0, 1],
        threads=1,
    )


def step(variables, g):
    p, m, v = ([variable.handle] for variable in variables)
    rule = np.array([0.1, 0.9, 0.99, 0.1, 0.01, 1e-7], g.dtype.as_numpy_dtype)
    t = tf.Variable(0, dtype=tf.int64)
    compiled_ops("fused_adam.cc").dnn_fused_adam(p=p, m=m, v=v, t=t.handle, g=[g], rule=rule)


def same(results, expected):
    for one, other in zip(results, expected, strict=True):
        np.testing.assert_array_equal(one, other)


random = np.random.default_rng(0)
for size in SIZES:
    for dtype in (np.float32, np.float64):
        matrix, labels = random.normal(size=(ROWS, size)).astype(dtype), random.integers(0, size, ROWS)
        for at_end in (False, True):
            cross_entropy(matrix, labels, at_end=at_end)
            normalization(matrix, at_end=at_end)
            adam(matrix, at_end=at_end)
            if size < 200:  # the time grows with the square
                epoch(matrix, labels, at_end=at_end)
print("guarded", flush=True)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core file
beyond = guarded(np.zeros(16, np.float32), at_end=True)
np.lib.stride_tricks.as_strided(beyond, [17]).sum()
print("and not killed")
