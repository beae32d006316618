"""The exercises of the tour: `answer` is the module beside a test, as you have edited it; with --solutions, ours."""

import importlib.util
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest

HERE = Path(__file__).parent


def pytest_addoption(parser):
    parser.addoption("--solutions", action="store_true", help="test the solutions instead of your answers")


@pytest.fixture(scope="module")
def answer(request):
    """test_neuron.py gets neuron.py."""
    folder = HERE.parent / "solutions" if request.config.getoption("--solutions") else HERE
    file = folder / f"{request.path.stem.removeprefix('test_')}.py"
    spec = importlib.util.spec_from_file_location(f"answer_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
