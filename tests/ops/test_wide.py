"""The vector code of wide.h: every compiler that is there makes it, of a loop that clang would not of itself."""

import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import dnn.ops.compiler
from dnn.ops.compiler import OURS

SOURCE = Path(__file__).with_name("largest.cc")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="it looks for instructions of x86-64")
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_the_largest_number_is_looked_for_in_vectors(compiler):
    if not shutil.which(compiler):
        pytest.skip(f"there is no {compiler}")
    include = Path(dnn.ops.compiler.__file__).parent
    flags = [flag for flag in OURS if flag != "-shared"]
    command = [compiler, *flags, "-std=c++17", "-Werror", "-DONE_WIDTH", f"-I{include}", "-S", str(SOURCE), "-o", "-"]
    assembly = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert re.search(r"\bmaxps\b", assembly)
    assert re.search(r"\bmaxpd\b", assembly)
