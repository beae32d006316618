"""Where and with what a measurement was made."""

import io
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import dnn
from benchmarks.contenders import cores
from benchmarks.load import average

PACKAGES = ("tensorflow", "keras", "torch", "jax", "jaxlib", "optax", "scikit-learn", "lightgbm", "numpy")
NUMBERS = {"family": "cpu family", "model": "model", "stepping": "stepping"}
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "XLA_FLAGS")


def machine() -> dict[str, Any]:
    """Return the processor, its caches and widest vectors, the cores, memory, system and load of this machine."""
    return {
        "processor": processor(),
        "caches": caches(),
        "vectors": vectors(),
        "cores": cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.platform(),
        "load_before": average(),
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
    return {"allowed": cores(), "set": variables(*THREAD_VARIABLES)}


def variables(*names: str) -> dict[str, str]:
    """Return those variables of the environment that are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


def print_any_sign() -> None:
    """Let a console without the sign "µ" show "?" instead of ending the work with an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def processor() -> str:
    """Return the name of the processor, which may be just its maker's, and its family, model and stepping."""
    named = of_processor("model name") or platform.processor() or platform.machine()
    numbers = [f"{name} {of_processor(key)}" for name, key in NUMBERS.items() if of_processor(key)]
    return f"{named} ({', '.join(numbers)})" if numbers else named


def of_processor(key: str) -> str:
    """Return what Linux says of the first core; an empty string where it says nothing."""
    path = Path("/proc/cpuinfo")
    found = re.search(rf"^(?:{key})\s*:\s*(.+)", path.read_text("utf-8"), re.MULTILINE) if path.exists() else None
    return found[1].strip() if found else ""


def caches() -> dict[str, str]:
    """Return the size of each cache that the first core uses, as Linux tells it."""
    found = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((index / name).read_text("utf-8").strip() for name in ("level", "type", "size"))
        found[f"L{level}{'' if kind == 'Unified' else kind[0].lower()}"] = size
    return found


def vectors() -> str:
    """Return the widest vectors of the processor that Linux tells of; an empty string elsewhere."""
    flags = set(of_processor("flags|Features").split())
    return next((flag for flag in ("avx512f", "avx2", "avx", "sve", "asimd", "sse2") if flag in flags), "")


def described(machine: Mapping[str, Any]) -> str:
    """Return the cores and the processor, with its vectors and caches where they were recorded."""
    more = [machine.get("vectors", ""), *(f"{name} {size}" for name, size in machine.get("caches", {}).items())]
    return f"{machine['cores']} cores of {', '.join([machine['processor'], *filter(None, more)])}"
