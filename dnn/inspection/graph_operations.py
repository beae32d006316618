"""The operations of a traced training step, each with the line of the source that it comes from.

TensorFlow keeps for each operation the stack of Python calls that made it. The innermost call in this package, or in
the user's own files, is its line.
"""

import functools
import linecache
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from dnn.inspection.sources import HOUSE, INSPECTION, LIBRARIES
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
    line of `train_step` that was running.
    """

    name: str
    kind: str
    function: str
    line: SourceLine
    stage: SourceLine

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
        for name in _called_by(graph.get_operations()):
            if name not in found:
                found[name] = _function_graph(name, [graph, top])
                waiting.append(found[name])
                yield name, found[name]


def _called_by(operations: Iterable[Any]) -> Iterator[str]:
    """Yield the names of the functions that these operations call."""
    for operation in operations:
        for attribute in operation.node_def.attr.values():
            if attribute.HasField("func"):
                yield attribute.func.name
            yield from (function.name for function in attribute.list.func)


def _function_graph(name: str, graphs: Iterable[Any]) -> Any:
    """Return the graph of a function: only its own one knows the stacks of its operations, not the protocol buffer."""
    return next(graph._functions[name].graph for graph in graphs if name in graph._functions)


def _operations_in(function: str, graph: Any) -> Iterator[GraphOperation]:
    arguments = {tensor.op.name for tensor in graph.inputs} if function else set()
    own = {operation.name: _place(operation) for operation in graph.get_operations()}
    for operation in graph.get_operations():
        if operation.name not in arguments:
            line, stage = own[operation.name]
            forward = own.get(_differentiated(operation.name, own), (NOWHERE, NOWHERE))[0]
            if forward.path and line == stage:  # a function of ours or the user's that gives a gradient has own lines
                line = forward._replace(is_gradient=True)
            yield GraphOperation(operation.name, operation.type, function, line, stage)


def _differentiated(name: str, names: Iterable[str]) -> str:
    """Return the operation whose gradient this one is a part of: TensorFlow names it gradient_tape/OPERATION/…"""
    parts = name.removeprefix(TAPE).split("/") if name.startswith(TAPE) else []
    prefixes = ("/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next((prefix for prefix in prefixes if prefix in names), "")


def _place(operation: Any) -> tuple[SourceLine, SourceLine]:
    """Return the innermost line, and that of `train_step`, in the stack of an operation."""
    frames = [frame for frame in reversed(operation.traceback or ()) if _is_source(frame.filename)]
    in_step = (frame for frame in frames if STEP.get(frame.name) == frame.filename)
    innermost, stage = next(iter(frames), None), next(in_step, None)
    return _line_of(innermost), _line_of(stage)


def _line_of(frame: Any) -> SourceLine:
    return NOWHERE if frame is None else SourceLine(frame.filename, frame.lineno)


@functools.cache
def _is_source(name: str) -> bool:
    """Whether a file is of this package, its inspection left out, or of the user, and not of a library."""
    path = Path(name)
    if HOUSE in path.parents:
        return INSPECTION not in path.parents
    return path.is_absolute() and not name.startswith(LIBRARIES) and "site-packages" not in path.parts
