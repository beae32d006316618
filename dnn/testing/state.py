"""Laws of what a piece remembers: in variables that its constructor makes, and that come back from a file."""

import tempfile
from pathlib import Path

import tensorflow as tf

from dnn.ops.comparing import assert_all_near, assert_near
from dnn.testing.examples import ROWS
from dnn.testing.law import law
from dnn.testing.pieces import Layer, OptimizerPiece, Piece


@law
def begins_the_same_each_time(piece: Piece) -> None:
    """Made twice, a piece begins with the same variables: their values come from a seed, and none is made later.

    A variable that is made by the first call is in no checkpoint before it, and makes a tf.function trace twice.
    """
    one, other = piece.fresh(), piece.fresh()
    if isinstance(piece, Layer | OptimizerPiece) and {id(v) for v in one.variables} & {id(v) for v in other.variables}:
        raise AssertionError("make gave the same object twice; it must give a new one, with new variables, each time")
    for index, (a, b) in enumerate(zip(one.variables, other.variables, strict=True)):
        assert_near(a, b, f"variable {index}, {a.name}, when made for the second time", ulps=0)
    before = {id(variable) for variable in one.variables}
    one(*piece.examples)
    later = [variable.name for variable in one.variables if id(variable) not in before]
    if later:
        raise AssertionError(f"the first call made variables, which belong in the constructor: {later}")


@law
def remembers_in_variables_alone(piece: Piece) -> None:
    """From the same variables the same call gives the same bits: no count in a Python number, no global generator."""
    module = piece.fresh()
    before = [variable.numpy() for variable in module.variables]
    expected = module(*piece.examples)
    for variable, value in zip(module.variables, before, strict=True):
        variable.assign(value)
    assert_all_near(module(*piece.examples), expected, "called a second time", ulps=0)


@law
def survives_a_checkpoint(piece: Piece) -> None:
    """A new one, with the checkpoint of an old one, has all its variables, and does next what the old one does next."""
    old, new = piece.fresh(), piece.fresh()
    for variable in old.trainable_variables:
        variable.assign_add(tf.fill(variable.shape, tf.cast(0.25, variable.dtype)))
    old(*piece.examples)
    with tempfile.TemporaryDirectory() as folder:
        path = tf.train.Checkpoint(piece=old).write(str(Path(folder, "checkpoint")))
        tf.train.Checkpoint(piece=new).read(path).assert_consumed()
    for index, (a, b) in enumerate(zip(new.variables, old.variables, strict=True)):
        assert_near(a, b, f"variable {index}, {b.name}, from the checkpoint", ulps=0)
    assert_all_near(new(*piece.examples), old(*piece.examples), "from the checkpoint", ulps=0)


@law
def survives_a_saved_model(piece: Piece) -> None:
    """A SavedModel of it, loaded again, gives what it gives, for any number of rows."""
    module = piece.fresh()
    module.serve = tf.function(module.__call__, input_signature=piece.specs())
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder)
        loaded = tf.saved_model.load(folder)
    for rows in (ROWS, 1):
        batch = [tf.constant(array[:rows]) for array in piece.examples]
        assert_all_near(loaded.serve(*batch), module(*batch), f"{rows} rows, loaded")
