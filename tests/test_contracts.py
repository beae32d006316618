"""Every piece of the package keeps every law for its kind, with every import of keras failing."""

import ast
import inspect
import sys
from pathlib import Path

import pytest

import dnn
from dnn.testing import LAWS, PIECES, laws

CASES = [(name, law) for name, piece in PIECES.items() for law in laws(piece)]
# modules of dnn.nn whose public functions and classes are pieces, and those of them that are not
ROOMS = (
    "activations",
    "softmax",
    "losses",
    "regression_losses",
    "focal_losses",
    "metrics",
    "layers",
    "mlp",
    "glu",
    "prelu",
    "dropout",
    "maxout",
    "normalization",
    "rms_normalization",
    "scores",
)
NO_PIECES = {
    "Optimizer": "abstract",
    "UndefinedMetricWarning": "a warning",
    "dense": "the formula of Dense",
    "dropout": "the formula of Dropout",
    "layer_normalization": "the formula of LayerNormalization",
    "prelu": "the formula of PReLU",
    "rms_normalization": "the formula of RMSNormalization",
}


@pytest.fixture(autouse=True)
def _without_keras(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)  # every import of it fails


@pytest.mark.parametrize(("name", "law"), CASES, ids=[f"{name}-{law.__name__}" for name, law in CASES])
def test_a_piece_keeps_the_law(name, law):
    law(PIECES[name])


def test_there_is_a_piece_of_every_kind():
    assert {type(piece) for piece in PIECES.values()} == set(LAWS)


def is_piece(value: object) -> bool:
    _, of_nn, room = getattr(value, "__module__", "").partition("dnn.nn.")
    return bool(of_nn) and (room.split(".")[0] in ROOMS or (inspect.isclass(value) and hasattr(value, "apply")))


def test_every_public_piece_is_in_the_list():
    """A public function of activations, losses and metrics is, by itself. All others join dnn/testing/catalogue.py."""
    public = {name for name in dnn.__all__ if is_piece(getattr(dnn, name))}
    assert public >= {"relu", "softmax", "maxout", "Dense", "accuracy", "Adam", "ClipGradients", "roc_auc_score"}
    assert public - {name.split(",")[0] for name in PIECES} == set(NO_PIECES)


def test_every_piece_is_public():
    """By a line in dnn/__init__.pyi."""
    assert {name.split(",")[0] for name in PIECES} <= set(dnn.__all__)


def test_nothing_reaches_keras_through_tensorflow():
    """tf.keras is keras, which was imported before the laws run."""
    for path in Path(dnn.__file__).parent.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        assert "keras" not in [node.attr for node in nodes if isinstance(node, ast.Attribute)], path
