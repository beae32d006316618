"""The optimizers whose steps the epochs in C++ take, on their own variables: what the kernel needs of each."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.adamw import AdamW
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.optimizers.rmsprop import RMSprop
from dnn.nn.optimizers.schedules import as_float64
from dnn.nn.optimizers.sgd import SGD

Slots = list[tf.Variable]
ADAM, AMSGRAD, SGD_METHOD, RMSPROP = range(4)  # as in mlp_update.h


class Method(NamedTuple):
    """A formula of the kernel.

    number: the kernel's. constants: five numbers, as mlp_update.h has them. slots: number -> a variable for each
    parameter; slots of the formula that the optimizer does not keep are left out.
    """

    number: int
    constants: tuple[float, ...]
    slots: dict[int, Slots]


def method_of(optimizer: Any) -> Method:
    """Return what the kernel makes of an optimizer's gradients.

    Raises:
        ValueError: If the kernel does not take its steps; the message says why.
    """
    if type(optimizer) not in METHODS or {"apply", "step"} & set(vars(optimizer)):
        names = "dnn.Adam, dnn.AdamW, dnn.SGD or dnn.RMSprop"
        raise ValueError(f"the optimizer must be {names} as it is, got {type(optimizer).__name__}")
    return METHODS[type(optimizer)](optimizer)


def adam_method(adam: Adam) -> Method:
    """Return that of Adam, or of AMSGrad.

    Raises:
        ValueError: If β₁ or β₂ is below 0.5, where `dnn.Adam` writes its running means in another form.
    """
    if min(adam.beta_1, adam.beta_2) < 0.5:
        raise ValueError(f"beta_1 and beta_2 must be in [0.5, 1), got {adam.beta_1} and {adam.beta_2}")
    constants = adam.beta_1, adam.beta_2, 1 - adam.beta_1, 1 - adam.beta_2, adam.epsilon
    slots = {0: adam.m, 1: adam.v}
    return Method(AMSGRAD, constants, slots | {2: adam.v_hat}) if adam.v_hat else Method(ADAM, constants, slots)


def _sgd_method(sgd: SGD) -> Method:
    return Method(SGD_METHOD, (sgd.momentum, sgd.nesterov, 0, 0, 0), {0: sgd.u} if sgd.u else {})


def _rmsprop_method(rmsprop: RMSprop) -> Method:
    constants = rmsprop.rho, 1 - rmsprop.rho, rmsprop.momentum, rmsprop.epsilon, bool(rmsprop.a)
    slots = {0: rmsprop.v, 1: rmsprop.a, 2: rmsprop.u}
    return Method(RMSPROP, constants, {number: slot for number, slot in slots.items() if slot})


METHODS: dict[type, Callable[[Any], Method]] = {
    Adam: adam_method,
    AdamW: adam_method,
    SGD: _sgd_method,
    RMSprop: _rmsprop_method,
}


def rates_of_steps(optimizer: Optimizer, members: int, steps: tf.Tensor) -> tf.Tensor:
    """Return the learning rate of each step of an epoch, float64[members, steps]: a number's, or a schedule's."""
    schedule = optimizer._learning_rate
    if not callable(schedule):
        rates = tf.reshape(tf.convert_to_tensor(schedule), [-1, 1])
        return tf.broadcast_to(rates, [members, steps])
    counts = as_float64(tf.convert_to_tensor(optimizer.t)) + tf.cast(tf.range(steps), tf.float64)
    rates = tf.vectorized_map(lambda step: as_float64(schedule(step)), counts)
    return tf.broadcast_to(rates, [members, steps])


def decays_of(optimizer: Optimizer, parameters: Sequence[tf.Variable], members: int) -> npt.NDArray[np.float64]:
    """Return λ of each of some parameters, float64[members, parameters]; 0 where one does not decay."""
    decays = np.broadcast_to(
        np.asarray(0.0 if optimizer.weight_decay is None else optimizer.weight_decay, np.float64), (members,)
    )
    decayed = {id(p): decay for p, decay in zip(optimizer.parameters, optimizer.decayed, strict=True)}
    return np.outer(decays, [decayed[id(p)] for p in parameters])
