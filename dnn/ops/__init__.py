"""Custom ops: a formula of your own in Python, or in C++ that is compiled when it is first used. See README.md here.

    ops = dnn.ops.load("name.cc")          # compiles once, and loads: ops.name(...)
    @dnn.ops.gradient("Name")              # the function below is the op's gradient
    dnn.ops.carry("name.cc", "exported")   # puts the library into a SavedModel

This room imports nothing inside `dnn`, and nothing in `dnn` imports it: an op is used by passing it.
"""

from dnn.ops.gradients import gradient
from dnn.ops.library import load
from dnn.ops.saved_model import carry

__all__ = ["carry", "gradient", "load"]
