"""The loops of wide.h and product.h are vectorized by every compiler that is installed."""

import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import dnn.kernels
from dnn.ops.compiler import OUR_FLAGS

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="it looks for instructions of x86-64")

COMPILERS = pytest.mark.parametrize("compiler", ["g++", "clang++"])


def assembly(compiler, source, *more):
    """Return the assembly code of a source beside this file, for one width of vectors."""
    if not shutil.which(compiler):
        pytest.skip(f"there is no {compiler}")
    include = Path(dnn.kernels.__file__).parent
    flags = [flag for flag in OUR_FLAGS if flag != "-shared"]
    command = [compiler, *flags, *more, "-std=c++17", "-Werror", "-DONE_WIDTH", f"-I{include}", "-S", "-o", "-"]
    return subprocess.run(
        [*command, str(Path(__file__).with_name(source))], capture_output=True, encoding="utf-8", check=True
    ).stdout


@COMPILERS
def test_the_largest_number_is_looked_for_in_vectors(compiler):
    made = assembly(compiler, "largest.cc")
    assert re.search(r"\bmaxps\b", made)
    assert re.search(r"\bmaxpd\b", made)


@COMPILERS
def test_a_product_is_of_vectors_and_where_the_machine_can_without_a_rounding_between(compiler):
    made = assembly(compiler, "product.cc", "-ffp-contract=fast", "-mavx512f", "-mfma")
    for kind in "sd":
        for vector in ("xmm", "ymm", "zmm"):
            assert re.search(rf"\bvfmadd\w+p{kind}\b.*{vector}", made)
        assert not re.search(rf"\bv(mul|add)[ps]{kind}\b|\bvfmadd\w+s{kind}\b", made)


@COMPILERS
@pytest.mark.parametrize("real", ["float", "double"])
def test_gelu_and_the_losses_of_rows_side_by_side_are_of_vectors_alone(compiler, real):
    made = assembly(compiler, "vectors.cc", "-ffp-contract=fast", "-mavx512f", "-mfma", f"-DREAL={real}")
    for name in ("gelus", "losses"):
        code = made[made.index(f"\n{name}:") : made.index(f".size\t{name},")]
        assert re.search(r"\bvfn?m\w+p[sd]\b.*zmm", code)
        assert not re.search(r"\bv(fn?m\w+|mul|div|add|sub|u?comi)s[sd]\b", code), name
