"""The public names are found without running anything: by an editor, by a type checker, by `dir`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import jedi
import mypy.api
import pytest

import dnn

ROOT = Path(dnn.__file__).parent.parent
PACKAGES = ("bench", "data", "interop", "kernels", "nn", "ops", "report", "testing", "train", "typing")


def test_every_name_exists():
    for name in (*dnn.__all__, *PACKAGES):
        assert getattr(dnn, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = dnn.nonsense


def test_an_editor_completes_every_name():
    completed = {name.name for name in jedi.Script("import dnn\ndnn.", project=jedi.Project(ROOT)).complete()}
    assert completed >= {*dnn.__all__, *PACKAGES, "__version__"}
    assert {*dir(dnn)} >= {*dnn.__all__, *PACKAGES, "__version__"}


WRONG_STRINGS = """
dnn.EarlyStopping(mode="best")
dnn.ReduceLROnPlateau(None, mode="best")
dnn.variance_scaling((1, 1), 0, mode="fan")
dnn.variance_scaling((1, 1), 0, distribution="normal")
dnn.fit(dnn.mlp([1, 1]), ([], []), loss=dnn.mean_squared_error, optimizer=dnn.SGD([]), jit_compile="always")
"""


@pytest.fixture(scope="module")
def told_by_mypy(tmp_path_factory):
    """What mypy says of a program that asks for the type of every name, and then passes strings that are not known."""
    program = tmp_path_factory.mktemp("mypy") / "program.py"
    lines = ["import dnn", *(f"reveal_type(dnn.{name})" for name in dnn.__all__)]
    program.write_text("\n".join([*lines, WRONG_STRINGS]), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        told, errors, _ = mypy.api.run(["--config-file", str(ROOT / "pyproject.toml"), str(program)])
    assert not errors
    return told.splitlines()


def test_a_type_checker_knows_the_type_of_every_name(told_by_mypy):
    revealed = [line.partition("Revealed type is ")[2] for line in told_by_mypy if "Revealed type" in line]
    assert len(revealed) == len(dnn.__all__), told_by_mypy
    assert [name for name, found in zip(dnn.__all__, revealed, strict=True) if found.strip('"') == "Any"] == []


def test_a_type_checker_knows_the_strings_that_an_argument_takes(told_by_mypy):
    errors = [line for line in told_by_mypy if ": error: " in line]
    assert len(errors) == 5
    assert all("Literal[" in line for line in errors)


def test_importing_the_package_waits_for_tensorflow_until_a_name_needs_it():
    program = (
        "import sys, dnn; print('tensorflow' in sys.modules, dnn.__version__ > '0', dnn.testing.check.__name__, "
        "'hypothesis' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", timeout=120)
    assert process.stdout.split() == ["False", "True", "check", "False"], process.stderr[-2000:]


def test_a_module_of_each_package_is_found_after_import_dnn_alone():
    """In one process: of a name that another has imported already, this shows less."""
    rooms = ("report", "train", "nn.scores", "nn.optimizers", "nn", "data", "bench")
    paths = {room: ROOT.joinpath("dnn", *room.split(".")).iterdir() for room in rooms}
    modules = [f"dnn.{room}.{path.stem}" for room in rooms for path in paths[room] if path.suffix == ".py"]
    modules = [module for module in modules if not module.endswith("__init__")]
    program = f"import dnn\nfor module in {modules}: assert eval(module).__name__ == module\ndnn.nn.nonsense"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", timeout=120)
    assert process.stderr.splitlines()[-1] == "AttributeError: module 'dnn.nn' has no attribute 'nonsense'"


def test_a_zip_that_was_not_installed_has_the_names_and_the_version(tmp_path):
    """Without the folder of installed packages (-S), which knows the version of what was installed."""
    path = shutil.make_archive(str(tmp_path / "dnn"), "zip", ROOT, "dnn")
    program = "import sys; sys.path[:0] = sys.argv[1:]; import dnn; print(dnn.__file__, dnn.__version__, *dnn.__all__)"
    command = [sys.executable, "-S", "-c", program, path]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, env=environment)
    assert process.stdout.split()[1:] == [dnn.__version__, *dnn.__all__], process.stderr[-2000:]
    assert process.stdout.startswith(path)
