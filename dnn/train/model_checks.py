"""A model that would train other than its reader thinks is told before the first epoch.

What its graph computes with is compared with what the optimizer trains: variables that neither the model nor the
optimizer knows, variables that the first call made, and layers that are never told that they are in training. Freezing
variables on purpose, by an optimizer that does not have them, is no error.
"""

from collections.abc import Iterable, Mapping

import tensorflow as tf

from dnn.nn.layers import takes_training
from dnn.nn.modules import once, parts_by_path, whole_variable
from dnn.nn.normalization import BatchNormalization
from dnn.nn.protocols import OptimizerLike
from dnn.nn.training_calls import Calls
from dnn.train.runtime import Compiled

UNHIDE = "Make what holds it a tf.Module, and put that into the Sequential or into an attribute of the model"


def check_variables_are_known(
    model: tf.Module, optimizer: OptimizerLike, prediction: Compiled, *, restores: bool
) -> None:
    """Refuse a model whose graph has trainable variables that nobody trains or keeps.

    Args:
        prediction: the traced model.
        restores: whether the best weights are restored in the end, which are those of `model.variables`.

    Raises:
        ValueError: If a trainable variable in the graph is neither in `model.variables` nor in `optimizer.parameters`,
            or the model made one in its first call, after the optimizer was made; or if best weights are restored, and
            one is in `optimizer.parameters` alone. The message names each.
    """
    trained = set(map(id, optimizer.parameters))
    hidden = _not_in(model.variables, prediction.function.trainable_variables)
    unknown = [variable for variable in hidden if id(variable) not in trained]
    if unknown:
        raise ValueError(
            f"the model computes with {_listed(unknown)}, which is neither in model.variables nor in "
            f"optimizer.parameters, so it would never train: a lambda, a bound method or a plain object hides it. "
            f"{UNHIDE}; to freeze it, give the optimizer the other variables alone"
        )
    if hidden and restores:
        raise ValueError(
            f"the optimizer trains {_listed(hidden)}, which is not in model.variables, so early stopping would restore "
            f"the other weights of the best epoch without it, and no file of the model would have it. {UNHIDE}"
        )
    late = [v for v in prediction.made_variables if v.trainable and id(v) not in trained]
    if late:
        raise ValueError(
            f"the model made {_listed(late)} in its first call, when the optimizer existed already, so it would never "
            "train: make variables in the constructor, or call the model once before the optimizer is made"
        )


def check_training_variables(model: tf.Module, optimizer: OptimizerLike, training: Compiled) -> None:
    """Refuse a step with trainable variables that nobody trains, such as one of the loss.

    Args:
        training: the traced epoch.

    Raises:
        ValueError: If a trainable variable in it is neither in `model.variables` nor in `optimizer.parameters`.
    """
    unknown = _not_in([*model.variables, *optimizer.parameters], training.function.trainable_variables)
    if unknown:
        raise ValueError(
            f"a training step computes with {_listed(unknown)}, which is neither in model.variables nor in "
            "optimizer.parameters, so it would never train: the loss has it, or the model in training alone. Give it "
            "to the optimizer too, dnn.Adam([*model.trainable_variables, variable]), or make it with trainable=False"
        )


def check_told_of_training(model: tf.Module, optimizer: OptimizerLike, calls: Calls, in_prediction: Calls) -> None:
    """Refuse a model with a Dropout or BatchNormalization that is called in a training step without its key.

    Refused rather than warned of, because the fit would end well and be another one than the reader thinks. A frozen
    one passes: a BatchNormalization whose γ and β the optimizer does not have; of one without them, and of a Dropout,
    the variables of the module that it is in count. So does one that is called with training=False.

    Args:
        calls: as noted when a training step was traced.
        in_prediction: as noted when the model was traced for prediction. A `__call__` under `tf.function` that cannot
            be told of training was traced then once and for all, so a training step notes none of its calls.

    Raises:
        ValueError: If one is never told that it is in training, with its path in the model.
    """
    parts = dict(reversed([*parts_by_path(model)]))
    paths = {id(part): path for path, part in parts.items()}
    deaf = {key: call for key, call in in_prediction.items() if _cannot_be_told(paths.get(key, ""), parts)}
    untold = [layer for layer, told in {**deaf, **calls}.values() if not told]
    trained = set(map(id, optimizer.parameters))
    for layer in untold:
        path = paths.get(id(layer), "")
        if not _is_frozen(layer, path, parts, trained):
            raise ValueError(_lost_training(layer, path, model))


def _cannot_be_told(path: str, parts: Mapping[str, tf.Module | tf.Variable]) -> bool:
    """Whether the model, or a module that is called between it and what is at the path, takes no `training`."""
    names = path.split("/")
    above = (parts.get("/".join(names[:count])) for count in range(len(names)))
    return any(callable(module) and not takes_training(module) for module in above)


def _is_frozen(layer: tf.Module, path: str, parts: Mapping[str, tf.Module | tf.Variable], trained: set[int]) -> bool:
    """Whether the optimizer trains none of the layer's variables; without any, none of those of the module it is in."""
    variables = layer.trainable_variables
    while not variables and path:
        path = path.rpartition("/")[0]
        owner = parts.get(path)
        variables = owner.trainable_variables if isinstance(owner, tf.Module) else ()
    return bool(variables) and not any(id(variable) in trained for variable in variables)


def _lost_training(layer: tf.Module, path: str, model: tf.Module) -> str:
    lost = "use no statistics of the batch" if isinstance(layer, BatchNormalization) else "drop nothing"
    place = f"{path.replace('/', '.')}, " if path else ""
    return (
        f"{place}{layer!r} is called in a training step without the argument `training`, so it would {lost}: let "
        f"__call__ of {type(model).__name__} and of every module in between have a parameter named `training` (not "
        "**kwargs, nor a decorator without functools.wraps), and pass it on: layer(x, training). training=False says "
        "that this is meant"
    )


def _not_in(known: Iterable[tf.Variable], variables: Iterable[tf.Variable]) -> list[tf.Variable]:
    ids = set(map(id, known))
    return [each for each in once(map(whole_variable, variables)) if id(each) not in ids]


def _listed(variables: Iterable[tf.Variable]) -> str:
    texts = [f"{variable.name.removesuffix(':0')} {variable.shape}" for variable in variables]
    return ", ".join(texts[:5] + ([f"and {len(texts) - 5} more"] if len(texts) > 5 else []))
