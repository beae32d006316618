"""What each module inside a model returns, noted while the model is called.

For the time of a block, the class of each module gets a `__call__` that notes what the real one returns, and the plain
functions of a `Sequential` are put into ones that do. Then everything is as before. Only calls of this thread's own
modules are noted; for others nothing changes.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any, NamedTuple

import tensorflow as tf

from dnn.nn.layers import Sequential
from dnn.nn.modules import function_name, parts_by_path

HOOKING = threading.Lock()  # two at once would take off each other's hooks


class NotedOutput(NamedTuple):
    """What a module returned: its path in the model, such as "layers/0", its type or a function's name, the tensor."""

    path: str
    type: str
    value: tf.Tensor


@contextmanager
def noted_outputs(model: tf.Module) -> Iterator[list[NotedOutput]]:
    """Note, in the order of their ends, the calls of all modules in the model and of the functions of a `Sequential`.

    What a `tf.function` inside computes is not seen; what it returns is.
    """
    notes: list[NotedOutput] = []
    thread = threading.get_ident()
    parts = dict(reversed([(path, part) for path, part in parts_by_path(model) if isinstance(part, tf.Module)]))
    paths = {id(part): path for path, part in parts.items()}

    def note(path: str | None, kind: str, result: Any) -> None:
        if path is not None and threading.get_ident() == thread:
            floats = [
                each for each in tf.nest.flatten(result) if isinstance(each, tf.Tensor) and each.dtype.is_floating
            ]
            known = {id(each.value) for each in notes}  # what a part returned, which its container hands on
            new = (each for each in floats if id(each) not in known and not tf.is_symbolic_tensor(each))
            notes.extend(NotedOutput(path, kind, each) for each in new)

    with HOOKING, ExitStack() as stack:
        for owner in _owners(parts.values()):
            stack.callback(setattr, owner, "__call__", vars(owner)["__call__"])
            setattr(owner, "__call__", _noting_method(vars(owner)["__call__"], paths, note))  # noqa: B010
        for path, part in parts.items():
            if isinstance(part, Sequential):
                own: dict[str, Any] = part.__dict__
                stack.callback(own.__setitem__, "layers", own["layers"])
                below = f"{path}/layers" if path else "layers"
                layers = [_noting_layer(each, f"{below}/{i}", note) for i, each in enumerate(part.layers)]
                own["layers"] = tuple(layers)  # past tf.Module, which would track them
        yield notes


def _owners(modules: Any) -> list[type]:
    """Return the classes whose `__call__` the modules run, each once."""
    chains = (type(module).__mro__ for module in modules)
    return list(dict.fromkeys(owner for chain in chains for owner in chain if "__call__" in vars(owner)))


def _noting_method(method: Any, paths: dict[int, str], note: Callable[[str | None, str, Any], None]) -> Any:
    @wraps(method)  # so that whether it takes `training` can be seen still
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = method.__get__(self, type(self))(*args, **kwargs)
        note(paths.get(id(self)), type(self).__name__, result)
        return result

    return call


def _noting_layer(layer: Any, path: str, note: Callable[[str | None, str, Any], None]) -> Any:
    if isinstance(layer, tf.Module):
        return layer

    @wraps(layer)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = layer(*args, **kwargs)
        note(path, function_name(layer), result)
        return result

    return call
