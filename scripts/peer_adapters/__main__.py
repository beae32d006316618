"""Run the tests of one peer with its adapter, and write what became of them: ADAPTER FILE.json EXPRESSION.

scripts/peer_tests.py starts this in a process of its own.
"""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from scripts.peer_adapters.recording import Recording


def main(name: str, path: str, select: str) -> int:
    """Run them. Returns: pytest's exit code."""
    adapter = importlib.import_module(f"scripts.peer_adapters.{name}")
    files = [str(found) for module in adapter.MODULES if (found := installed(module)).exists()]
    options = ["-q", "--import-mode=importlib", "-p", "no:cacheprovider", "-c", "pytest.ini", "--rootdir=."]
    Path("pytest.ini").write_text("[pytest]\npython_files = *_test.py test_*.py\n", "utf-8")
    plugins = [adapter, Recording(adapter.DIFFERENCES, adapter.MISSING, Path(path))]
    wanted = " and ".join(f"({each})" for each in (adapter.SELECTED, select) if each)
    return int(pytest.main([*options, "-W", "ignore", "--tb=no", *files, "-k", wanted], plugins))


def installed(module: str) -> Path:
    """Return the path of a file of an installed package."""
    package, _, rest = module.partition("/")
    spec = find_spec(package)
    return Path(str(spec.origin)).parent / rest if spec else Path(module)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
