"""The whole article as one program: does this client hold a deposit?

    python scripts/bank_deposit.py [FILE.csv [TARGET]]

Without a file it learns from the embedded sample. The steps are the article's: preprocess, split, save as .npz,
a network with two hidden layers of 30, Adam on cross-entropy in batches, early stopping, test.
"""

import sys
import tempfile
from pathlib import Path

import dnn

path = sys.argv[1] if len(sys.argv) > 1 else dnn.sample_path()
target = sys.argv[2] if len(sys.argv) > 2 else "y"

# Read and split: each row goes to one part, and each part has the same share of deposits.
table = dnn.read_table(path)
train, validation, test = dnn.split(table, target, fractions=(0.8, 0.1, 0.1), seed=0)

# Preprocess: numbers to mean 0 and deviation 1, categories to one-hot, all learnt from the training rows.
features = dnn.Features(train.columns, scale=dnn.Standardize.learn)
labels = dnn.Labels(train.target)
folder = Path(tempfile.mkdtemp())
for name, part in {"train": train, "validation": validation, "test": test}.items():
    dnn.save_part(folder / f"{name}.npz", features(part.columns), labels(part.target))

# Load: float32[rows, width] and int32[rows].
width, classes = features.width, labels.classes
train, validation, test = (
    dnn.load_part(folder / f"{name}.npz", width=width, classes=classes) for name in ("train", "validation", "test")
)

# Learn: the weights of the epoch with the lowest validation loss are kept.
model = dnn.mlp([width, 30, 30, classes], activation=dnn.relu, seed=0)
loss = dnn.sparse_softmax_cross_entropy
history = dnn.fit(
    model,
    train,
    validation,
    loss=loss,
    optimizer=dnn.Adam(model.trainable_variables, learning_rate=1e-3),
    batch_size=100,
    epochs=100,
    early_stopping=dnn.EarlyStopping(patience=2, restore_best_weights=True),
    callbacks=[lambda record, history: print(record)],
)

# Test: on rows that nothing above has seen.
scores = dnn.evaluate(model, test, loss=loss)
print(f"best epoch {history.best_epoch}; test loss {scores['loss']:.4f}, test accuracy {scores['accuracy']:.1%}")
