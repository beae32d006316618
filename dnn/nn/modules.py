"""What a `tf.Module` contains: its variables in Keras's order, its parts by name, and the tree of them as text."""

import functools
import reprlib
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf


def weights(model: tf.Module) -> list[tf.Variable]:
    """Return the variables in the order of Keras's `get_weights`: kernel before bias, layer by layer.

    A module's own variables come first, in the order its constructor assigned them, trainable before non-trainable;
    then those of the modules in it. `model.variables` has the same ones with attributes sorted by name, bias first.

    Args:
        model: a layer, a `Sequential`, or any other `tf.Module`.

    Returns:
        Each variable once.

    Example:
        >>> [tuple(variable.shape) for variable in weights(dnn.mlp([51, 30, 2]))]
        [(51, 30), (30,), (30, 2), (2,)]
    """
    return once(_weights(model, frozenset()))


def _weights(module: tf.Module, above: frozenset[int]) -> Iterator[tf.Variable]:
    """Yield the variables; above: the ids of the modules that it is in, since a module may contain itself."""
    parts = [part for _, part in named_parts(module)]
    own = [part for part in parts if isinstance(part, tf.Variable)]
    yield from sorted(own, key=lambda variable: not variable.trainable)
    above |= {id(module)}
    for part in parts:
        if isinstance(part, tf.Module) and id(part) not in above:
            yield from _weights(part, above)


def get_weights(model: tf.Module) -> list[npt.NDArray[Any]]:
    """Return the values of `weights(model)`: those of Keras's `get_weights`, in its order.

    Args:
        model: a layer, a `Sequential`, or any other `tf.Module`.

    Returns:
        A copy of each variable: kernel, bias; gamma, beta, moving_mean, moving_variance; layer by layer.
    """
    return [variable.numpy().copy() for variable in weights(model)]


def set_weights(model: tf.Module, arrays: Sequence[npt.ArrayLike]) -> None:
    """Assign what `get_weights` returned, or Keras's of a model of the same layers.

    Args:
        model: a layer, a `Sequential`, or any other `tf.Module`.
        arrays: one for each variable, in the order of `weights(model)`, of its shape.

    Raises:
        ValueError: If there are more or fewer arrays than variables, or one has another shape. Then none is assigned.
    """
    variables, values = weights(model), [np.asarray(array) for array in arrays]
    expected, got = [tuple(v.shape) for v in variables], [value.shape for value in values]
    if expected != got:
        raise ValueError(f"arrays must have the shapes of the model's variables, {expected}, got {got}")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value.astype(variable.dtype.as_numpy_dtype))


def variable_paths(model: tf.Module) -> dict[str, tf.Variable]:
    """Return each variable by its path in the model, such as "layers/0/kernel"; one that is shared, by each of its own.

    Raises:
        ValueError: If two variables have one path, or attributes do not lead to one of `model.variables`.
    """
    paths: dict[str, tf.Variable] = {}
    for path, part in parts_by_path(model):
        if isinstance(part, tf.Variable) and paths.setdefault(path, part) is not part:
            raise ValueError(f"two variables have the path {path!r}: rename an attribute or a key")
    found = set(map(id, paths.values()))
    lost = [variable.name for variable in model.variables if id(variable) not in found]
    if lost:
        raise ValueError(f"no attribute, list, tuple or dict of the model leads to its variables {', '.join(lost)}")
    return paths


def parts_by_path(model: tf.Module) -> Iterator[tuple[str, tf.Module | tf.Variable]]:
    """Yield the modules and variables in a model by their paths, itself by ""; a shared one by each of its paths."""
    yield from _parts_below("", model, frozenset())


def _parts_below(path: str, part: Any, above: frozenset[int]) -> Iterator[tuple[str, tf.Module | tf.Variable]]:
    if isinstance(part, tf.Module) and id(part) not in above:
        yield path, part
        for name, value in vars(part).items():
            if not name.startswith("_self_"):
                yield from _parts_below(f"{path}/{name}" if path else name, value, above | {id(part)})
    elif isinstance(part, list | tuple):
        for index, item in enumerate(part):
            yield from _parts_below(f"{path}/{index}", item, above)
    elif isinstance(part, Mapping):
        for key, item in part.items():
            yield from _parts_below(f"{path}/{key}", item, above)
    elif isinstance(part, tf.Variable):
        yield path, part


