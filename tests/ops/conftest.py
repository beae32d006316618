"""Fake compilers."""

from contextlib import nullcontext
from pathlib import Path

import pytest


@pytest.fixture
def fake_compiler(tmp_path, monkeypatch):
    """Make $CXX a script: `--version` prints a version, `-MM` lists the source and the header, `-nostdlib` does nothing
    (it is of an empty library), and otherwise the given lines run, with $out to write to. The result is not a library,
    and not tried as one.
    """
    monkeypatch.setattr("dnn.ops.build.trial", lambda: nullcontext(lambda *_: ("DnnTestPlusOne",)))

    def install(lines: str, version: str = "fake 1") -> None:
        script = f"""#!/bin/sh
[ "$1" = --version ] && echo "{version}" && exit
for word; do
  [ "$word" = -MM ] && echo "library: plus_one.cc one.h" && exit
  [ "$word" = -nostdlib ] && exit
  [ "$last" = -o ] && out=$word
  last=$word
done
{lines}
"""
        path = Path(tmp_path, "compiler")
        path.write_text(script, "utf-8")
        path.chmod(0o700)
        monkeypatch.setenv("CXX", str(path))

    return install
