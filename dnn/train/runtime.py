"""How a Python function of tensors is traced into a graph, run by one thread or by many, and found again."""

from __future__ import annotations

import functools
import gc
import itertools
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context, execute
from tensorflow.python.eager.polymorphic_function.atomic_function import InterpolateRuntimeError
from tensorflow.python.framework import kernels

from dnn.nn.training_calls import Calls
from dnn.train.eager import EagerFunction
from dnn.train.few_rows import FewRows, as_tensor
from dnn.train.workers import ALONE, Workers

KEPT = 8  # graphs of one kind that are kept for the next call; with them their models stay in memory
ONE_THREAD, MANY_THREADS = "SINGLE_THREADED_EXECUTOR", ""  # TensorFlow's names of what runs the operations of a graph
FEW = 2e6  # multiply-adds of a step, below which it takes longer to hand operations to threads than the threads save
OPERATIONS = """
Abs Add AddN AddV2 All ArgMax AssignAddVariableOp AssignSubVariableOp AssignVariableOp BatchMatMulV2 BiasAdd BiasAddGrad
Bitcast BitwiseXor BroadcastTo Cast ConcatV2 Const Cos Einsum Elu EluGrad Equal Erf Erfc Exp ExpandDims Expm1 Fill Floor
FloorDiv FloorMod GatherV2 Greater GreaterEqual Identity IsFinite IsInf IsNan LeakyRelu LeakyReluGrad Less LessEqual Log
Log1p LogicalAnd LogicalNot LogicalOr MatMul Max Maximum Mean Min Minimum Mul MulNoNan Neg NoOp NotEqual OneHot OnesLike
Pack Placeholder Pow PreventGradient Prod Range ReadVariableOp RealDiv Reciprocal Relu Relu6 Relu6Grad ReluGrad Reshape
RightShift Round Rsqrt RsqrtGrad SelectV2 Shape Sigmoid SigmoidGrad Sign Sin Slice Softmax Softplus SoftplusGrad
Softsign SoftsignGrad SplitV Sqrt SqrtGrad Square SquaredDifference Squeeze StatelessRandomGetKeyCounter
StatelessRandomUniformFullIntV2 StatelessRandomUniformV2 StopGradient StridedSlice Sub Sum Tanh TanhGrad Tile Transpose
Unpack ZerosLike
"""  # TensorFlow's own operations that call no function and wait for none; of them the products are the work
PLAIN = frozenset(OPERATIONS.split())

Traces = TypeVar("Traces", bound=Callable[..., Any])

_traces = itertools.count(1)


def kept(function: Traces) -> Traces:
    """Return a function that keeps its last results, and finds them again by the arguments.

    What was made while TensorFlow runs functions eagerly is found again while it does, and only then.
    """
    keeping = functools.lru_cache(maxsize=KEPT)(lambda eager, *arguments: function(*arguments))

    @functools.wraps(function)
    def found(*arguments: Any) -> Any:
        return keeping(tf.config.functions_run_eagerly(), *arguments)

    found.cache_info, found.cache_clear = keeping.cache_info, keeping.cache_clear  # type: ignore[attr-defined]
    return found  # type: ignore[return-value]


class Program(NamedTuple):
    """What to trace; two of the same objects are equal, so that the graph is found again.

    function: of the constants and then of tensors. specs: a tf.TensorSpec for each tensor, or tuples of them.
    one_thread: whether its steps are small, so that one thread is faster, if it can run them. workers: whose rows.
    """

    function: Callable[..., Any]
    constants: tuple[Any, ...]
    specs: tuple[Any, ...]
    one_thread: bool = False
    workers: Workers = ALONE


