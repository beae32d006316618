"""A model that would train other than its reader thinks is refused; what is frozen on purpose is not."""

import functools

import numpy as np
import pytest
import tensorflow as tf

import dnn

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(3, 2, size=(64, 4)).astype(np.float32)
Y = (X[:, 0] > 3).astype(int)


def fitted(model, parameters=None, loss=dnn.sparse_softmax_cross_entropy, **options):
    optimizer = dnn.Adam(model.trainable_variables if parameters is None else parameters)
    return dnn.fit(model, (X, Y), loss=loss, optimizer=optimizer, **options)


class Holder:
    """A plain object, which `tf.Module` does not look into."""

    def __init__(self):
        self.layer = dnn.Dense(4, 8)

    def forward(self, x):
        return self.layer(x)


class OfPlainObject(tf.Module):
    def __init__(self):
        super().__init__()
        self.plain, self.out = Holder(), dnn.Dense(8, 2)

    def __call__(self, x):
        return self.out(self.plain.layer(x))


def hidden_by_a_lambda():
    hidden = dnn.Dense(4, 8)
    return dnn.Sequential([lambda x: hidden(x), dnn.Dense(8, 2)])


def hidden_by_a_partial():
    kernel = tf.Variable(RANDOM.normal(size=(4, 8)).astype(np.float32), name="kernel")
    return dnn.Sequential([functools.partial(tf.linalg.matmul, b=kernel), dnn.Dense(8, 2)])


HIDDEN = {
    "lambda": hidden_by_a_lambda,
    "partial": hidden_by_a_partial,
    "bound method": lambda: dnn.Sequential([Holder().forward, dnn.Dense(8, 2)]),
    "plain object": OfPlainObject,
}


@pytest.mark.parametrize("make", HIDDEN.values(), ids=HIDDEN)
def test_variables_that_nobody_knows_are_refused_by_name_and_shape(make):
    model = make()
    before = model.trainable_variables[0].numpy()
    with pytest.raises(
        ValueError, match=r"computes with kernel \(4, 8\).* neither in model\.variables nor in optimizer"
    ):
        fitted(model)
    assert np.array_equal(model.trainable_variables[0], before)


def test_hidden_variables_that_the_optimizer_has_or_that_are_not_trainable_pass():
    hidden, fixed = dnn.Dense(4, 8), tf.Variable(tf.ones([8]), trainable=False)
    model = dnn.Sequential([lambda x: hidden(x) * fixed, dnn.Dense(8, 2)])
    fitted(model, [*model.trainable_variables, *hidden.trainable_variables])


def test_variables_that_are_frozen_on_purpose_pass_and_stay():
    model = dnn.Sequential([dnn.Dense(4, 8), dnn.BatchNormalization(8), dnn.Dense(8, 2)])
    before = model.layers[0].kernel.numpy()
    fitted(model, model.layers[2].trainable_variables)
    assert np.array_equal(model.layers[0].kernel, before)


class Lazy(tf.Module):
    """A module that makes a variable in its first call, as Keras's layers do."""

    def __init__(self):
        super().__init__()
        self.out, self.kernel = dnn.Dense(8, 2), None

    def __call__(self, x):
        if self.kernel is None:
            self.kernel = tf.Variable(tf.ones([4, 8]), name="kernel")
        return self.out(x @ self.kernel)


def test_variables_of_the_first_call_are_refused_again_and_again_until_an_optimizer_has_them():
    model = Lazy()
    optimizer = dnn.Adam(model.trainable_variables)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"made kernel \(4, 8\) in its first call.*or call the model once before"):
            dnn.fit(model, (X, Y), loss=dnn.sparse_softmax_cross_entropy, optimizer=optimizer)
    fitted(model)
    assert np.any(model.kernel != 1)


def test_variables_of_every_call_are_refused():
    model = dnn.Sequential([lambda x: dnn.Dense(4, 8)(x), dnn.Dense(8, 2)])
    with pytest.raises(ValueError, match="the model makes a variable in each call: make all of them in"):
        fitted(model)


