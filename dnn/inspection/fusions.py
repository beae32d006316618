"""What XLA makes of a training step: the kernels it compiles, and the operations that are fused in each.

XLA writes its optimized program as text (HLO). A fusion is one kernel for many operations: what is between them never
goes to memory.
"""

import functools
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from dnn.inspection.traced_step import TracedStep
from dnn.train.runtime import Program, operations_without_xla_kernel

HEADER = re.compile(r"^(?P<entry>ENTRY )?%?(?P<name>[^\s(]+) \(.*\{$")
INSTRUCTION = re.compile(
    r"^\s+(?:ROOT )?%?(?P<name>[^\s=]+) = (?P<shape>\((?:[^()]|\([^()]*\))*\)|\S+) (?P<opcode>[a-z][\w-]*)\("
)
CALLED = re.compile(r"\b(?:body|condition|to_apply|calls|\w+_computations?)=(\{[^}]*\}|%?[^\s,]+)")
OPERATION = re.compile(r'\bop_name="([^"]*)"')
FUSION_KIND = re.compile(r"\bkind=(\w+)")
PLACE = re.compile(r' (?:source_\w+|stack_frame_id)=(?:"[^"]*"|\d+)')  # in TensorFlow's own files, on this machine
RUNNING = frozenset({"while", "call", "conditional", "async-start"})  # whose computations hold kernels themselves
NO_KERNEL = frozenset({"parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all"}) | RUNNING


class Instruction(NamedTuple):
    """A line of HLO."""

    name: str
    shape: str
    opcode: str
    text: str

    @property
    def called(self) -> list[str]:
        """The computations that it names."""
        return [name.strip(" %") for found in CALLED.findall(self.text) for name in found.strip("{}").split(",")]

    @property
    def operations(self) -> list[str]:
        """The operations of TensorFlow's graph that it comes from: several if XLA saw that they are the same."""
        found = OPERATION.search(self.text)
        names = found[1].split(";") if found else []
        return [name for name in names if name != "XLA_Args"]


class Kernel(NamedTuple):
    """What XLA runs at once.

    kind: of a fusion, such as kLoop; else "". inside: how often each instruction stands in it. operations: those of
    TensorFlow's graph that are in it, by name. text: its HLO.
    """

    name: str
    opcode: str
    kind: str
    shape: str
    inside: Counter[str]
    operations: list[str]
    text: str


class XlaProgram(NamedTuple):
    """The kernels of a step in their order, or the reason why there are none.

    instructions_before: how many there were before XLA's optimizer, without parameters and constants.
    """

    kernels: list[Kernel]
    instructions_before: int
    reason: str = ""

    @property
    def fusions(self) -> list[Kernel]:
        """The kernels that are fusions."""
        return [kernel for kernel in self.kernels if kernel.opcode == "fusion"]


def xla_program(step: TracedStep) -> XlaProgram:
    """Compile a traced step with XLA, and return its kernels; nothing is run.

    Args:
        step: a traced step.

    Returns:
        The kernels, or the reason why XLA cannot compile the step.
    """
    missing = operations_without_xla_kernel(step.compiled)
    if missing:
        return XlaProgram([], 0, f"it has no kernel for {', '.join(missing)}, made in C++")
    try:
        before, after = _hlo(step.program, step.arguments)
    except (ValueError, TypeError, tf.errors.OpError) as error:
        return XlaProgram([], 0, f"it says: {str(error).strip().splitlines()[0].rstrip('.')}")
    instructions = [each for part in computations(before)[0].values() for each in part]
    return XlaProgram(kernels_of(after), sum(each.opcode not in ("parameter", "constant") for each in instructions))


def _hlo(program: Program, arguments: Sequence[Any], *, autograph: bool = False) -> tuple[str, str]:
    """Return the HLO of a program before and after XLA's optimizer.

    Traced as `trace` does for XLA, since TensorFlow makes other operations of loops and branches then.
    """
    function = functools.partial(program.function, *program.constants)
    try:
        text_at = tf.function(function, autograph=autograph, jit_compile=True).experimental_get_compiler_ir(*arguments)
        with warnings.catch_warnings():  # TensorFlow prefers platform_name, with which it moves its global generator
            warnings.filterwarnings("ignore", "device_name is being deprecated")
            before, after = (text_at(stage=stage, device_name=_device()) for stage in ("hlo", "optimized_hlo"))
        return before, after
    except (TypeError, NotImplementedError):  # as in `trace`
        if autograph:
            raise
        return _hlo(program, arguments, autograph=True)


def _device() -> str:
    """Return the name of the device where steps run."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return str(devices[0].name)


def computations(text: str) -> tuple[dict[str, list[Instruction]], str]:
    """Return the computations of a module of HLO by name, and the name of the first that runs.

    Args:
        text: the module.

    Returns:
        The instructions of each, and the entry's name.
    """
    found: dict[str, list[Instruction]] = {}
    entry = current = ""
    for line in PLACE.sub("", text).splitlines():
        header, instruction = HEADER.match(line), INSTRUCTION.match(line)
        if header:
            current = header["name"]
            entry = current if header["entry"] else entry
            found[current] = []
        elif instruction and current:
            found[current].append(
                Instruction(instruction["name"], instruction["shape"], instruction["opcode"], line.strip())
            )
    return found, entry


def kernels_of(text: str) -> list[Kernel]:
    """Return the kernels of a module of optimized HLO.

    Args:
        text: the module.

    Returns:
        The kernels of the entry, and of the loops and branches in it.
    """
    found, entry = computations(text)
    return [_kernel(each, found) for each in _running(found, entry) if each.opcode not in NO_KERNEL]


def _running(found: Mapping[str, Sequence[Instruction]], name: str) -> Iterator[Instruction]:
    for instruction in found[name]:
        yield instruction
        if instruction.opcode in RUNNING:
            for called in instruction.called:
                yield from _running(found, called)


def _kernel(instruction: Instruction, found: Mapping[str, Sequence[Instruction]]) -> Kernel:
    """Return a kernel, with the computations that it calls, such as the sum of a reduction in a fusion."""
    names = _called_below(instruction, found)
    inside = [each for name in names for each in found[name]]
    fused = [each for name in instruction.called for each in found[name]] if instruction.opcode == "fusion" else []
    kind = FUSION_KIND.search(instruction.text)
    operations = dict.fromkeys(name for each in (*inside, instruction) for name in each.operations)
    parts = [f"{name} {{\n" + "\n".join(f"  {each.text}" for each in found[name]) + "\n}" for name in names]
    return Kernel(
        instruction.name,
        instruction.opcode,
        kind[1] if kind else "",
        re.sub(r"/\*.*?\*/", "", instruction.shape),
        Counter(each.opcode for each in fused if each.opcode != "parameter"),
        [*operations],
        "\n\n".join([instruction.text, *parts]),
    )


def _called_below(instruction: Instruction, found: Mapping[str, Sequence[Instruction]]) -> list[str]:
    names: dict[str, None] = {}
    waiting = [instruction]
    while waiting:
        for name in waiting.pop(0).called:
            if name in found and name not in names:
                names[name] = None
                waiting += found[name]
    return [*names]
