"""The conformance table: every piece of `dnn` beside Keras and beside exact arithmetic, on the same drawn numbers.

`python -m benchmarks.conformance` measures it. The oracle, `exact.py`, knows neither library. A new piece gets an entry
in the module of its kind: `activations.py`, `losses.py`, `optimizers.py`, …
"""
