"""Where and with what a measurement was made."""

import io
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import dnn
from benchmarks.contenders import cores

PACKAGES = ("tensorflow", "keras", "torch", "jax", "jaxlib", "optax", "scikit-learn", "numpy")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "XLA_FLAGS")


def machine() -> dict[str, Any]:
    """Return the processor, cores, memory, system and load of this machine."""
    return {
        "processor": processor(),
        "cores": cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.platform(),
        "load_before": os.getloadavg()[0],
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that are installed."""
    found = {"python": platform.python_version(), "dnn": dnn.__version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """Return the commit of the source, with -dirty behind it if files differ from it; None outside a git repository."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--match="]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, encoding="utf-8")
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None


def threads() -> dict[str, Any]:
    """Return how many threads are allowed, and what the environment sets.

    Each tool may use every core, and does by default, except those whose best count is searched for.
    """
    return {"allowed": cores(), "set": {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ}}


def print_any_sign() -> None:
    """Let a console without the sign "µ" show "?" instead of ending the work with an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def processor() -> str:
    """Return the name of the processor."""
    path = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.+)", path.read_text("utf-8")) if path.exists() else None
    return named[1] if named else platform.processor() or platform.machine()