class Forgot(tf.Module):
    """A user's model whose layers are not told that they are in training; so the others below, each in its way."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.out = inner, dnn.Dense(4, 2)

    def __call__(self, x):
        return self.out(self.inner(x))


class NotPassed(Forgot):
    def __call__(self, x, training=None):
        return self.out(self.inner(x))


class Kwargs(Forgot):
    def __call__(self, x, **kwargs):
        return self.out(self.inner(x, **kwargs))


def undecorated(function):
    return lambda *arguments, **named: function(*arguments, **named)


class Decorated(Forgot):
    @undecorated
    def __call__(self, x, training=None):
        return self.out(self.inner(x, training))


class Told(Forgot):
    def __call__(self, x, training=None):
        return self.out(self.inner(x, training))


class OnPurpose(Forgot):
    def __call__(self, x, training=None):
        return self.out(self.inner(x, training=False))


WAYS = [Forgot, NotPassed, Kwargs, Decorated]
INNER = {
    "dropout": (lambda: dnn.Dropout(0.5), r"inner, Dropout\(rate=0\.5\) is called.* so it would drop nothing"),
    "statistics": (lambda: dnn.BatchNormalization(4), r"inner, BatchNormalization\(4.* use no statistics of the batch"),
    "nested": (lambda: dnn.Sequential([dnn.Dense(4, 4), dnn.Dropout(0.5)]), r"inner\.layers\.1, Dropout"),
}


@pytest.mark.parametrize(
    ("way", "make", "message"),
    [*((way, *INNER["statistics"]) for way in WAYS), *((NotPassed, *inner) for inner in INNER.values())],
)
def test_a_layer_that_is_never_told_of_training_is_refused_by_its_path(way, make, message):
    model = way(make())
    before = [variable.numpy() for variable in model.variables]
    for _ in range(2):  # the second time the graph is found again
        with pytest.raises(ValueError, match=f"^{message}.*{way.__name__}.*parameter named `training`"):
            fitted(model)
    assert all(np.array_equal(value, v) for value, v in zip(before, model.variables, strict=True))


def test_a_dropout_in_a_lambda_is_refused():
    drop = dnn.Dropout(0.5)
    with pytest.raises(ValueError, match=r"^Dropout\(rate=0\.5\) is called"):
        fitted(dnn.Sequential([lambda x: drop(x), dnn.Dense(4, 2)]))


@pytest.mark.parametrize("make", [make for make, _ in INNER.values()], ids=INNER)
def test_one_that_is_told_or_told_not_to_passes(make):
    fitted(Told(make()))
    fitted(OnPurpose(make()))
    fitted(dnn.Sequential([Told(make())]))


def test_a_rate_of_0_and_layers_that_are_not_called_pass():
    fitted(Forgot(dnn.Dropout(0)))
    model = Forgot(tf.identity)
    model.unused = dnn.Dropout(0.5)
    fitted(model)


@pytest.mark.parametrize("inner", [dnn.BatchNormalization(4), dnn.BatchNormalization(4, center=False, scale=False)])
def test_a_frozen_normalization_passes(inner):
    base = dnn.Sequential([dnn.Dense(4, 4), inner, dnn.Dropout(0.5)])
    model = Forgot(base)
    fitted(model, model.out.trainable_variables)


def test_a_normalization_is_not_frozen_by_being_hidden_in_a_frozen_module_if_its_own_parameters_train():
    base = dnn.Sequential([dnn.Dense(4, 4), dnn.BatchNormalization(4)])
    model = Forgot(base)
    with pytest.raises(ValueError, match=r"inner\.layers\.1, BatchNormalization"):
        fitted(model, [*model.out.trainable_variables, base.layers[1].gamma])


def test_a_layer_that_is_told_once_may_be_called_without_too():
    class Twice(Forgot):
        def __call__(self, x, training=None):
            return self.out(self.inner(x, training) + tf.stop_gradient(self.inner(x)))

    fitted(Twice(dnn.Dropout(0.5)))


class CompiledInner(Forgot):
    """Its graph is traced for a prediction, and a training step calls that one: no Python of it runs again."""

    @tf.function
    def __call__(self, x):
        return self.out(self.inner(x))


class CompiledOnPurpose(Forgot):
    @tf.function
    def __call__(self, x):
        return self.out(self.inner(x, training=False))


class CompiledTold(Forgot):
    @tf.function
    def __call__(self, x, training=None):
        return self.out(self.inner(x, training))


@pytest.mark.parametrize("within", [lambda model: model, lambda model: dnn.Sequential([model])], ids=["alone", "inner"])
def test_a_model_under_tf_function_that_takes_no_training_is_refused_in_each_fit(within):
    model = within(CompiledInner(dnn.Dropout(0.5)))
    for _ in range(3):
        with pytest.raises(ValueError, match=r"inner, Dropout\(rate=0\.5\) is called in a training step without"):
            fitted(model)


@pytest.mark.parametrize("way", [CompiledOnPurpose, CompiledTold])
def test_a_model_under_tf_function_that_is_told_or_told_not_to_passes_in_each_fit(way):
    model = way(dnn.Sequential([dnn.BatchNormalization(4), dnn.Dropout(0.5)]))
    for _ in range(3):
        fitted(model)


def test_hidden_variables_that_early_stopping_would_not_restore_are_refused():
    hidden = dnn.Dense(4, 8)
    model = dnn.Sequential([lambda x: hidden(x), dnn.Dense(8, 2)])
    parameters = [*model.trainable_variables, *hidden.trainable_variables]
    fitted(model, parameters, early_stopping=dnn.EarlyStopping(monitor="loss", restore_best_weights=False))
    with pytest.raises(ValueError, match=r"trains .*, which is not in model\.variables, so"):
        fitted(model, parameters, early_stopping=dnn.EarlyStopping(monitor="loss", restore_best_weights=True))


def test_a_variable_of_the_loss_trains_if_the_optimizer_has_it_and_is_refused_otherwise():
    model, weight = dnn.mlp([4, 2], seed=0), tf.Variable(1.0, name="noise")

    def loss(labels, logits):
        return dnn.sparse_softmax_cross_entropy(labels, logits) * tf.exp(-weight) + weight

    before = dnn.get_weights(model)[0]
    with pytest.raises(
        ValueError, match=r"step computes with noise \(\), .*so it would never train.*Give it to the opt"
    ):
        fitted(model, loss=loss)
    assert np.array_equal(dnn.get_weights(model)[0], before)
    fitted(model, [*model.trainable_variables, weight], loss=loss, early_stopping=dnn.EarlyStopping(monitor="loss"))
    assert weight.numpy() != 1


def test_a_hidden_layer_of_the_training_alone_is_refused():
    hidden = dnn.Dense(4, 4)

    class InTraining(Forgot):
        def __call__(self, x, training=None):
            return self.out(self.inner(x) if training is None else self.inner(x) + hidden(x))

    with pytest.raises(ValueError, match=r"a training step computes with (kernel|bias) "):
        fitted(InTraining(tf.identity))
