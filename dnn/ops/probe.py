"""A program of its own, for trial.py: writes the list of TensorFlow's ops before a library is loaded, and after.

Arguments: the library, and the libraries of TensorFlow that it needs, the last of which has the C API. Output: two
`OpList` in the bytes of protobuf, one behind the other. An op that cannot be registered ends the process, and is told.
"""

import ctypes
import os
import sys


class Buffer(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("length", ctypes.c_size_t), ("free", ctypes.c_void_p)]


def registered(tensorflow: ctypes.CDLL) -> bytes:
    tensorflow.TF_GetAllOpList.restype = ctypes.POINTER(Buffer)
    buffer = tensorflow.TF_GetAllOpList().contents
    return ctypes.string_at(buffer.data, buffer.length)


if __name__ == "__main__":
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the library itself prints is not to stand among the ops
    tensorflow = [ctypes.CDLL(path, ctypes.RTLD_GLOBAL) for path in sys.argv[2:]][-1]
    before = registered(tensorflow)
    try:
        ctypes.CDLL(sys.argv[1])
    except OSError as error:
        sys.exit(str(error))
    output.write(before + registered(tensorflow))
    output.flush()
    os._exit(0)  # a library that fails when it is unloaded is none the worse for it: it never is
