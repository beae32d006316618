"""Sonnet's tests of optimizers, layers and regularizers on those of `dnn`, which are made for given parameters."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import tensorflow as tf

import dnn
from scripts.peer_adapters.recording import MissingError, of_dnn, replaced

MODULES = tuple(
    f"sonnet/src/{name}_test.py"
    for name in (
        "optimizers/sgd",
        "optimizers/momentum",
        "optimizers/adam",
        "optimizers/rmsprop",
        "linear",
        "axis_norm",
        "dropout",
        "regularizers",
    )
)
SELECTED = ""
DIFFERENCES = (
    (
        r"a tf.Variable|testVariable|testHyperParamDType|testLearningRateDType",
        "A `tf.Variable` as a hyperparameter is refused, since its later values would be ignored",
    ),
    (r"testNoneUpdate|testAllUpdatesNone", "A gradient of None is an error that names the parameter"),
    (r"x must be floats|must be floating|testInconsistentDTypes", "Integers are not made floats"),
)
MISSING = (
    (r"testUnsuppportedStrategyError|Replicator|Distribut", "tf.distribute"),
    (r"IndexedSlices|testSparse|Sparse", "sparse gradients"),
    (r"has no attribute", "attributes of Sonnet's modules"),
    (r"DropoutTest::test_with_tf_function", "a layer that is made in a tf.function, or trains by a tensor"),
)


class Stepping(tf.Module):
    """An optimizer that gets its parameters with the first step."""

    def __init__(self, make: Callable[..., Any], **options: Any) -> None:
        super().__init__()
        self.options, self.make, self.made = options, make, None
        for name, value in options.items():
            setattr(self, name, value)

    @of_dnn
    def apply(self, updates: Sequence[Any], parameters: Sequence[tf.Variable]) -> None:
        if len(updates) != len(parameters):
            raise ValueError("`updates` and `parameters` must be the same length.")
        if any(isinstance(update, tf.IndexedSlices) for update in updates):
            raise MissingError("sparse gradients")
        if self.made is None:
            self.made = self.make(parameters, **self.options)
        self.made.apply(updates)


def stepping(make: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """Return what makes an optimizer of arguments of these names."""

    def called(*arguments: Any, name: str | None = None, **options: Any) -> Stepping:
        return Stepping(make, **dict(zip(names, arguments, strict=False)), **options)

    return of_dnn(called)


def sgd(p: Any, learning_rate: Any, momentum: Any = 0.0, use_nesterov: bool = False) -> Any:
    return dnn.SGD(p, learning_rate, momentum=momentum, nesterov=use_nesterov)


def adam(p: Any, learning_rate: Any = 1e-3, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8) -> Any:
    return dnn.Adam(p, learning_rate, beta_1=beta1, beta_2=beta2, epsilon=epsilon)


def rmsprop(
    p: Any, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: Any = 1e-10, centered: bool = False
) -> Any:
    return dnn.RMSprop(p, learning_rate, rho=decay, momentum=momentum, epsilon=epsilon, centered=centered)


class Linear(tf.Module):
    """A `Dense` that finds its width in the first call."""

    @of_dnn
    def __init__(
        self, output_size: int, with_bias: bool = True, w_init: Any = None, b_init: Any = None, name: str | None = None
    ) -> None:
        super().__init__(name=name or "linear")
        if not with_bias:
            raise MissingError("a layer without a bias, in this adapter")
        self.output_size, self.w_init, self.b_init, self.layer = output_size, w_init, b_init, None

    @of_dnn
    def __call__(self, inputs: Any) -> tf.Tensor:
        if self.layer is None:
            width, dtype = inputs.shape[-1], inputs.dtype
            if width is None or not dtype.is_floating:
                raise MissingError("layers of unknown width, or of integers")
            given = {"kernel_initializer": self.w_init, "bias_initializer": self.b_init}
            made = {name: of_shape(init) for name, init in given.items() if init is not None}
            self.layer = dnn.Dense(width, self.output_size, dtype=dtype, **made)
        return self.layer(inputs)

    @property
    def w(self) -> tf.Variable:
        return self.layer.kernel

    @property
    def b(self) -> tf.Variable:
        return self.layer.bias


def of_shape(initializer: Callable[..., Any]) -> Callable[..., Any]:
    """Return an initializer of `dnn`, which gets a seed too."""
    return lambda shape, seed, dtype: initializer(shape, dtype)


class LayerNorm(tf.Module):
    """A `LayerNormalization` that finds its width in the first call."""

    @of_dnn
    def __init__(
        self,
        axis: Any,
        create_scale: bool,
        create_offset: bool,
        eps: float = 1e-5,
        scale_init: Any = None,
        offset_init: Any = None,
        data_format: str = "channels_last",
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if axis not in (-1, [-1]) or data_format not in ("channels_last", "NHWC", "NWC"):
            raise MissingError("normalization along other axes than the last")
        self.options = {"center": create_offset, "scale": create_scale, "epsilon": eps}
        self.inits, self.layer = {"gamma": scale_init, "beta": offset_init}, None

    @of_dnn
    def __call__(self, inputs: Any, scale: Any = None, offset: Any = None) -> tf.Tensor:
        if scale is not None or offset is not None:
            raise MissingError("scale and offset in the call of a normalization")
        if self.layer is None:
            self.layer = dnn.LayerNormalization(inputs.shape[-1], dtype=inputs.dtype, **self.options)
            for name, init in self.inits.items():
                if init is not None:
                    variable = getattr(self.layer, name)
                    variable.assign(init(variable.shape, variable.dtype))
        return self.layer(inputs)


class Dropout(tf.Module):
    """A `Dropout` whose key is another one in each call, as of a step."""

    @of_dnn
    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> None:
        super().__init__(name=name)
        if noise_shape is not None:
            raise MissingError("the shape of a dropout's noise")
        self.layer, self.steps = dnn.Dropout(float(rate)), tf.Variable(0)

    @of_dnn
    def __call__(self, x: Any, is_training: Any) -> tf.Tensor:
        key = tf.stack([0, 0, self.steps.assign_add(1)]) if is_training else None
        return self.layer(x, training=key)


def regularizer(make: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes a penalty on several tensors; ours is of one."""

    class Regularizer:
        @of_dnn
        def __init__(self, scale: Any) -> None:
            self.scale, self.penalty = scale, make(scale)

        @of_dnn
        def __call__(self, tensors: Sequence[Any]) -> tf.Tensor:
            return tf.add_n([self.penalty(tensor) for tensor in tensors]) if tensors else tf.constant(0.0)

        def __repr__(self) -> str:
            raise MissingError("the text of Sonnet's regularizers")

    return Regularizer


NAMES = {
    "optimizers.sgd": {"SGD": stepping(sgd, "learning_rate")},
    "optimizers.momentum": {"Momentum": stepping(sgd, "learning_rate", "momentum", "use_nesterov")},
    "optimizers.adam": {"Adam": stepping(adam, "learning_rate", "beta1", "beta2", "epsilon")},
    "optimizers.rmsprop": {"RMSProp": stepping(rmsprop, "learning_rate", "decay", "momentum", "epsilon", "centered")},
    "linear": {"Linear": Linear},
    "axis_norm": {"LayerNorm": LayerNorm},
    "dropout": {"Dropout": Dropout},
    "regularizers": {"L1": regularizer(dnn.L1), "L2": regularizer(dnn.L2)},
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the 100 steps beside TensorFlow's optimizers leave one of three seeds: they take minutes."""
    items[:] = [item for item in items if "ComparisonTest" not in item.nodeid or item.name.endswith("seed=2")]


def pytest_configure() -> None:
    """The tests call the classes as attributes of Sonnet's modules."""
    for module, names in NAMES.items():
        replaced(importlib.import_module(f"sonnet.src.{module}"), names)
