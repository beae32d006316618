"""Python functions of tensors, traced into graphs, and how a graph is called with the least work between the calls."""

import functools
from collections.abc import Callable

import tensorflow as tf

ONE_THREAD = "SINGLE_THREADED_EXECUTOR"
KINDS = """
Abs Add AddN AddV2 ArgMax AssignAddVariableOp AssignSubVariableOp AssignVariableOp BiasAdd BiasAddGrad BroadcastTo Cast
ConcatV2 Const Elu EluGrad Equal Erf Erfc Exp ExpandDims Expm1 Fill Floor FloorDiv FloorMod GatherV2 Greater
GreaterEqual Identity IsFinite IsInf IsNan LeakyRelu LeakyReluGrad Less LessEqual Log Log1p LogicalAnd LogicalNot
LogicalOr MatMul Max Maximum Mean Min Minimum Mul MulNoNan Neg NoOp NotEqual OneHot OnesLike Pack Placeholder Pow
PreventGradient Prod Range ReadVariableOp RealDiv Reciprocal Relu Relu6 Relu6Grad ReluGrad Reshape Round Rsqrt RsqrtGrad
SelectV2 Shape Sigmoid SigmoidGrad Sign Slice Softmax Softplus SoftplusGrad Softsign SoftsignGrad Sqrt SqrtGrad Square
SquaredDifference Squeeze StatelessRandomGetKeyCounter StatelessRandomUniformFullIntV2 StatelessRandomUniformV2
StopGradient StridedSlice Sub Sum Tanh TanhGrad Tile Transpose Unpack ZerosLike
"""
OURS = "DnnFusedAdam DnnLayerNormalization DnnLayerNormalizationGrad DnnSoftmaxCrossEntropy"  # in dnn/ops
PLAIN = frozenset(f"{KINDS} {OURS}".split())  # they call no function and wait for none, and of them MatMul is the work


class Compiled:
    """A concrete function with one result, which cannot trace again.

    It is called flat, by its tensors and what it captured: to match arguments with its signature would take Python a
    tenth of a millisecond for a prediction, and more for an epoch.
    executor: TensorFlow's name of what runs its operations; "" is its default, which hands them to threads.
    """

    def __init__(self, function, executor: str = ""):
        self.function, self.executor = function, executor

    def __call__(self, *arguments) -> tf.Tensor:
        """arguments: tensors or arrays of the dtypes it was traced with, in tuples like those of the specs."""
        tensors = [tf.convert_to_tensor(part) for part in tf.nest.flatten(arguments) if part is not None]
        with tf.experimental.function_executor_type(self.executor):
            (result,) = self.function.inference_fn.call_flat(*tensors, *self.function.captured_inputs)
        return result

    def in_this_thread(self, x) -> tf.Tensor:
        """Of one array, as an operation that calls the function, which TensorFlow runs in the thread of the caller.

        Else it hands it to another and waits, which for a few rows takes longer than the rows. What it prepares, some
        0.1 MB for each function, it keeps until the process ends. For a graph that is plain.
        """
        arguments, (result,) = [tf.constant(x), *self.function.captured_inputs], self.function.outputs
        (result,) = tf.raw_ops.StatefulPartitionedCall(
            args=arguments, Tout=[result.dtype], f=self.function.inference_fn
        )
        return result

    def nodes(self) -> list:
        """The NodeDef of each operation in its graph, and in all the functions that it calls."""
        graph = self.function.graph.as_graph_def()
        return [*graph.node, *(node for called in graph.library.function for node in called.node_def)]

    def operations(self) -> list[str]:
        """The kind of each of its nodes."""
        return [node.op for node in self.nodes()]

    @functools.cached_property
    def beyond_plain(self) -> list[str]:
        """The kind of each operation that is not plain, and the devices, if they are not all the same one."""
        devices = {tensor.device for tensor in self.function.captured_inputs}
        named = {node.device for node in self.nodes() if node.device}
        kinds = [kind for kind in self.operations() if kind not in PLAIN]
        return kinds + sorted(devices | named if len(devices) > 1 or named else ())


def traced(function: Callable, *specs, jit_compile: bool = False, executor: str = "") -> Compiled:
    """The Python function of tensors, compiled for these tf.TensorSpecs.

    executor: ONE_THREAD is left, and TensorFlow's default taken, for a graph that is more than one loop of plain
    operations: of a function, a branch or another loop in it one thread may wait for itself, and a convolution, say,
    is faster by many.
    """
    with tf.experimental.function_executor_type(executor):
        compiled = Compiled(concrete(function, *specs, jit_compile=jit_compile), executor)
    if executor and compiled.beyond_plain != ["While"]:
        return traced(function, *specs, jit_compile=jit_compile)
    return compiled


def concrete(function: Callable, *specs, jit_compile: bool = False):
    """The function as a tf.types.experimental.ConcreteFunction, traced with AutoGraph only where it must be.

    AutoGraph, which rewrites the source of every function that is called, so that Python's own `if`, `for` and `len`
    may depend on tensors, takes 1.5 s of a first fit. This package does without; a model or a loss of the user's own
    that does not is traced again with it. Its variables must be there before, made by its constructor.
    """
    try:
        return tf.function(function, autograph=False, jit_compile=jit_compile).get_concrete_function(*specs)
    except (TypeError, NotImplementedError):  # what Python says of an `if`, a `len`, a `range` and an `int` of a tensor
        return tf.function(function, jit_compile=jit_compile).get_concrete_function(*specs)
