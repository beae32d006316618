"""Laws of a piece that is written to a file: it comes back whole."""

import tempfile
from pathlib import Path

import tensorflow as tf

from dnn.testing.compiled import specs
from dnn.testing.examples import ROWS
from dnn.testing.law import law
from dnn.testing.modes import assert_all_near, assert_near


@law
def survives_a_checkpoint(piece):
    """A new one, with the checkpoint of an old one, has all its variables, and does next what the old one does next."""
    old, new = piece.fresh(), piece.fresh()
    for variable in old.trainable_variables:
        variable.assign_add(tf.fill(variable.shape, tf.cast(0.25, variable.dtype)))
    old(*piece.examples)
    with tempfile.TemporaryDirectory() as folder:
        path = tf.train.Checkpoint(piece=old).write(str(Path(folder, "checkpoint")))
        tf.train.Checkpoint(piece=new).read(path).assert_consumed()
    for place, (a, b) in enumerate(zip(new.variables, old.variables, strict=True)):
        assert_near(a, b, f"variable {place}, {b.name}, from the checkpoint", ulps=0)
    assert_all_near(new(*piece.examples), old(*piece.examples), "from the checkpoint", ulps=0)


@law
def survives_a_saved_model(piece):
    """A SavedModel of it, loaded again, gives what it gives, for any number of rows."""
    module = piece.fresh()
    module.serve = tf.function(module.__call__, input_signature=specs(piece))
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder)
        loaded = tf.saved_model.load(folder)
    for rows in (ROWS, 1):
        batch = [tf.constant(array[:rows]) for array in piece.examples]
        assert_all_near(loaded.serve(*batch), module(*batch), f"{rows} rows, loaded")
