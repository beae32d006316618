"""Build an op of your own in C++: source -> library -> functions. README.md in this folder has the steps.

    ops = dnn.ops.load("name.cc")          # compiles once, and loads: ops.name(...)
    @dnn.ops.gradient("Name")              # the function below is the op's gradient
    dnn.ops.carry("name.cc", "exported")   # copies the library into a SavedModel

This folder imports nothing from the rest of `dnn`. Worked examples are in `dnn.kernels`.
"""

from dnn.ops.gradients import gradient
from dnn.ops.loading import load
from dnn.ops.saved_model import carry

__all__ = ["carry", "gradient", "load"]
