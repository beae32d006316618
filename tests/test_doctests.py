"""The examples in the docstrings hold."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import dnn

MODULES = ["dnn", *(module.name for module in pkgutil.walk_packages(dnn.__path__, "dnn."))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_show(name):
    result = doctest.testmod(import_module(name), extraglobs={"dnn": dnn})
    assert result.failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [example for name in MODULES for test in finder.find(import_module(name)) for example in test.examples]
    assert len(examples) >= 3
