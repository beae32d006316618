"""K networks of the same layers become one whose variables have an axis more, the members', in front.

A kernel [inputs, units] becomes [members, inputs, units]; what has an entry for each column, as a bias [units], becomes
[members, 1, units]; a scalar [members, 1, 1]. The formulas of the layers then broadcast: x · kernel + bias is a batched
product. So the classes of the layers stay, and no formula stands twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.nn.dropout import Dropout

PER_MEMBER = {Dropout: ("rate", "seed")}  # numbers that may differ from member to member


def stacked(parts: Sequence[Any]) -> Any:
    """Return one for several: modules attribute by attribute, lists item by item, variables along a new first axis.

    Args:
        parts: one of each member: modules of one class, variables of one shape, or equal values of any other kind.

    Raises:
        ValueError: If they are not alike. The message names what differs.
    """
    first = parts[0]
    if any(type(part) is not type(first) for part in parts):
        raise ValueError(f"members must be alike, got {type(first).__name__} and others")
    if isinstance(first, tf.Variable):
        return _stacked_variables(parts)
    if isinstance(first, tf.Module):
        return _with_attributes(first, _stacked_attributes(parts))
    if isinstance(first, list | tuple):
        if any(len(part) != len(first) for part in parts):
            raise ValueError("members must have the same number of layers")
        return _sequence(first, [stacked(items) for items in zip(*parts, strict=True)])
    if isinstance(first, Mapping):
        if any(part.keys() != first.keys() for part in parts):
            raise ValueError("members must have the same keys in their dicts")
        return {key: stacked([part[key] for part in parts]) for key in first}
    if any(part is not first and part != first for part in parts):
        raise ValueError(f"members must be alike, got {first!r} and others")
    return first


def member_of(part: Any, index: int, shapes: dict[int, tf.TensorShape]) -> Any:
    """Return what was stacked of one member: the inverse of `stacked`.

    Args:
        part: what `stacked` returned.
        index: of the member.
        shapes: of a member's variable, by the id of the stacked one.
    """
    if isinstance(part, tf.Variable):
        value = tf.reshape(part[index], shapes[id(part)])
        return tf.Variable(value, trainable=part.trainable, name=part.name.removesuffix(":0"))
    if isinstance(part, tf.Module):
        own = {name: member_of(value, index, shapes) for name, value in _attributes(part)}
        for name in PER_MEMBER.get(type(part), ()):
            own[name] = own[name] if np.ndim(own[name]) == 0 else own[name][index].item()
        return _with_attributes(part, own)
    if isinstance(part, Mapping):
        return {key: member_of(item, index, shapes) for key, item in part.items()}
    if isinstance(part, list | tuple):
        return _sequence(part, [member_of(item, index, shapes) for item in part])
    return part


def _stacked_variables(variables: Sequence[tf.Variable]) -> tf.Variable:
    first = variables[0]
    if any(v.shape != first.shape or v.dtype != first.dtype or v.trainable != first.trainable for v in variables):
        raise ValueError(f"members must be alike, got a {first.name.removesuffix(':0')} {first.shape} and others")
    values = tf.stack([tf.convert_to_tensor(variable) for variable in variables])
    rank, count = first.shape.rank, len(variables)
    shape = [count, *[1] * max(0, 2 - rank), *first.shape]
    return tf.Variable(tf.reshape(values, shape), trainable=first.trainable, name=first.name.removesuffix(":0"))


def _stacked_attributes(modules: Sequence[tf.Module]) -> dict[str, Any]:
    first = modules[0]
    own = {name: [vars(module).get(name) for module in modules] for name, _ in _attributes(first)}
    numbers = {name: own.pop(name) for name in PER_MEMBER.get(type(first), ())}
    arrays = {name: values[0] if len(set(values)) == 1 else np.array(values) for name, values in numbers.items()}
    return {name: stacked(values) for name, values in own.items()} | arrays


def _attributes(module: tf.Module) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that the module's own constructor made, not those of tf.Module's."""
    common = {*vars(tf.Module()), "_self_name_based_restores"}
    yield from ((name, value) for name, value in vars(module).items() if name not in common and "_self_" not in name)


def _with_attributes(module: tf.Module, attributes: dict[str, Any]) -> Any:
    """Return a module of the same class with these attributes, whose constructor is not called."""
    kind: Any = type(module)
    twin = kind.__new__(kind)
    tf.Module.__init__(twin)
    for name, value in attributes.items():
        setattr(twin, name, value)
    return twin


def _sequence(like: Any, items: list[Any]) -> list[Any] | tuple[Any, ...]:
    """Return a list or a tuple: TensorFlow's wrappers of those of a module cannot be called with items."""
    return items if isinstance(like, list) else tuple(items)
