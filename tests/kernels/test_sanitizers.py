"""AddressSanitizer and UndefinedBehaviorSanitizer find nothing in the kernels, whatever their input.

They see each kernel compiled once (WIDE in wide.h is empty under them), in scalar code. For AVX2 and AVX-512 it would
be the same code: GCC inserts the checks before it vectorizes, and they prevent vectors, also with -O3. So the vector
code is run as it is, beside memory that cannot be read.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from needs_compiler import needs_compiler

from dnn.ops.build import build
from dnn.ops.cache import cache_folder
from dnn.ops.compiler import compiler, source_of

pytestmark = needs_compiler

# Without the checks for null: with them GCC takes no function's address for a constant, as TensorFlow's headers want.
NULL = "-fno-sanitize=null,nonnull-attribute,returns-nonnull-attribute"
SANITIZE = ("-O0", "-fsanitize=address,undefined", NULL, "-fno-sanitize-recover=all")
FLAGS = (*SANITIZE, "-I../../dnn/kernels")
ALL_KERNELS = Path(__file__).with_name("all_kernels.cc")

OVERRUN = """
#include <cstdlib>
struct Overrun { Overrun() { volatile char* p = static_cast<char*>(malloc(8)); p[8] = 1; } } overrun;
"""


def sanitizer_libraries() -> list[str]:
    """Return libasan, to be loaded before Python, and libstdc++, whose exceptions it must find. Skip the test if they,
    or libubsan, with which the kernels are linked, are missing.
    """
    names = ("libasan.so", "libstdc++.so.6", "libubsan.so")
    ask = ([*compiler(), f"-print-file-name={name}"] for name in names)
    found = [subprocess.run(command, capture_output=True, encoding="utf-8").stdout.strip() for command in ask]
    missing = [name for name, path in zip(names, found, strict=True) if not Path(path).is_absolute()]
    if missing:
        pytest.skip(f"{compiler()[0]} has no {' and no '.join(missing)}, for the sanitizers")
    return found[:2]


def run(arguments):
    options = {"ASAN_OPTIONS": "detect_leaks=0", "LD_PRELOAD": " ".join(sanitizer_libraries())}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, encoding="utf-8", timeout=300, env={**os.environ, **options}
    )


def test_no_input_makes_a_kernel_overrun_its_memory():
    sanitizer_libraries()
    build(source_of(ALL_KERNELS, FLAGS), cache_folder(None))  # here: the compiler must not run under the sanitizers
    done = run([str(Path(__file__).with_name("bad_inputs.py")), str(ALL_KERNELS), *FLAGS])
    assert done.stdout.split() == ["done"], done.stderr[-6000:]
    assert done.returncode == 0


@pytest.mark.parametrize("name", ["libasan.so", "libubsan.so"])
def test_a_compiler_without_one_of_the_sanitizers_skips(name, tmp_path, monkeypatch):
    script = tmp_path / "compiler"
    script.write_text(
        f"#!/bin/sh\nname=${{1#-print-file-name=}}\n[ $name = {name} ] || name=/lib/$name\necho $name\n", "utf-8"
    )
    script.chmod(0o700)
    monkeypatch.setenv("CXX", str(script))
    with pytest.raises(pytest.skip.Exception, match=f"compiler has no {name}, for the sanitizers"):
        sanitizer_libraries()


def test_an_overrun_would_be_seen(tmp_path):
    source, library = tmp_path / "overrun.cc", tmp_path / "overrun.so"
    source.write_text(OVERRUN, "utf-8")
    subprocess.run([*compiler(), *SANITIZE, "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    done = run(["-c", f"import ctypes; ctypes.CDLL({str(library)!r})"])
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr or "runtime error: store to address" in done.stderr


def test_the_vector_code_reads_nothing_before_or_after_its_arrays():
    program = str(Path(__file__).with_name("guarded_memory.py"))
    done = subprocess.run([sys.executable, program], capture_output=True, encoding="utf-8", timeout=300)
    assert done.stdout.split() == ["guarded"], done.stderr[-6000:]
    assert done.returncode in (-signal.SIGSEGV, -signal.SIGBUS)  # by its last read
