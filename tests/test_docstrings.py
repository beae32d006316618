"""Every parameter of every public name is documented, in the form that editors and `help` and API pages can parse."""

import ast
import importlib
import logging
import textwrap
from pathlib import Path

import griffe
import pytest

import dnn

ROOT = Path(dnn.__file__).parent.parent
PACKAGE = griffe.load("dnn", search_paths=[ROOT], docstring_parser="google", allow_inspection=False)
INDEX = {**{name: dnn._MODULES[name] for name in dnn.__all__}}
for room in ("kernels", "ops", "testing", "typing"):
    module = importlib.import_module(f"dnn.{room}")
    INDEX |= {f"{room}.{name}": f"dnn.{room}" for name in module.__all__}


def definition(name: str) -> griffe.Object:
    """The function, class or constant behind a public name."""
    found = PACKAGE[f"{INDEX[name].removeprefix('dnn.')}.{name.rpartition('.')[2]}"]
    return found.final_target if found.is_alias else found


def callables(name: str):
    """(what it is called, its function, its docstring) of a function, or of a class and of its public methods."""
    found = definition(name)
    if found.is_function:
        yield name, found, found.docstring
    elif found.is_class:
        constructor = found.all_members.get("__init__")
        if constructor is not None and constructor.is_function:
            yield name, constructor, found.docstring
        for method in found.members.values():
            public = not method.name.startswith("_") or method.name == "__call__"
            if public and method.is_function and not described_by_a_base(found, method):
                yield f"{name}.{method.name}", method, method.docstring


def described_by_a_base(found: griffe.Class, method: griffe.Function) -> bool:
    """Whether a method without a docstring of its own has that of a base class."""
    bases = [base for base in found.mro() if method.name in base.members]
    return method.docstring is None and any(base.members[method.name].docstring for base in bases)


def sections(docstring: griffe.Docstring | None) -> dict[str, list]:
    return {} if docstring is None else {str(part.kind.value): part.value for part in docstring.parsed}


def raises(function: griffe.Function) -> bool:
    """Whether its own lines raise."""
    tree = ast.parse(textwrap.dedent(function.source))
    return any(isinstance(node, ast.Raise) and node.exc for node in ast.walk(tree))


@pytest.mark.parametrize("name", sorted(INDEX))
def test_a_public_name_tells_each_parameter_what_it_returns_and_what_it_raises(name, caplog):
    with caplog.at_level(logging.WARNING):
        for title, function, docstring in callables(name):
            told = sections(docstring)
            documented = [item.name.lstrip("*") for item in told.get("parameters", [])]
            parameters = [p.name.lstrip("*") for p in function.parameters if p.name not in ("self", "cls")]
            assert documented == parameters, title
            returns = None if function.returns is None else str(function.returns)
            if returns not in (None, "None", "NoReturn") and function.name != "__init__":
                assert "returns" in told or "yields" in told, f"{title} does not say what it returns"
            if raises(function):
                assert "raises" in told, f"{title} does not say what it raises"
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.parametrize("name", sorted(INDEX))
def test_a_public_name_is_annotated(name):
    for title, function, _ in callables(name):
        bare = [p.name for p in function.parameters if p.annotation is None and p.name not in ("self", "cls")]
        assert bare == [], title
        assert function.returns is not None or function.name == "__init__", title


def test_help_tells_what_a_learning_rate_is():
    assert "learning_rate:" in dnn.Adam.__doc__
    assert "beta_1:" in dnn.Adam.__doc__
