"""A new activation takes the three edits that CONTRIBUTING.md tells, and is then held to all that the others are."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from modes import THOROUGH

import dnn

HOME = Path(dnn.__file__).parent.parent
FORMULA = '''

def relu6(x: tf.Tensor) -> tf.Tensor:
    """Return x where 0 < x < 6, 0 below and 6 above."""
    return relu(x, max_value=6.0)
'''
NAME = "from dnn.nn.activations import relu6 as relu6\n"
PROOF = """
CURVES["relu6"] = Curve(dnn.relu6, keras.activations.relu6, _leaky(0, 6), (0, 0, 6, 0))
"""
EDITS = {"dnn/nn/activations.py": FORMULA, "dnn/__init__.pyi": NAME, "benchmarks/conformance/activations.py": PROOF}

pytestmark = pytest.mark.skipif(
    not THOROUGH, reason="it runs pytest on copies of the project: HYPOTHESIS_PROFILE=thorough"
)


def run_tests_on(folder: Path, *edited: str) -> subprocess.CompletedProcess:
    """Run the tests of all pieces on a copy with these files edited."""
    for name in ("dnn", "benchmarks", "scripts", "tests"):
        shutil.copytree(HOME / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(HOME / name, folder)
    for name in edited:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(EDITS[name])
    run = {"cwd": folder, "env": os.environ | {"PYTHONPATH": str(folder)}, "capture_output": True, "encoding": "utf-8"}
    subprocess.run([sys.executable, "scripts/readme.py", "--only", "pieces"], check=True, **run)
    files = ("tests/test_contracts.py", "tests/benchmarks/test_conformance.py", "tests/test_readme.py")
    wanted = "relu6 or every_public or every_piece"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k", wanted]
    return subprocess.run(command, **run)


def test_three_edits_are_enough(tmp_path):
    done = run_tests_on(tmp_path, *EDITS)
    assert done.returncode == 0, done.stdout
    laws, exact = 5, 8  # of an activation at least; ordinary and extreme numbers of four dtypes
    passed = int(done.stdout.rpartition(" passed")[0].split()[-1])
    assert passed >= laws + exact + 4
    assert "`relu6`" in (tmp_path / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("forgotten", "failed", "told"),
    [
        ("dnn/__init__.pyi", "test_every_piece_is_public", "dnn/__init__.pyi"),
        ("benchmarks/conformance/activations.py", "test_every_public_piece_is_compared", "benchmarks/conformance/"),
    ],
)
def test_a_forgotten_edit_is_told(tmp_path, forgotten, failed, told):
    done = run_tests_on(
        tmp_path, *(name for name in EDITS if name not in (forgotten, "benchmarks/conformance/activations.py"))
    )
    assert done.returncode == 1
    assert failed in done.stdout
    assert told in done.stdout
