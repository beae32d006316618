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

COMPILED_OR_SAVED = ("one_trace_agrees", "xla_agrees", "survives_a_checkpoint", "survives_a_saved_model")
ONCE = ("xla_agrees", "survives_a_saved_model")  # for one piece of each kind: they take long

kept, once = 0, set()
for piece in PIECES.values():
    for law in laws(piece):
        new = law.__name__ in ONCE and (type(piece), law) not in once
        if law.__name__ not in COMPILED_OR_SAVED or new:
            law(piece)
            kept += not new
        if new:
            once.add((type(piece), law))
print(kept, len(once), sys.modules["keras"])
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


def test_laws_are_kept_with_keras_blocked():
    """All laws that compile nothing; of each kind, the first piece is also compiled by XLA and saved."""
    process = subprocess.run([sys.executable, "-c", WITHOUT_KERAS], capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr[-2000:]
    kept, once, keras = process.stdout.split()
    assert int(kept) > 3 * len(PIECES)
    assert int(once) == 5 + 4  # XLA compiles five kinds, of which four are saved
    assert keras == "None"
