"""Look inside one training step: every number of it, the code that made it, and what it came from.

`operations.py` takes a model apart into functions of named tensors, `record.py` runs them and a real step beside them,
`slopes.py` checks the gradients by finite differences, and `step_page.py` writes it all as one page.
`graph_record.py` traces the step as `fit` does, compiles and measures it, and `graph_page.py` writes that.
"""

from dnn.lazy import import_when_used as _import_when_used

_import_when_used(__name__)
