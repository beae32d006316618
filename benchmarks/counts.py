"""What a training step in graph mode does, counted, so that it is the same on every machine.

    python -m benchmarks.counts

The operations of a step by kind, as its trace has them, before TensorFlow's optimizer has seen it; the bytes that they
read and write, by `dnn.bench.traffic`; and, where Linux's `perf` can count them, the processor's instructions. Those of
a step of `MlpAdam`'s kernel are counted by valgrind, which runs them one by one, as on a processor with AVX2.
"""

import os
import platform

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

import dnn
import dnn.kernels
from benchmarks.questions.epoch import BATCH, SIZES
from benchmarks.step_limit import multiply_adds
from dnn.bench.markdown import table
from dnn.bench.traffic import PASSING, UNCOUNTED, traffic
from dnn.kernels.mlp_epoch import FLAGS
from dnn.ops.compiler import OUR_FLAGS, compiler
from dnn.train.epoch import train_step, training_program
from dnn.train.rows import Rows
from dnn.train.runtime import trace

PROGRAM = """
import sys, dnn, numpy as np
model = dnn.mlp({sizes}, seed=0)
x = np.random.default_rng(0).standard_normal(({rows}, {features}), np.float32)
dnn.fit(model, (x, np.arange({rows}, dtype=np.int32) % 2), loss=dnn.sparse_softmax_cross_entropy,
        optimizer=dnn.Adam(model.trainable_variables), batch_size={batch}, epochs=int(sys.argv[1]), jit_compile=False)
"""

AVX2 = ("-mavx2", "-mfma") if platform.machine() == "x86_64" else ()  # the widest vectors that valgrind knows
STEPS = """
#include <cstdint>
#include <cstdlib>
extern "C" double step_seconds(const int64_t*, int64_t, int64_t, int64_t, int64_t);
int main(int, char** arguments) {
  const int64_t widths[] = {WIDTHS};
  step_seconds(widths, sizeof widths / sizeof *widths, 1, atoi(arguments[1]), atoi(arguments[2]));
}
"""


def main() -> None:
    """Print the table, the bytes and the instructions."""
    kinds = operations()
    print(table(("operation", "in a step"), [(kind, str(count)) for kind, count in kinds.most_common()]))
    print(f"\nin all {kinds.total()} operations, {bytes_of_step() / 1e3:,.0f} kB, {told_instructions()}")
    if shutil.which("valgrind"):
        with tempfile.TemporaryDirectory() as folder:
            instructions = kernel_instructions(kernel_program(Path(folder), SIZES), BATCH)
        products = f"{multiply_adds(SIZES, BATCH):,} multiply-adds"
        print(f"\na step of MlpAdam's kernel: {instructions:,} instructions for {products}")


def parts(sizes: tuple[int, ...]) -> tuple[Any, Any, Any, tuple[Any, ...]]:
    """Return a model, its loss, optimizer and metrics: what `fit` has for the network of the question `epoch`."""
    model = dnn.mlp(sizes, seed=0)
    return model, dnn.sparse_softmax_cross_entropy, dnn.Adam(model.trainable_variables), (dnn.accuracy,)


def operations(sizes: tuple[int, ...] = SIZES, batch: int = BATCH) -> Counter[str]:
    """Return how many operations of each kind an iteration of a traced epoch's loop has, its functions' included.

    Those that only pass a tensor on, `dnn.bench.traffic.PASSING`, are not counted.
    """
    specs = Rows(tf.TensorSpec([4 * batch, sizes[0]]), tf.TensorSpec([4 * batch], tf.int32))
    graph = trace(training_program(*parts(sizes), batch, specs)).function.graph.as_graph_def()
    functions = {function.signature.name: function for function in graph.library.function}
    [loop] = [node for node in graph.node if node.op in ("While", "StatelessWhile")]

    def kinds(name: str) -> Iterator[str]:
        for node in functions[name].node_def:
            if node.op in UNCOUNTED:
                yield from kinds(node.attr["f"].func.name)
            elif node.op not in PASSING:
                yield node.op

    return Counter(kinds(loop.attr["body"].func.name))


def bytes_of_step(sizes: tuple[int, ...] = SIZES, batch: int = BATCH) -> int:
    """Return the bytes that a step on a batch, which is there already, reads and writes."""
    model, loss, optimizer, metrics = parts(sizes)
    specs = Rows(tf.TensorSpec([batch, sizes[0]]), tf.TensorSpec([batch], tf.int32))
    step = tf.function(partial(train_step, model, loss, optimizer, metrics), autograph=False)
    return traffic(step.get_concrete_function(specs, None), optimizer.variables)


def instructions_of_epochs(epochs: int, rows: int = 10_000) -> int | None:
    """Return the instructions of a process that trains so many epochs; None where they cannot be counted."""
    if not counted(["true"]):
        return None
    program = PROGRAM.format(sizes=SIZES, rows=rows, features=SIZES[0], batch=BATCH)
    return counted([sys.executable, "-c", program, str(epochs)])


def counted(command: list[str]) -> int | None:
    """Return the instructions of a command as perf counts them; None if there is no perf, or it may not count."""
    if not shutil.which("perf"):
        return None
    measured = ["perf", "stat", "-x", ";", "-e", "instructions:u", *command]
    found = re.search(r"^(\d+);", subprocess.run(measured, capture_output=True, encoding="utf-8").stderr, re.MULTILINE)
    return int(found[1]) if found else None


def told_instructions() -> str:
    """Return the instructions of a step, those of 21 epochs less those of one; or that they cannot be counted."""
    few, many = instructions_of_epochs(1), instructions_of_epochs(21)
    if few is None or many is None:
        return "instructions not counted: there is no perf, or this machine does not let it count them"
    return f"{(many - few) / (20 * 10_000 / BATCH):,.0f} instructions"


def kernel_program(folder: Path, widths: Sequence[int]) -> Path:
    """Compile a program that takes steps of the kernel; its arguments are the rows and how many."""
    main, program = folder / "main.cc", folder / "steps"
    main.write_text(STEPS.replace("WIDTHS", ", ".join(map(str, widths))), "utf-8")
    flags = [flag for flag in (*OUR_FLAGS, *FLAGS, *AVX2, "-std=c++17") if flag not in ("-shared", "-Wall")]
    include, source = Path(dnn.kernels.__file__).parent, Path(__file__).with_name("step_limit.cc")
    subprocess.run([*compiler(), *flags, f"-I{include}", str(source), str(main), "-o", str(program)], check=True)
    return program


def kernel_instructions(program: Path, rows: int) -> int:
    """Return the instructions of a step: those of two processes, of three steps and of one, apart."""
    one, three = (collected([str(program), str(rows), steps]) for steps in ("1", "3"))
    return (three - one) // 2


def collected(command: list[str]) -> int:
    """Return the instructions of a command as valgrind counts them.

    Raises:
        RuntimeError: If it does not.
    """
    counting = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    told = subprocess.run(counting, capture_output=True, encoding="utf-8").stderr
    if not (found := re.search(r"Collected : (\d+)", told)):
        raise RuntimeError(f"valgrind has counted nothing: {told}")
    return int(found[1])


if __name__ == "__main__":
    main()
