"""The kernels give the same bits for every number of threads. It is fixed in a process, so another one is started."""

import os
import subprocess
import sys

import kernel_bits
from needs_compiler import needs_compiler

pytestmark = needs_compiler


def test_the_bits_do_not_depend_on_the_number_of_threads():
    ours = kernel_bits.bits()
    another = str(os.cpu_count() + 1)
    done = subprocess.run(
        [sys.executable, kernel_bits.__file__, another], capture_output=True, encoding="utf-8", timeout=300
    )
    assert done.stdout.splitlines() == ours, done.stderr[-6000:]