def name_by_place(model: tf.Module) -> None:
    """Give each variable its path in the model as its name, "layers/0/kernel:0"; a shared one the first of its own."""
    first: dict[int, str] = {}
    for path, part in parts_by_path(model):
        if isinstance(part, tf.Variable) and hasattr(part, "_handle_name"):  # TensorFlow has no other way to name it
            part._handle_name = f"{first.setdefault(id(part), path)}:0"


def once(variables: Iterable[tf.Variable]) -> list[tf.Variable]:
    """Return each variable once, in the order of its first occurrence."""
    return list({id(variable): variable for variable in variables}.values())


def parameter_count(variables: Iterable[tf.Variable]) -> int:
    """Return the number of elements of all variables together, each counted once; 0 for one without a fixed shape."""
    return sum(variable.shape.num_elements() or 0 for variable in once(variables))


def named_parts(module: tf.Module) -> Iterator[tuple[str, Any]]:
    """Yield the name and value of each attribute; those of lists, tuples and dicts one by one, as `blocks[0]`."""
    for name, value in vars(module).items():
        if not name.startswith("_self_"):  # TensorFlow's own, for checkpoints
            yield from _flattened(name, value)


def _flattened(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _flattened(f"{name}[{index}]", item)
    elif isinstance(value, Mapping):
        for key in sorted(value):  # as tf.nest.flatten
            yield from _flattened(f"{name}[{key!r}]", value[key])
    else:
        yield name, value


def layer_line(layer: tf.Module, *settings: str) -> str:
    """Return `Type(settings, dtype, number of parameters)`, the text of a layer."""
    variables = once(layer.variables)
    dtypes = dict.fromkeys(variable.dtype.name for variable in variables)
    count = [counted_noun(parameter_count(variables), "parameter")] if variables else []
    return f"{type(layer).__name__}({', '.join([*settings, *dtypes, *count])})"


def tree(heading: str, parts: Iterable[tuple[str, Any]]) -> str:
    """Return the heading, and below it a line for each part, indented: `(name) part`."""
    lines = [f"({name}) {_part_text(part)}" for name, part in parts]
    return "\n".join([heading, *(textwrap.indent(line, "  ") for line in lines)])


def function_name(function: Callable[..., Any]) -> str:
    """Return a function's name, `name(settings)` of a partial; of another object its repr, or its type's name."""
    if isinstance(function, functools.partial):
        settings = [*map(repr, function.args), *(f"{name}={value!r}" for name, value in function.keywords.items())]
        return f"{function_name(function.func)}({', '.join(settings)})"
    if _is_plain(function) or isinstance(function, tf.Module):
        return type(function).__name__
    return getattr(function, "__name__", repr(function))


def counted_noun(number: int, noun: str) -> str:
    """Return `1 layer`, `2 layers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _part_text(part: Any) -> str:
    if isinstance(part, tf.Variable):
        return f"Variable({part.shape}, {part.dtype.name}{'' if part.trainable else ', not trainable'})"
    if isinstance(part, tf.Module):
        return _module_tree(part) if _is_plain(part) else repr(part)
    return function_name(part)


@reprlib.recursive_repr()  # a module may contain one that contains it
def _module_tree(module: tf.Module) -> str:
    """Return the tree of a user's own module, which has no repr of its own."""
    parts = [(name, part) for name, part in named_parts(module) if isinstance(part, tf.Variable | tf.Module)]
    return tree(layer_line(module), parts)


def _is_plain(value: Any) -> bool:
    """Whether its repr is Python's `<... object at 0x...>`."""
    return value.__class__.__repr__ is object.__repr__


def local_variable(variable: tf.Variable, device: int = 0) -> tf.Variable:
    """Return it, or what it is on a device of this process, by number, if it was made in the scope of a strategy."""
    return variable.values[device] if isinstance(variable, tf.distribute.DistributedValues) else variable


def whole_variable(variable: tf.Variable) -> tf.Variable:
    """Return what has this variable on one of its devices, if it was made in the scope of a strategy; else itself."""
    if isinstance(variable, tf.distribute.DistributedValues):
        return variable
    container = getattr(variable.handle, "_distributed_container", None)  # TensorFlow has no other way back
    whole = None if container is None else container()
    return variable if whole is None else whole
