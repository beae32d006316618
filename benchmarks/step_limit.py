"""How close a step of `MlpAdam` is to what one core can multiply and add: both are measured in one run.

    python -m benchmarks.step_limit
    python -m benchmarks.step_limit --vectors 256  # those of AVX2, on a machine that has wider ones

A step of a network with the widths w₀, w₁, … and n rows takes n Σ w_{l−1} w_l multiply-adds forward, as many for the
derivatives of the kernels, and n Σ w_{l−1} w_l without the first layer for those of the inputs. The limit is the time
of so many at the core's peak. The least of many repetitions counts, which a loaded machine disturbs least.
"""

import argparse
import ctypes
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import dnn.kernels
from benchmarks.machine import processor
from dnn.kernels.compiled import vector_flags
from dnn.kernels.mlp_epoch import FLAGS
from dnn.kernels.mlp_layers import ACTIVATIONS
from dnn.ops.compiler import OUR_FLAGS, compiler

NETWORKS = [((51, 30, 30, 2), "relu", 100), ((51, 30, 30, 2), "gelu", 100), ((784, 128, 10), "relu", 32)]
NETWORKS += [((51, 64, 64, 2), "relu", 256), ((784, 512, 512, 10), "relu", 128)]


FLAGS_OF = {"128": (), "256": ("-mavx2", "-mfma"), "512": ("-mavx512f", "-mfma")}  # by the bits of a vector


def library(folder: str, vectors: Sequence[str] | None = None) -> ctypes.CDLL:
    """Compile step_limit.cc into a folder, with the flags of the kernel; `vectors`: others than this machine's."""
    made, include = Path(folder, "step_limit.so"), Path(dnn.kernels.__file__).parent
    flags = [*OUR_FLAGS, *FLAGS, *(vector_flags() if vectors is None else vectors), "-std=c++17", f"-I{include}"]
    subprocess.run([*compiler(), *flags, str(Path(__file__).with_suffix(".cc")), "-o", str(made)], check=True)
    found = ctypes.CDLL(str(made))
    found.multiply_adds.restype = found.step_seconds.restype = ctypes.c_double
    return found


def multiply_adds(widths: Sequence[int], rows: int) -> int:
    """Return the multiply-adds of a step, without the padding of the kernel."""
    products = [a * b for a, b in pairwise(widths)]
    return rows * (3 * sum(products) - products[0])


def measured(
    found: ctypes.CDLL, widths: Sequence[int], activation: str, rows: int, repeats: int = 3000
) -> tuple[float, float]:
    """Return the seconds of a step, and those of its multiply-adds at the peak of this core, measured around it."""
    before = found.multiply_adds(ctypes.c_int64(repeats))
    number = next(number for number, each in enumerate(ACTIVATIONS) if getattr(each, "__name__", "") == activation)
    sizes = (ctypes.c_int64 * len(widths))(*widths)
    seconds = found.step_seconds(sizes, *map(ctypes.c_int64, (len(widths), number, rows, repeats)))
    peak = max(before, found.multiply_adds(ctypes.c_int64(repeats)))
    return seconds, multiply_adds(widths, rows) / peak


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", choices=FLAGS_OF, help="bits of the vectors to compile for; by default the widest")
    vectors = parser.parse_args().vectors
    with tempfile.TemporaryDirectory() as folder:
        found = library(folder, FLAGS_OF.get(vectors))
        print(f"{processor()}\n")
        print("| network | rows | a step, µs | its multiply-adds at the peak, µs | times |\n|---|---:|---:|---:|---:|")
        for widths, activation, rows in NETWORKS:
            seconds, limit = measured(
                found, widths, activation, rows, max(20, 300_000_000 // multiply_adds(widths, rows))
            )
            name = "-".join(map(str, widths))
            print(
                f"| {name}, {activation} | {rows} | {1e6 * seconds:.1f} | {1e6 * limit:.1f} | {seconds / limit:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
