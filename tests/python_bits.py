"""The hash of dnn.nn.random_bits in Python's own integers."""


def python_mixed(x):
    x = ((x ^ (x >> 16)) * 0x7FEB352D) % 2**32
    x = ((x ^ (x >> 15)) * 0x846CA68B) % 2**32
    return x ^ (x >> 16)


def python_hash(*words):
    value = 0
    for word in words:
        value = python_mixed(((value ^ (word % 2**32)) + 0x9E3779B9) % 2**32)
    return value
