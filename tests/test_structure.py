"""The house: who may import whom. The map is in docs/house.md; change both knowingly."""

import ast
from pathlib import Path

import pytest

import dnn

HOUSE = Path(dnn.__file__).parent
MAY_IMPORT = {
    "data": set(),
    "nn": set(),
    "train": {"nn"},
    "report": {"nn", "train"},  # of train, what trains a baseline
    "ops": set(),
    "kernels": {"nn", "ops"},  # nothing imports it
    "testing": {"nn", "ops", "train"},  # of ops, how an op is called and compared
    "bench": {"ops", "train"},  # the same
    "export": {"data", "nn"},  # it joins the two: the same features and model, in training and after
    "commands": {"bench", "data", "report", "settings", "commands"},  # and the public names
    "settings": set(),
    "startup": {"commands"},
    "cli": {"commands", "new_op", "settings", "startup"},  # and dnn.__version__
    "new_op": set(),
    "__main__": {"cli", "startup"},
    "typing": {"nn", "train"},
    "__init__": set(),
}


def rooms_imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
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
def test_nothing_imports_keras(path):
    nodes = ast.walk(ast.parse(path.read_text()))
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    assert "keras" not in " ".join(map(ast.unparse, imports))
