"""Exercise 3: what the shift by the maximum is for."""

# The smallest whole number z at which exp(z) / (exp(z) + exp(0)) is NaN.
FIRST_NAN_IN_FLOAT32 = None  # replace None
FIRST_NAN_IN_FLOAT64 = None  # replace None

# A test in tests/nn/test_softmax.py that turns red when softmax has no shift: its name, "test_…".
RED_TEST = None  # replace None
