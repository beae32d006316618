"""The ops in C++ that the laws are tried with."""

from pathlib import Path

import pytest

from dnn.ops import load


@pytest.fixture(scope="session")  # a process can load ops of one name once, and may run a file in two parts
def relus():
    return load(Path(__file__).with_name("relus.cc"))