class Compiled:
    """A concrete function with one result, which cannot trace again.

    It is called flat, by its tensors and what it captured, as the generated functions of `tf.raw_ops` call theirs: to
    match arguments with its signature and to convert arrays would take Python a fifth of a millisecond, as long as
    several steps of a small network.
    """

    def __init__(self, function: Any, executor: str = MANY_THREADS):
        self.function, self.executor = function, executor
        self.training_calls: Calls = {}  # which layers were told, in this trace, that they are in training
        self.made_variables: list[tf.Variable] = []  # those of the model that did not exist before this trace

    def __call__(self, *arguments: Any) -> tf.Tensor:
        """Call it with tensors or arrays of the dtypes it was traced with, in tuples like those of the specs."""
        tensors = [as_tensor(part) for part in tf.nest.flatten(arguments) if part is not None]
        inputs = [*tensors, *(self._captured or self.function.captured_inputs)]
        with InterpolateRuntimeError(self.function.inference_fn):
            (result,) = execute.execute(self._name, 1, inputs, self._options, context.context())
        return result

    @functools.cached_property
    def _name(self) -> str:
        return str(self.function.inference_fn.name.decode())

    @functools.cached_property
    def _captured(self) -> list[tf.Tensor]:
        """What it captured; nothing if something is captured anew for each call."""
        return [] if self.function.graph.deferred_external_captures else list(self.function.captured_inputs)

    @functools.cached_property
    def _options(self) -> tuple[Any, ...]:
        """What TensorFlow tells a function of how it runs, which executor first."""
        with tf.experimental.function_executor_type(self.executor):
            return tuple(itertools.chain(*context.context().function_call_options.as_attrs().items()))

    @functools.cached_property
    def few_rows(self) -> FewRows:
        """What calls it with one array of few rows in the thread of the caller, if it is plain and assigns nothing."""
        return FewRows(self.function)

    @functools.cached_property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's dtype of its first argument."""
        return np.dtype(self.function.inputs[0].dtype.as_numpy_dtype)

    @functools.cached_property
    def gives_rows(self) -> bool:
        """Whether its result is one tensor, [rows, outputs]."""
        result = self.function.structured_outputs
        return tf.is_tensor(result) and result.shape.rank == 2

    def nodes(self) -> list[Any]:
        """Return the NodeDef of each operation in its graph, and in all functions that it calls."""
        graph = self.function.graph.as_graph_def()
        return [*graph.node, *(node for called in graph.library.function for node in called.node_def)]

    def operations(self) -> list[str]:
        """Return the type of each operation."""
        return [node.op for node in self.nodes()]

    @functools.cached_property
    def assigns(self) -> bool:
        """Whether it changes variables."""
        return any(operation.startswith("Assign") for operation in self.operations())

    @functools.cached_property
    def numbers_of_a_row(self) -> int:
        """The most numbers that a tensor of it has for each row, members times units say; 1 where no shape tells."""
        outputs = (output for node in self.function.graph.get_operations() for output in node.outputs)
        shapes = (output.shape.as_list() for output in outputs if output.shape.rank)
        return max(
            (math.prod(n for n in shape if n is not None) for shape in shapes if shape.count(None) == 1), default=1
        )

    @functools.cached_property
    def not_plain(self) -> list[str]:
        """The type of each operation that is not plain, and the devices, if there is more than one.

        What is captured anew for each call, as a user's own graph may, is not plain either.
        """
        devices = {tensor.device for tensor in self.function.captured_inputs}
        nodes = self.nodes()
        named = {node.device for node in nodes if node.device}
        operations = [node.op for node in nodes if node.op not in PLAIN and not declares_one_thread(node)]
        operations += ["deferred capture" for _ in self.function.graph.deferred_external_captures]
        return operations + sorted(devices | named if len(devices) > 1 or named else ())


class Eager(Compiled):
    """What is called in place of a traced program, while TensorFlow runs functions eagerly."""

    def __init__(self, program: Program):
        super().__init__(EagerFunction(program))
        self.not_plain, self.numbers_of_a_row, self.assigns = ["eager"], 1, True

    def __call__(self, *arguments: Any) -> tf.Tensor:
        """Run it in Python."""
        return self.function(*arguments)

    def nodes(self) -> list[Any]:
        """Return nothing: there is no graph."""
        return []


