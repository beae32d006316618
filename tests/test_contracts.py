"""Every piece of the package keeps every law for its kind, also where keras cannot be imported."""

import subprocess
import sys

import pytest

import dnn
from dnn.testing import LAWS, PIECES, laws

CASES = [(name, law) for name, piece in PIECES.items() for law in laws(piece)]

ROOMS = ("activations", "calibration", "dropout", "layers", "losses", "metrics", "normalization", "ranking")
NO_PIECES = {"dense", "dropout", "layer_normalization", "weights", "Optimizer"}  # formulas, and one abstract

WITHOUT_KERAS = """
import sys
sys.modules["keras"] = None  # every import of it fails

from dnn.testing import PIECES, laws

kept = 0
for piece in PIECES.values():
    for law in laws(piece):
        if law.__module__ in ("dnn.testing.eager", "dnn.testing.refusals"):
            law(piece)
            kept += 1
print(kept, sys.modules["keras"])
"""


@pytest.mark.parametrize(("name", "law"), CASES)
def test_a_piece_keeps_the_law(name, law):
    law(PIECES[name])


def test_there_is_a_piece_of_every_kind():
    assert {type(piece) for piece in PIECES.values()} == set(LAWS)


def test_every_public_piece_is_in_the_list():
    public = {name: getattr(dnn, name) for name in dnn.__all__}
    pieces = {name for name, value in public.items() if value.__module__ in [f"dnn.nn.{room}" for room in ROOMS]}
    optimizers = {name for name, value in public.items() if isinstance(value, type) and hasattr(value, "apply")}
    assert len(optimizers) > 5
    assert (pieces | optimizers) - NO_PIECES <= {name.split(",")[0] for name in PIECES}


def test_the_laws_that_compile_nothing_are_kept_with_keras_blocked():
    process = subprocess.run([sys.executable, "-c", WITHOUT_KERAS], capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr[-2000:]
    kept, keras = process.stdout.split()
    assert int(kept) > 3 * len(PIECES)
    assert keras == "None"
