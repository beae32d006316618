"""A new piece takes the edits that CONTRIBUTING.md tells, and is then held to all that the others are."""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest
from modes import THOROUGH

import dnn

HOME = Path(dnn.__file__).parent.parent
ACTIVATION = '''

def relu6(x: TensorLike) -> tf.Tensor:
    """Compute x where 0 < x < 6, 0 below and 6 above.

    Args:
        x: float or integer, of any shape.

    Returns:
        A tensor of the shape and dtype of x.
    """
    return relu(x, max_value=6.0)
'''
CURVE = """
CURVES["relu6"] = Curve(dnn.relu6, keras.activations.relu6, _leaky(0, 6), (0, 0, 6, 0))
"""
LOSS = '''

def half_squared_error(targets: TensorLike, predictions: TensorLike) -> tf.Tensor:
    """Return Σ_j (y_j − p_j)² / 2 / outputs for each row.

    Args:
        targets: Numbers of any dtype [batch, outputs]; beside one output also [batch].
        predictions: What the model gives, float[batch, outputs].

    Returns:
        float32[batch], or float64 for float64 predictions.
    """
    targets, predictions, dtype = paired_outputs(targets, predictions, "predictions")
    return tf.cast(tf.reduce_mean(tf.square(targets - predictions), axis=-1) / 2, dtype)
'''
AMOUNT = """
AMOUNTS["half_squared_error"] = (
    dnn.half_squared_error,
    lambda y, p: keras.losses.mean_squared_error(y, p) / 2,
    lambda y, p: [result / 2 for result in _squared_exactly(y, p)],
)
"""
LAYER = '''

class Gain(tf.Module):
    """Multiply each feature by a learnt factor, at first 1.

    Args:
        size: number of features, > 0.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.gamma = tf.Variable(tf.ones(checked_size(size, "size")), name="gamma")

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return the products.

        Args:
            x: float[batch, size].

        Returns:
            A tensor of the shape and dtype of x.
        """
        x = checked_width(x, self.gamma.shape[0])
        return x * tf.cast(self.gamma, x.dtype)


from dnn.nn.argument_checks import checked_size, checked_width
'''
MAKER = """
from dnn.nn.layers import Gain

PIECES = MappingProxyType({**PIECES, "Gain": Layer("Gain", lambda: Gain(4))})
"""
PRODUCT = """

def _gain() -> Comparison:
    def draw(random: np.random.Generator, chunk: int) -> Arrays:
        return tuple(array_of(random.normal(size=shape), "float32") for shape in ((ROWS, FEATURES), (FEATURES,)))

    def ours(x: Array, gamma: Array) -> Arrays:
        layer = dnn.Gain(FEATURES)
        layer.gamma.assign(gamma)
        return [layer(x).numpy()]

    def exactly(x: Array, gamma: Array) -> Arrays:
        return [exact.exact(x) * exact.exact(gamma)]

    return Comparison("Gain", "ordinary", "float32", [Part("value", ulp, 0.5)], draw, ours, None, exactly)


_others = comparisons


def comparisons() -> list[Comparison]:
    return [*_others(), _gain()]
"""
EDITS = {
    "relu6": {
        "dnn/nn/activations.py": ACTIVATION,
        "dnn/__init__.pyi": "from dnn.nn.activations import relu6 as relu6\n",
        "benchmarks/conformance/activations.py": CURVE,
    },
    "half_squared_error": {
        "dnn/nn/regression_losses.py": LOSS,
        "dnn/__init__.pyi": "from dnn.nn.regression_losses import half_squared_error as half_squared_error\n",
        "benchmarks/conformance/losses.py": AMOUNT,
    },
    "Gain": {
        "dnn/nn/layers.py": LAYER,
        "dnn/__init__.pyi": "from dnn.nn.layers import Gain as Gain\n",
        "dnn/testing/catalogue.py": MAKER,
        "benchmarks/conformance/layers.py": PRODUCT,
    },
}
LEAST = {
    "relu6": 5 + 8,
    "half_squared_error": 8,
    "Gain": 10,
}  # laws, and comparisons: of relu6 with two kinds of numbers in four dtypes

pytestmark = pytest.mark.skipif(
    not THOROUGH, reason="it runs pytest on copies of the project: HYPOTHESIS_PROFILE=thorough"
)


def run_tests_on(folder: Path, piece: str, forgotten: Collection[str] = ()) -> subprocess.CompletedProcess:
    """Run the tests of all pieces on a copy with a new piece, but without some of its edits."""
    for name in ("dnn", "benchmarks", "docs", "scripts", "tests"):
        shutil.copytree(HOME / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(HOME / name, folder)
    for name, lines in EDITS[piece].items():
        if name not in forgotten:
            with (folder / name).open("a", encoding="utf-8") as file:
                file.write(lines)
    run = {"cwd": folder, "env": os.environ | {"PYTHONPATH": str(folder)}, "capture_output": True, "encoding": "utf-8"}
    subprocess.run([sys.executable, "scripts/readme.py", "--only", "pieces"], check=True, **run)
    files = [
        f"tests/{name}.py"
        for name in ("test_contracts", "benchmarks/test_conformance", "test_docs", "scripts/test_site")
    ]
    files += ["tests/test_docstrings.py"]
    chosen = f"{piece} or every_public or every_piece"
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k", chosen], **run)


@pytest.mark.parametrize("piece", EDITS)
def test_these_edits_are_enough(piece, tmp_path):
    done = run_tests_on(tmp_path, piece)
    assert done.returncode == 0, done.stdout
    passed = int(done.stdout.rpartition(" passed")[0].split()[-1])
    assert passed >= LEAST[piece] + 6  # two of its docstring, and the four of all pieces
    assert f"`{piece}`" in (tmp_path / "docs" / "guide.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("piece", "forgotten", "failed", "told"),
    [
        ("relu6", "dnn/__init__.pyi", "test_every_piece_is_public", "dnn/__init__.pyi"),
        ("relu6", "benchmarks/conformance/activations.py", "test_every_public_piece_is_compared", "benchmarks/conf"),
        ("Gain", "dnn/testing/catalogue.py", "test_every_public_piece_is_in_the_list", "dnn/testing/catalogue.py"),
    ],
)
def test_a_forgotten_edit_is_told(tmp_path, piece, forgotten, failed, told):
    done = run_tests_on(tmp_path, piece, {forgotten, "benchmarks/conformance/activations.py"})
    assert done.returncode == 1
    assert failed in done.stdout
    assert told in done.stdout
