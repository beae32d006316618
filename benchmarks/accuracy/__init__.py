"""Who predicts best? `dnn`, Keras, scikit-learn, gradient-boosted trees and TabM on the same rows of many tables.

`python -m benchmarks.accuracy` trains each method on each table for each seed, and appends one line to a results file
for each. Interrupted, it goes on where it stopped; two processes share the work.
"""
