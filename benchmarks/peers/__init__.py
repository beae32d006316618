"""The same network, trained by each tool as its users would. Every file has one class, Trainer(job, **options), with

- learn(orders): an epoch in each of these orders of the rows, from the first weights; its mean loss and accuracy.
- epoch_seconds(epochs): of the median one of so many epochs in which nothing is traced or compiled any more.
- probabilities(rows): float[rows, classes] of the first rows. predict_seconds(rows, at_least): of one call.

Each tool runs in a process of its own, and is imported there alone.
"""
