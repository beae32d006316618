"""The compiler of this machine, and the flags with which it compiles for the TensorFlow that is installed."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import tensorflow as tf

USUAL = ("c++", "g++", "clang++")

# No fused multiply-add unless it is written: each product and each sum is rounded, as the formula has them, whether the
# machine has the instruction or not. (A sum under `omp simd` still has the order of the machine's vectors.)
# No errno and no traps: nobody looks at them here, and for their sake GCC vectorises neither square roots nor choices.
# The pragma `omp simd`, which says of one loop that its sums may be reordered.
OURS = (
    "-O3",
    "-fPIC",
    "-shared",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fopenmp-simd",
    "-Wall",
)


def compiler() -> tuple[str, ...]:
    """The command of the C++ compiler: $CXX, which may hold arguments, else the first there is of c++, g++, clang++.

    Raises: RuntimeError if there is none.
    """
    wanted = _cxx()
    for name in wanted[:1] or USUAL:
        found = shutil.which(name)
        if found:
            return (os.path.abspath(found), *wanted[1:])
    missing = f"$CXX is {wanted[0]!r}, which is not there" if wanted else f"none of {', '.join(USUAL)} is there"
    raise RuntimeError(
        f"no C++ compiler: {missing}. Install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; "
        "macOS: xcode-select --install), or set CXX to its path"
    )


def _cxx() -> list[str]:
    try:
        return shlex.split(os.environ.get("CXX", ""))
    except ValueError as error:
        raise RuntimeError(f"$CXX is no command: {error} in {os.environ['CXX']!r}") from error


def identity() -> str:
    """The compiler's command, and what it says of itself. Raises: RuntimeError for no compiler, or one that fails."""
    return f"{shlex.join(compiler())}\n{_version_of(compiler())}"


def compiler_there() -> str | None:
    """The identity of the compiler, or None if there is none that works."""
    try:
        return identity()
    except RuntimeError:
        return None


def _version_of(command: tuple[str, ...]) -> str:
    asked = [*command, "--version"]
    try:
        return subprocess.run(asked, capture_output=True, encoding="utf-8", errors="replace", check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "")
        raise RuntimeError(f"the C++ compiler does not work: {error}\n{said}Set CXX to one that does") from error


def compile_flags() -> list[str]:
    """TensorFlow's own flags, its headers as those of a system, whose warnings are not shown; and ours.

    TensorFlow says which C++ it needs (2.21: C++17), which ABI of the standard library, and, for what Eigen aligns,
    a fixed number of bytes. So -march=native may be added.
    """
    theirs = [flag for flag in tf.sysconfig.get_compile_flags() if not flag.startswith("-I")]
    return ["-isystem", tf.sysconfig.get_include(), *theirs, *OURS]


def link_flags() -> list[str]:
    """TensorFlow's own; macOS must be told that what is missing is in the process already."""
    return [*tf.sysconfig.get_link_flags(), *(["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else [])]


def check_headers() -> None:
    """Raises: RuntimeError if TensorFlow's headers are not there."""
    include = tf.sysconfig.get_include()
    if not Path(include, "tensorflow/core/framework/op_kernel.h").is_file():
        raise RuntimeError(
            f"TensorFlow's C++ headers are missing: {include} has no tensorflow/core/framework/op_kernel.h. "
            "Install it whole: pip install --force-reinstall tensorflow"
        )


def tensorflow_version() -> str:
    """The version and the commit of TensorFlow: a library is for these alone."""
    return f"TensorFlow {tf.version.VERSION} {tf.version.GIT_VERSION}"
