"""The house: who may import whom, as drawn in docs/house.md (change both knowingly), and what holds in every file."""

import ast
import re
from pathlib import Path

import pytest

import dnn

HOUSE = Path(dnn.__file__).parent
MAY_IMPORT = {
    "data": {"control", "lazy"},
    "nn": {"control", "lazy"},
    "train": {"control", "lazy", "nn"},
    "report": {"control", "lazy", "nn", "train"},  # of train, what trains a baseline
    "ops": set(),
    "kernels": {"nn", "ops"},  # nothing imports it
    "testing": {"nn", "ops", "train"},  # of ops, how an op is called and compared
    "bench": {"lazy", "ops", "train"},  # the same
    "interop": {"nn"},  # nothing imports it
    "estimator": {"control", "data", "nn", "presets", "report", "settings", "train", "lazy"}
    | {"classifier", "regressor"},  # it joins them
    "inspection": {
        "commands",
        "control",
        "data",
        "lazy",
        "nn",
        "pages",
        "train",
    },  # of data, how a cell became a feature;
    # of dnn, its version; interop by name, for Keras
    "explain_run": {"commands", "data", "estimator", "inspection", "nn", "preparation", "report", "settings"},
    "classifier": {"data", "estimator", "nn", "report", "train"},
    "regressor": {"data", "estimator", "nn", "report", "train"},
    "settings": set(),
    "presets": set(),
    "early_checks": {"data", "nn", "report", "settings"},  # without TensorFlow
    "preparation": {"data", "early_checks", "estimator", "nn", "report", "settings"},
    "data_notes": {"control", "data", "preparation", "report", "settings"},
    "run_folder": {"nn", "report", "settings", "train"},
    "cross_validation": {"data", "data_notes", "estimator", "preparation", "report", "settings", "training_run"},
    "training_run": {"classifier", "commands", "data", "data_notes", "nn", "run_folder"}
    | {"early_checks", "estimator", "preparation", "regressor"}
    | {"report", "run_report", "settings", "train"},  # and public names
    "run_report": {"classifier", "data", "estimator", "nn", "pages", "preparation", "report"},  # it joins them
    "commands": {
        "bench",
        "classifier",
        "commands",
        "cross_validation",
        "data",
        "data_notes",
        "run_folder",
        "estimator",
        "explain_run",
        "nn",
        "preparation",
        "report",
    }
    | {"run_report", "settings", "training_run"},  # and public names
    "startup": {"commands", "control"},
    "cli_ops": {"commands", "control", "new_op", "startup"},
    "cli": {
        "control",
        "cli_ops",
        "cli_options",
        "commands",
        "early_checks",
        "new_op",
        "presets",
        "settings",
        "startup",
    },  # and dnn.__version__
    "cli_options": {"control", "presets"},
    "pages": {"control", "lazy", "nn"},  # values it is handed; nothing of the loop
    "lazy": set(),
    "control": set(),
    "new_op": set(),
    "__main__": {"cli", "startup"},
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
