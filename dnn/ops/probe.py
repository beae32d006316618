"""A program for trial.py: it writes the list of TensorFlow's ops before a library is loaded, and after.

Arguments: the libraries of TensorFlow that it needs, the last of which has the C API. Input: the path of the library
and a byte 0, since a forked process may hold the input open; TensorFlow is loaded before it is read. Output: two
`OpList` as protobuf bytes, one after the other. An op that cannot be registered ends the process with a message.
"""

import ctypes
import os
import sys


class Buffer(ctypes.Structure):
    """TF_Buffer of TensorFlow's C API."""

    _fields_ = [("data", ctypes.c_void_p), ("length", ctypes.c_size_t), ("free", ctypes.c_void_p)]


def registered(tensorflow: ctypes.CDLL) -> bytes:
    tensorflow.TF_GetAllOpList.restype = ctypes.POINTER(Buffer)
    buffer = tensorflow.TF_GetAllOpList().contents
    return ctypes.string_at(buffer.data, buffer.length)


if __name__ == "__main__":
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the library itself prints must not stand among the ops
    tensorflow = [ctypes.CDLL(path, ctypes.RTLD_GLOBAL) for path in sys.argv[1:]][-1]
    before = registered(tensorflow)
    library = os.fsdecode(b"".join(iter(lambda: sys.stdin.buffer.read(1).rstrip(b"\0"), b"")))
    if not library:  # what was to be tried was not made
        os._exit(1)
    try:
        ctypes.CDLL(library)
    except OSError as error:
        sys.exit(str(error))
    output.write(before + registered(tensorflow))
    output.flush()
    os._exit(0)  # a failure when the library is unloaded does not matter: in use it never is
