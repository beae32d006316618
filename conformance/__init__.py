"""The conformance table: every piece of `dnn` beside Keras and beside exact arithmetic, on the same drawn numbers.

`python scripts/conformance.py` makes the table. The oracles (`exact`) know neither library.
"""
