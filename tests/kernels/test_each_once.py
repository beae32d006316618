"""Units of work are done once each, whatever the pool of threads does: it may be busy for ever."""

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest
from needs_compiler import needs_compiler

import dnn.kernels
from dnn.ops.compiler import OUR_FLAGS, compiler

pytestmark = needs_compiler


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made, include = tmp_path_factory.mktemp("each_once") / "each_once.so", Path(dnn.kernels.__file__).parent
    source = str(Path(__file__).with_name("each_once.cc"))
    command = [*compiler(), *OUR_FLAGS, "-std=c++17", "-pthread", f"-I{include}", source, "-o", str(made)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(made))


@pytest.mark.parametrize("pool", ["a thread for each", "at once, by the caller", "too late", "never"])
@pytest.mark.parametrize(("units", "threads"), [(0, 4), (1, 4), (7, 1), (7, 3), (1000, 8), (3, 100)])
def test_each_unit_is_done_once(library, pool, units, threads):
    counts, seen = np.zeros(units + 1, np.int64), np.zeros(threads, np.int64)
    places = [array.ctypes.data_as(ctypes.c_void_p) for array in (counts, seen)]
    number = ["a thread for each", "at once, by the caller", "too late", "never"].index(pool)
    library.each_once_in(ctypes.c_int64(units), ctypes.c_int64(threads), number, *places)
    assert counts.tolist() == [1] * units + [0]
    if pool in ("too late", "never"):
        assert not seen[1:].any()
