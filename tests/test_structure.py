"""The house: who may import whom, as drawn in docs/house.md (change both knowingly), and what holds in every file."""

import ast
import re
from pathlib import Path

import pytest

import dnn

HOUSE = Path(dnn.__file__).parent
MAY_IMPORT = {
    "files": {"lazy"},
    "data": {"control", "files", "lazy"},
    "nn": {"control", "files", "lazy"},
    # of kernels one by name, for epochs in C++
    "train": {"control", "files", "lazy", "nn"},
    # of train, what trains a baseline
    "report": {"control", "files", "lazy", "nn", "train"},
    "ops": set(),
    # nothing imports it
    "kernels": {"nn", "ops"},
    # of ops, how an op is called and compared; of data, the features that are checked
    "testing": {"data", "nn", "ops", "train"},
    # the same
    "bench": {"lazy", "ops", "train"},
    # nothing imports it
    "interop": {"nn"},
    # it joins them
    "estimator": {
        "classifier",
        "control",
        "data",
        "files",
        "lazy",
        "nn",
        "presets",
        "regressor",
        "report",
        "settings",
        "train",
    },
    # of data, how a cell became a feature; of dnn, its version; interop by name, for Keras
    "inspection": {"commands", "control", "data", "lazy", "nn", "pages", "train"},
    "explain_run": {"commands", "data", "estimator", "files", "inspection", "nn", "preparation", "report", "settings"},
    "classifier": {"data", "estimator", "nn", "report"},
    "regressor": {"data", "estimator", "nn", "report"},
    "settings": set(),
    "presets": set(),
    # without TensorFlow
    "early_checks": {"data", "files", "settings", "train"},
    "preparation": {"data", "early_checks", "estimator", "files", "settings"},
    "data_notes": {"control", "data", "preparation", "report", "settings"},
    "large_preparation": {"data", "early_checks", "preparation", "settings"},
    # and dnn.__version__
    "prepare_run": {
        "commands",
        "data",
        "data_notes",
        "files",
        "large_preparation",
        "preparation",
        "report",
        "settings",
    },
    "run_folder": {"data", "files", "settings", "train"},
    "cross_validation": {"data", "data_notes", "estimator", "preparation", "report", "settings", "training_run"},
    # and public names
    "training_run": {
        "baseline_run",
        "classifier",
        "cluster",
        "commands",
        "data",
        "data_notes",
        "early_checks",
        "estimator",
        "files",
        "helper_process",
        "preparation",
        "regressor",
        "report",
        "run_folder",
        "run_report",
        "settings",
        "streamed_run",
        "shared_run",
        "train",
    },
    # and dnn.__version__
    "streamed_run": {
        "classifier",
        "commands",
        "data",
        "data_notes",
        "estimator",
        "files",
        "preparation",
        "report",
        "run_folder",
        "settings",
        "shared_run",
        "train",
        "training_run",
    },
    "prediction_run": {"classifier", "data", "data_notes", "estimator", "nn", "report"},
    # it joins them
    "run_report": {"classifier", "data", "estimator", "files", "nn", "pages", "preparation"},
    # and public names
    "commands": {
        "bench",
        "classifier",
        "commands",
        "cross_validation",
        "data",
        "data_notes",
        "estimator",
        "explain_run",
        "files",
        "large_preparation",
        "prediction_run",
        "preparation",
        "prepare_run",
        "report",
        "run_folder",
        "run_report",
        "settings",
        "training_run",
    },
    "second_signal": set(),
    # without TensorFlow until it is called
    "cluster": set(),
    # another process, which has no TensorFlow
    "helper_process": set(),
    "baseline_run": {"data", "estimator", "helper_process", "preparation", "report", "settings"},
    "shared_run": {"cluster", "report", "settings", "train"},
    "startup": {"commands", "control", "second_signal"},
    "cli_ops": {"commands", "control", "new_op", "startup"},
    # and dnn.__version__
    "cli": {
        "cli_ops",
        "cli_options",
        "cluster",
        "commands",
        "control",
        "early_checks",
        "explain_run",
        "new_op",
        "presets",
        "settings",
        "startup",
    },
    "cli_options": {"control", "files", "presets"},
    # values it is handed; nothing of the loop
    "pages": {"control", "lazy", "nn"},
    "lazy": set(),
    "control": set(),
    "new_op": set(),
    "__main__": {"cli", "quick_end", "startup"},
    "quick_end": set(),
    "typing": {"nn", "train"},
    "__init__": {"control"},
}


