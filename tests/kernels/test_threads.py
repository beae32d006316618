"""The kernels give the same bits for every number of threads. It is fixed in a process, so another one is started."""

import os
import subprocess
import sys
from pathlib import Path

import kernel_bits
from needs_compiler import needs_compiler

import dnn.kernels
from dnn.ops.compiler import compiler

pytestmark = needs_compiler


def test_the_bits_do_not_depend_on_the_number_of_threads():
    ours = kernel_bits.bits()
    another = str(os.cpu_count() + 1)
    done = subprocess.run(
        [sys.executable, kernel_bits.__file__, another], capture_output=True, encoding="utf-8", timeout=300
    )
    assert done.stdout.splitlines() == ours, done.stderr[-6000:]


def test_a_thread_that_fails_or_does_not_start_ends_no_process(tmp_path):
    program, include = str(tmp_path / "program"), Path(dnn.kernels.__file__).parent
    flags = ["-std=c++17", "-O0", "-D_GNU_SOURCE", f"-I{include}", "-pthread"]
    source = Path(__file__).with_name("failing_threads.cc")
    subprocess.run([*compiler(), *flags, str(source), "-o", program, "-ldl"], check=True)
    said = {
        how: subprocess.run([program, how], capture_output=True, encoding="utf-8", timeout=60)
        for how in ("all", "none", "memory")
    }
    assert [done.returncode for done in said.values()] == [0, 0, 0], said
    assert said["none"].stdout == said["all"].stdout != ""
    assert said["memory"].stdout == "no memory"
