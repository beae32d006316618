"""What optimizers refuse: each check returns what it checked, or says what was wanted and what it got."""

from collections.abc import Sequence

import tensorflow as tf


def checked_parameters(parameters: Sequence[tf.Variable]) -> tuple[tf.Variable, ...]:
    """Return the parameters. Raises: TypeError if they are not variables, ValueError for none, or one twice."""
    parameters = checked_variables(parameters, "parameters")
    if not parameters:
        raise ValueError("there are no parameters to train")
    for i, p in enumerate(parameters):
        if any(p is earlier for earlier in parameters[:i]):
            raise ValueError(f"parameters[{i}], {p.name}, is given twice")
    return parameters


def checked_variables(variables: Sequence[tf.Variable], name: str) -> tuple[tf.Variable, ...]:
    """Return the variables, if any. Raises: TypeError if they are not a sequence of variables."""
    if not isinstance(variables, Sequence) or not all(isinstance(v, tf.Variable) for v in variables):
        raise TypeError(f"{name} must be variables, such as model.trainable_variables, got {variables!r}")
    return tuple(variables)


def checked_gradients(gradients: Sequence[tf.Tensor | None], parameters: Sequence[tf.Variable]) -> list[tf.Tensor]:
    """Return one dense tensor for each parameter: IndexedSlices, as of tf.gather, are added up.

    Raises: ValueError for another number of gradients than of parameters, a None, another shape or another dtype.
    """
    gradients = list(gradients)
    if len(gradients) != len(parameters):
        raise ValueError(f"gradients must be one for each of {len(parameters)} parameters, got {len(gradients)}")
    for p, g in zip(parameters, gradients, strict=True):
        if g is None:
            raise ValueError(f"the loss does not depend on the parameter {p.name} of shape {p.shape}")
    dense = [tf.convert_to_tensor(g) for g in gradients]
    for i, (p, g) in enumerate(zip(parameters, dense, strict=True)):
        if g.dtype != p.dtype or not g.shape.is_compatible_with(p.shape):
            expected, got = (f"{v.dtype.name} of shape {v.shape}" for v in (p, g))
            raise ValueError(f"gradients[{i}] must be {expected}, as the parameter {p.name}, got {got}")
    return dense
