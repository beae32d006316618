"""Few rows are predicted in the thread of the caller, by one operation of TensorFlow's that calls the traced graph.

`tf.function` hands a call to another thread and waits for it, which takes longer than the arithmetic of a few rows; and
to match arguments, to look up what was captured and to convert an array take Python as long again. So what the
operation takes is put together once, and it is called as the generated functions of `tf.raw_ops` call it.
"""

import functools
import hashlib
import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.framework.function_pb2 import FunctionDef
from tensorflow.python import pywrap_tfe
from tensorflow.python.eager import context, core
from tensorflow.python.framework import ops

OPERATION = "StatefulPartitionedCall"
ALIGNED = 64  # bytes, to whose multiple the address of an array must be for a tensor to share it


class FewRows:
    """A traced prediction, to be called with arrays of few rows.

    The variables are inputs of the operation, which reads them in each call: they may be assigned at any time, in any
    thread. What TensorFlow prepares for a function, about 0.2 MB, it keeps until the process ends: so models with the
    same graph, of the same layers and widths, are called by one function.

    Args:
        function: The concrete function of one tensor, with one result, whose graph is plain and assigns nothing.
    """

    def __init__(self, function: Any) -> None:
        types = [[tensor.dtype.as_datatype_enum for tensor in part] for part in (function.inputs, function.outputs)]
        self.attributes = ("Tin", types[0], "Tout", types[1], "f", shared_function(function.function_def))
        self.captured, self.handle, self.device = function.captured_inputs, context.context()._handle, processor()
        self.one_row = OneRow()

    def __call__(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the logits of x, an array of the dtype of the graph's input, as `shared_tensor` takes it."""
        tensor = self.one_row.filled(x) if len(x) == 1 else ops.EagerTensor(x, self.device)
        try:
            (logits,) = pywrap_tfe.TFE_Py_Execute(
                self.handle, "", OPERATION, [tensor, *self.captured], self.attributes, 1
            )
        except core._NotOkStatusException as error:
            ops.raise_from_not_ok_status(error, None)
        result: npt.NDArray[Any] = logits._numpy_internal().copy()  # a model may give what it was given
        return result


class OneRow(threading.local):
    """Each thread's tensor of one row, whose memory is filled anew: to make a tensor takes longer than its products."""

    row: npt.NDArray[Any] | None = None
    tensor: Any = None

    def filled(self, x: npt.NDArray[Any]) -> tf.Tensor:
        """Return x, of one row, as a tensor until the next call of this thread."""
        if self.row is None or self.row.shape != x.shape:
            row = aligned_copy(x)
            tensor = ops.EagerTensor(row, processor())
            if tensor._numpy_internal().ctypes.data != row.ctypes.data:  # TensorFlow has copied it
                return tensor
            self.row, self.tensor = row, tensor
        self.row[...] = x
        return self.tensor


def shared_tensor(x: npt.NDArray[Any]) -> tf.Tensor:
    """Return an array as a tensor that shares its memory, if it is aligned: for what is done with it before it changes.

    `tf.constant` copies the array first, and what is not aligned twice.
    """
    return ops.EagerTensor(x, processor())


def copied_tensor(x: npt.NDArray[Any]) -> tf.Tensor:
    """Return what `tf.constant` does of an array, by one copy, which is aligned, so that the tensor shares it."""
    context.ensure_initialized()
    return ops.EagerTensor(aligned_copy(x), context.context().device_name)


def aligned_copy(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a copy whose memory a tensor shares."""
    memory = np.empty(x.nbytes + ALIGNED, np.uint8)
    first = -memory.ctypes.data % ALIGNED
    copy = memory[first : first + x.nbytes].view(x.dtype.newbyteorder("=")).reshape(x.shape)
    copy[...] = x
    return copy


def as_tensor(part: Any) -> tf.Tensor:
    """Return a tensor as it is, and an array as one that may share its memory until the call ends."""
    if isinstance(part, tf.Tensor):
        return part
    return shared_tensor(part) if isinstance(part, np.ndarray) else tf.convert_to_tensor(part)


@functools.cache
def processor() -> str:
    """Return the full name of the processor, by which TensorFlow need not look for it."""
    with tf.device("CPU:0"):
        return str(tf.constant(0).device)


def shared_function(definition: FunctionDef) -> bytes:
    """Register a function under a name that is made of its definition, the name aside, and return it."""
    shared = FunctionDef()
    shared.CopyFrom(definition)
    shared.signature.name = ""
    content = hashlib.sha256(shared.SerializeToString(deterministic=True)).hexdigest()
    shared.signature.name = f"dnn_few_rows_{content}"
    if not context.context().has_function(shared.signature.name):
        context.context().add_function_def(shared)
    return shared.signature.name.encode()