def rooms_imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in nodes), "imports are absolute here"
    modules = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    modules += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names = [module.split(".") for module in modules if module.split(".")[0] == "dnn"]
    return {parts[1] if len(parts) > 1 else "commands" for parts in names}  # `from dnn import commands`


FILES = sorted(path for path in HOUSE.rglob("*.py") if "templates" not in path.parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_room_imports_only_what_the_map_allows(path):
    room = path.relative_to(HOUSE).parts[0].removesuffix(".py")
    assert rooms_imported_by(path) <= MAY_IMPORT[room] | {room}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_nothing_but_interop_imports_keras(path):
    if path.relative_to(HOUSE).parts[0] == "interop":
        return
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not re.search(r"\bkeras", " ".join(map(ast.unparse, imports)))


EVERY_FILE = sorted(
    path for room in ("benchmarks", "dnn", "scripts", "tests") for path in (HOUSE.parent / room).rglob("*.py")
)


def names_no_encoding(call: ast.Call) -> bool:
    """Whether it reads or writes text in the encoding of the machine, which is ASCII where LANG=C."""
    function = ast.unparse(call.func)
    name = function.rpartition(".")[2]
    options = {keyword.arg for keyword in call.keywords}
    constants = [str(argument.value) for argument in call.args if isinstance(argument, ast.Constant)]
    modes = [constant for constant in constants if set(constant) <= set("rwaxbt+")]
    is_file = (name == "open" and function not in ("os.open", "gzip.open", "archive.open")) or name == "TemporaryFile"
    text_file = is_file and "b" not in "".join(modes or ["rb" if name == "TemporaryFile" else "r"])
    text = {"read_text": not call.args, "write_text": len(call.args) < 2}.get(name, text_file)
    pipe = name in ("run", "Popen", "check_output") and bool({"text", "universal_newlines"} & options)
    return "encoding" not in options and (text or pipe)


def test_every_text_is_read_and_written_in_utf_8():
    trees = {path: ast.parse(path.read_text("utf-8")) for path in EVERY_FILE}
    calls = [(path, node) for path, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [f"{path}:{call.lineno}: {ast.unparse(call)}" for path, call in calls if names_no_encoding(call)] == []


ONE_NAME_TWICE = {
    "main": "dnn/__main__.py is what starts, and catches Ctrl-C before it imports the main of dnn/cli.py",
    "load": "dnn.load reads a model, as Keras does; dnn.ops.load a source, as torch.utils.cpp_extension does",
}


def test_a_function_or_a_class_has_its_name_for_itself():
    """So that a search for it is no guess: in the whole package, and a private one in its folder."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in FILES}
    files: dict[str, list[str]] = {}
    for path, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                name = f"{path.parent.name}/{node.name}" if node.name.startswith("_") else node.name
                files.setdefault(name, []).append(str(path.relative_to(HOUSE)))
    twice = {name: paths for name, paths in files.items() if len(paths) > 1}
    assert {name: paths for name, paths in twice.items() if name not in ONE_NAME_TWICE} == {}
    assert set(twice) == set(ONE_NAME_TWICE)


def test_ruff_has_one_version():
    """Of another one, `ruff format --check` may ask for another form."""
    files = (HOUSE.parent / "pyproject.toml", HOUSE.parent / ".pre-commit-config.yaml")
    versions = {version for file in files for version in re.findall(r'"ruff(.*?)"', file.read_text("utf-8"))}
    assert len(versions) == 1
    assert versions.pop().startswith("==")


def test_no_file_of_the_package_has_more_than_256_lines():
    lines = {str(path.relative_to(HOUSE)): path.read_text("utf-8").count("\n") for path in FILES}
    assert {path: count for path, count in lines.items() if count > 256} == {}
