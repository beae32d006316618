"""Files for the tests of dnn/data to read."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """One folder for all tests, since Hypothesis runs many examples in one; each test overwrites its own file."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def csv(tmp_path):
    """A CSV file with this content, strings written as UTF-8."""

    def write(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