def trace(program: Program, jit_compile: bool = False, *, autograph: bool = False) -> Compiled:
    """Trace the program's function for its specs, with AutoGraph only where it must be.

    AutoGraph, which rewrites the source of every function that is called, so that Python's own `if`, `for` and `len`
    may depend on tensors, takes 1.5 s of a first fit. This package does without; a user's model or loss that does not
    is traced again with it. Variables must exist before, made in a constructor.

    One thread runs a graph of plain operations, with one loop of such or none: a function, a branch or another loop in
    it could wait for that thread for ever, and a convolution, for example, is faster by many.

    A graph is full of reference cycles, which Python's collector finds late, since TensorFlow has so many objects. So
    every eighth time the graphs that were let go are collected here; else thirty models would leave some hundred MB.
    """
    if tf.config.functions_run_eagerly():
        return Eager(program)
    if next(_traces) % KEPT == 0:
        gc.collect()
    function = functools.partial(program.function, *program.constants)
    executor = ONE_THREAD if program.one_thread and not jit_compile else MANY_THREADS
    try:
        with tf.experimental.function_executor_type(executor):
            traced = tf.function(function, autograph=autograph, jit_compile=jit_compile)
            compiled = Compiled(traced.get_concrete_function(*program.specs), executor)
    except (TypeError, NotImplementedError):  # what Python says of an `if`, a `len`, a `range` and an `int` of a tensor
        if autograph:
            raise
        return trace(program, jit_compile, autograph=True)
    if executor == ONE_THREAD and compiled.not_plain not in ([], ["While"]):
        return trace(program._replace(one_thread=False), jit_compile)
    return compiled


def concrete_function(function: Callable[..., Any], *specs: Any, jit_compile: bool = False) -> Any:
    """Return the function of tensors as a tf.types.experimental.ConcreteFunction, traced as `trace` does."""
    return trace(Program(function, (), specs), jit_compile).function


def is_small(multiply_adds: float) -> bool:
    """Whether one thread runs a step of this size faster than many threads do."""
    return multiply_adds < FEW


def declares_one_thread(node: Any) -> bool:
    """Whether a user's own operation, of this NodeDef, says that one thread can run it.

    An operation in C++ says it by `.Attr("one_thread: bool = true")` in its declaration: its kernel is synchronous, and
    calls no function of the graph. Nothing else tells: an asynchronous kernel, which no declaration betrays, may hand
    its work to TensorFlow's threads, and on a machine with one core it would wait for ever for the one that it blocks.
    """
    return "one_thread" in node.attr and node.attr["one_thread"].b


def check_xla_kernels(function: Compiled) -> None:
    """Raise what XLA would of operations that it lacks, before XLA fills the log.

    Raises:
        tf.errors.UnimplementedError: If the function has operations without a kernel for XLA.
    """
    missing = [f"No registered '{operation}' OpKernel" for operation in operations_without_xla_kernel(function)]
    if missing:
        raise tf.errors.UnimplementedError(None, None, ", ".join(missing))


def missing_xla_kernels(error: tf.errors.OpError) -> list[str]:
    """Return the operations for which XLA had no kernel, as the error says; none if it failed for another reason."""
    return sorted(set(re.findall(r"No registered '(\w+)' OpKernel", error.message)))


def operations_without_xla_kernel(function: Compiled) -> list[str]:
    """The user's own operations in C++ without a kernel for XLA."""
    own = {operation for operation in function.operations() if not hasattr(tf.raw_ops, operation)}
    return [operation for operation in sorted(own) if not _has_xla_kernel(operation)]


def _has_xla_kernel(operation: str) -> bool:
    """Whether it has one, or no kernel at all, as a function has."""
    registered = kernels.get_registered_kernels_for_op(operation).kernel
    return not registered or any(kernel.device_type.startswith("XLA") for kernel in registered)
