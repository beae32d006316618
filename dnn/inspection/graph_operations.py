"""The operations of a traced training step, each with the line of the source that it comes from.

TensorFlow keeps for each operation the stack of Python calls that made it. The innermost call in this package, or in
the user's own files, is its line.
"""

import linecache
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import tensorflow as tf

from dnn.inspection.sources import HOUSE, is_source
from dnn.train.epoch import train_epoch, train_step
from dnn.train.runtime import Compiled

STEP = MappingProxyType({code.co_name: code.co_filename for code in (train_step.__code__, train_epoch.__code__)})
TAPE = "gradient_tape/"


class SourceLine(NamedTuple):
    """A line of the source; `path` is "" where an operation has none.

    is_gradient: whether what is meant is the gradient of this line, which TensorFlow made of its operations.
    """

    path: str
    number: int
    is_gradient: bool = False

    @property
    def file(self) -> str:
        """The file as the package or the user calls it."""
        path = Path(self.path)
        return path.relative_to(HOUSE.parent).as_posix() if HOUSE in path.parents else path.name

    @property
    def place(self) -> str:
        """The file and the line, for people."""
        return (
            f"{'gradient of ' if self.is_gradient else ''}{self.file}, line {self.number}" if self.path else "no line"
        )

    @property
    def text(self) -> str:
        """The line itself, without a comment behind it; nothing where there is no file."""
        return linecache.getline(self.path, self.number).strip().partition("  # ")[0]


class GraphOperation(NamedTuple):
    """An operation of the graph.

    function: the function of the graph in which it stands; "" for the step itself. line: what it comes from. stage: the
    line of `train_step` that was running. calls: the functions it calls, each after the name of its attribute: f, body.
    """

    name: str
    kind: str
    function: str
    line: SourceLine
    stage: SourceLine
    calls: tuple[tuple[str, str], ...] = ()

    @property
    def full_name(self) -> str:
        """Its name with that of its function."""
        return f"{self.function}:{self.name}" if self.function else self.name


NOWHERE = SourceLine("", 0)


def graph_operations(compiled: Compiled) -> list[GraphOperation]:
    """Return the operations of a graph and of all functions that it calls, each function once.

    The arguments of the step are operations too (Placeholder), those of the functions in it are not.

    Args:
        compiled: a traced step.

    Returns:
        The operations, the step's own first.
    """
    return [made for function, graph in _graphs(compiled) for made in _operations_in(function, graph)]


def _graphs(compiled: Compiled) -> Iterator[tuple[str, Any]]:
    """Yield the graph of the step, with "" as its name, and those of the functions that it calls."""
    top = compiled.function.graph
    found = {"": top}
    yield "", top
    waiting = [top]
    while waiting:
        graph = waiting.pop(0)
        for name in (name for operation in graph.get_operations() for _, name in _calls(operation)):
            if name not in found:
                found[name] = _function_graph(name, [graph, top])
                waiting.append(found[name])
                yield name, found[name]


def _calls(operation: Any) -> Iterator[tuple[str, str]]:
    """Yield the functions that an operation calls, each after the name of the attribute that names it."""
    for name, attribute in sorted(operation.node_def.attr.items()):
        if attribute.HasField("func"):
            yield name, attribute.func.name
        yield from ((name, function.name) for function in attribute.list.func)


def _function_graph(name: str, graphs: Iterable[Any]) -> Any:
    """Return the graph of a function: only its own one knows the stacks of its operations, not the protocol buffer.

    Raises:
        ValueError: If this TensorFlow does not give it: no public name does.
    """
    for graph in graphs:
        found: Any = getattr(graph, "_functions", {}).get(name)
        if found is not None:
            return found.graph
    raise ValueError(f"TensorFlow {tf.__version__} does not give the graph of the function {name}: leave out the graph")


def _operations_in(function: str, graph: Any) -> Iterator[GraphOperation]:
    arguments = {tensor.op.name for tensor in graph.inputs} if function else set()
    own = {operation.name: _place(operation) for operation in graph.get_operations()}
    for operation in graph.get_operations():
        if operation.name not in arguments:
            line, stage = own[operation.name]
            forward = own.get(_differentiated(operation.name, own), (NOWHERE, NOWHERE))[0]
            if forward.path and line == stage:  # a function of ours or the user's that gives a gradient has own lines
                line = forward._replace(is_gradient=True)
            yield GraphOperation(operation.name, operation.type, function, line, stage, (*_calls(operation),))


def _differentiated(name: str, names: Iterable[str]) -> str:
    """Return the operation whose gradient this one is a part of: TensorFlow names it gradient_tape/OPERATION/…"""
    parts = name.removeprefix(TAPE).split("/") if name.startswith(TAPE) else []
    prefixes = ("/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next((prefix for prefix in prefixes if prefix in names), "")


def _place(operation: Any) -> tuple[SourceLine, SourceLine]:
    """Return the innermost line, and that of `train_step`, in the stack of an operation."""
    frames = [frame for frame in reversed(operation.traceback or ()) if is_source(frame.filename)]
    in_step = (frame for frame in frames if STEP.get(frame.name) == frame.filename)
    innermost, stage = next(iter(frames), None), next(in_step, None)
    return _line_of(innermost), _line_of(stage)


def _line_of(frame: Any) -> SourceLine:
    return NOWHERE if frame is None else SourceLine(frame.filename, frame.lineno)
