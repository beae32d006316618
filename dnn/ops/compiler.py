"""The compiler of this machine, and the flags with which it compiles for the TensorFlow that is installed."""

import functools
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import tensorflow as tf

USUAL = ("c++", "g++", "clang++")

# No fused multiply-add unless it is written: the same bits on every machine, and the formula's.
# No errno and no traps: nobody looks at them here, and for their sake GCC vectorises neither square roots nor choices.
# The pragma `omp simd`, which says of one loop that its sums may be reordered.
OURS = (
    "-O3", "-fPIC", "-shared", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-Wall"
)  # fmt: skip


def compiler() -> tuple[str, ...]:
    """The command of the C++ compiler: $CXX, which may hold arguments, else the first there is of c++, g++, clang++.

    Raises: RuntimeError if there is none.
    """
    wanted = shlex.split(os.environ.get("CXX", ""))
    for name in wanted[:1] or USUAL:
        found = shutil.which(name)
        if found:
            return (found, *wanted[1:])
    missing = f"$CXX is {wanted[0]!r}, which is not there" if wanted else f"none of {', '.join(USUAL)} is there"
    raise RuntimeError(
        f"no C++ compiler: {missing}. Install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; "
        "macOS: xcode-select --install), or set CXX to its path"
    )


@functools.cache
def version_of(command: tuple[str, ...]) -> str:
    """What the compiler says of itself."""
    return subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout


def compile_flags() -> list[str]:
    """TensorFlow's own flags, its headers as those of a system, whose warnings are not shown; and ours.

    TensorFlow says which C++ it needs (2.21: C++17), which ABI of the standard library, and, for what Eigen aligns,
    a fixed number of bytes. So -march=native may be added.
    Raises: RuntimeError if the headers are not there.
    """
    include = tf.sysconfig.get_include()
    if not Path(include, "tensorflow/core/framework/op_kernel.h").is_file():
        raise RuntimeError(
            f"TensorFlow's C++ headers are missing: {include} has no tensorflow/core/framework/op_kernel.h. "
            "Install it whole: pip install --force-reinstall tensorflow"
        )
    theirs = [flag for flag in tf.sysconfig.get_compile_flags() if not flag.startswith("-I")]
    return ["-isystem", include, *theirs, *OURS]


def link_flags() -> list[str]:
    """TensorFlow's own; macOS must be told that what is missing is in the process already."""
    return [*tf.sysconfig.get_link_flags(), *(["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else [])]


def tensorflow_version() -> str:
    """The version and the commit of TensorFlow: a library is for these alone."""
    return f"TensorFlow {tf.version.VERSION} {tf.version.GIT_VERSION}"
