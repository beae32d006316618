"""How compiled functions are run: in one thread or by many, with the same results; and what one thread cannot run."""

import numpy as np
import pytest
import tensorflow as tf
from needs_compiler import needs_compiler
from tensorflow.python.eager import execute

import dnn
import dnn.ops
import dnn.train.trainers
from dnn.train import runtime
from dnn.train.epoch import trace_training, training_program
from dnn.train.rows import Rows
from dnn.train.runtime import MANY_THREADS, ONE_THREAD

X = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int32)
SPECS = Rows(tf.TensorSpec(X.shape), tf.TensorSpec(Y.shape, tf.int32))


def traced(model, loss=dnn.sparse_softmax_cross_entropy, batch_size=8, specs=SPECS):
    """(its optimizer, its epoch in graph mode)"""
    optimizer = dnn.Adam(model.trainable_variables)
    return optimizer, trace_training(training_program(model, loss, optimizer, (), batch_size, specs), False)


def trained(monkeypatch, few):
    """(its history, its weights, the executor of its epochs), in float64, in which two executors may round."""
    monkeypatch.setattr(runtime, "FEW", few)
    model, executors = dnn.mlp([4, 6, 2], seed=1, dtype=tf.float64), []
    optimizer = dnn.Adam(model.trainable_variables)
    trace = dnn.train.trainers.trace_training

    def noted(*of):
        compiled = trace(*of)
        executors.append(compiled.executor)
        return compiled

    monkeypatch.setattr(dnn.train.trainers, "trace_training", noted)
    options = {"loss": dnn.sparse_softmax_cross_entropy, "optimizer": optimizer, "batch_size": 8, "epochs": 3}
    history = dnn.fit(model, (X, Y), **options, jit_compile=False)
    (executor,) = executors
    return history, [variable.numpy() for variable in model.variables], executor


def test_one_thread_and_many_train_alike(monkeypatch):
    work = 8 * 44  # rows and parameters of a step
    history, weights, executor = trained(monkeypatch, work + 1)
    other_history, other_weights, other_executor = trained(monkeypatch, work)
    assert (executor, other_executor) == (ONE_THREAD, MANY_THREADS)
    np.testing.assert_allclose(history["loss"], other_history["loss"], rtol=1e-9)
    for one, other in zip(weights, other_weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def test_the_executor_runs_the_epoch(monkeypatch):
    seen, call = [], execute.execute

    def noted(name, count, inputs, options, ctx):
        seen.append(dict(zip(options[::2], options[1::2], strict=True))["executor_type"])
        return call(name, count, inputs, options, ctx)

    _, epoch = traced(dnn.mlp([4, 2], seed=0))
    monkeypatch.setattr(execute, "execute", noted)
    epoch(Rows(X, Y), np.arange(50, dtype=np.int32), np.int32([0, 1]))
    assert seen == [ONE_THREAD]


# An op of a user's own, y = x, declared twice, through TensorFlow's C API, which compiles in a moment. Its gradient is
# the identity too.
OPS = """
extern "C" {
void* TF_NewStatus();
void TF_DeleteStatus(void* status);
void* TF_NewOpDefinitionBuilder(const char* name);
void TF_OpDefinitionBuilderAddInput(void* builder, const char* spec);
void TF_OpDefinitionBuilderAddOutput(void* builder, const char* spec);
void TF_OpDefinitionBuilderAddAttr(void* builder, const char* spec);
void TF_RegisterOpDefinition(void* builder, void* status);
void* TF_NewKernelBuilder(const char* op, const char* device, void* (*create)(void*),
                          void (*compute)(void*, void*), void (*release)(void*));
void TF_RegisterKernelBuilder(const char* name, void* builder, void* status);
void TF_GetInput(void* context, int i, void** tensor, void* status);
void TF_SetOutput(void* context, int i, const void* tensor, void* status);
void TF_DeleteTensor(void* tensor);
}

static void compute(void*, void* context) {
  void* status = TF_NewStatus();
  void* x = nullptr;
  TF_GetInput(context, 0, &x, status);
  TF_SetOutput(context, 0, x, status);
  TF_DeleteTensor(x);
  TF_DeleteStatus(status);
}

static int add(const char* name, const char* attribute) {
  void* builder = TF_NewOpDefinitionBuilder(name);
  TF_OpDefinitionBuilderAddInput(builder, "x: float");
  TF_OpDefinitionBuilderAddOutput(builder, "y: float");
  TF_OpDefinitionBuilderAddAttr(builder, attribute);
  void* status = TF_NewStatus();
  TF_RegisterOpDefinition(builder, status);
  TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", nullptr, compute, nullptr), status);
  TF_DeleteStatus(status);
  return 0;
}

int says_so = add("DnnTestSaysSo", "one_thread: bool = true");
int says_no = add("DnnTestSaysNo", "one_thread: bool = false");
int says_nothing = add("DnnTestSaysNothing", "other: bool = true");
"""


@pytest.fixture(scope="module")
def ops(tmp_path_factory):
    path = tmp_path_factory.mktemp("ops") / "says.cc"
    path.write_text(OPS, "utf-8")
    library = dnn.ops.load(path, cache=path.parent / "cache")
    for name in ("DnnTestSaysSo", "DnnTestSaysNo", "DnnTestSaysNothing"):
        tf.RegisterGradient(name)(lambda op, gradient: gradient)
    return library


@needs_compiler
@pytest.mark.parametrize(
    ("name", "executor"), [("says_so", ONE_THREAD), ("says_no", MANY_THREADS), ("says_nothing", MANY_THREADS)]
)
def test_one_thread_runs_an_op_of_a_user_s_own_if_its_declaration_says_so(name, executor, ops):
    def op(x):
        y = getattr(ops, f"dnn_test_{name}")(x)
        y.set_shape(x.shape)
        return y

    _, epoch = traced(Then(op))
    assert epoch.executor == executor
    assert np.isfinite(epoch(Rows(X, Y), np.arange(50, dtype=np.int32), np.int32([0, 1]))).all()


class Epochs(dnn.Adam):
    """An optimizer that takes the epochs itself, and takes no step."""

    def train_epoch(self, model, loss, metrics, rows, order, batch_size):
        return tf.zeros(1 + len(metrics), tf.float64)


class DrawingEpochs(dnn.Adam):
    """One that is told from what to draw."""

    def train_epoch(self, model, loss, metrics, rows, order, batch_size, key):
        return tf.cast(tf.stack([key[0], *[key[1]] * len(metrics)]) * 50, tf.float64)


class Forwarding:
    """A wrapper with the attributes of another optimizer, and an `apply` of its own."""

    def __init__(self, optimizer):
        self.optimizer = optimizer

    def __getattr__(self, name):
        return getattr(self.optimizer, name)

    def apply(self, gradients):
        self.optimizer.apply(gradients)


@pytest.mark.parametrize(("wrap", "steps"), [(lambda optimizer: optimizer, 0), (Forwarding, 7)])
def test_an_optimizer_whose_class_has_train_epoch_takes_the_epochs(wrap, steps):
    model = dnn.mlp([4, 2], seed=0)
    optimizer = Epochs(model.trainable_variables)
    dnn.fit(model, (X, Y), loss=dnn.sparse_softmax_cross_entropy, optimizer=wrap(optimizer), batch_size=8)
    assert optimizer.t.numpy() == steps


def test_one_with_a_parameter_key_gets_the_seed_and_the_epoch():
    model = dnn.mlp([4, 2], seed=0)
    optimizer = DrawingEpochs(model.trainable_variables)
    history = dnn.fit(
        model, (X, Y), loss=dnn.sparse_softmax_cross_entropy, optimizer=optimizer, epochs=2, seed=7, jit_compile=False
    )
    assert history["loss"] == [7, 7]
    assert history["accuracy"] == [1, 2]


class Looping(tf.Module):
    """With a loop and a branch of the user's own: without `wrap`, or in a tf.function."""

    def __init__(self, wrap=lambda function: function):
        super().__init__()
        self.dense = dnn.Dense(4, 2, seed=1)
        self.loop = wrap(lambda x: tf.while_loop(lambda i, _: i < 3, lambda i, x: (i + 1, 1.5 * x), (0, x))[1])
        self.branch = wrap(lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: 2 * x, lambda: 3 * x))

    def __call__(self, x):
        return self.branch(self.loop(self.dense(x)))


class Then(tf.Module):
    """A dense layer, and a function behind it."""

    def __init__(self, function):
        super().__init__()
        self.dense, self.function = dnn.Dense(4, 2, seed=1), function

    def __call__(self, x):
        return self.function(self.dense(x))


def on_a_device(x):
    with tf.device("CPU:0"):
        return 2 * x


MORE_THAN_PLAIN = {
    "loop and branch": Looping,
    "the same in a tf.function": lambda: Looping(tf.function),
    "tf.function": lambda: Then(tf.function(lambda x: 2 * x)),
    "map_fn": lambda: Then(lambda x: tf.map_fn(lambda row: 2 * row, x)),
    "convolution": lambda: Then(lambda x: tf.nn.conv1d(x[:, :, None], tf.ones([1, 1, 1]), 1, "SAME")[:, :, 0]),
    "a device of its own": lambda: Then(on_a_device),
}


@pytest.mark.parametrize("name", MORE_THAN_PLAIN)
def test_what_is_more_than_plain_is_left_to_many_threads(name):
    """Without a remainder, in which one thread would wait for itself for ever."""
    _, epoch = traced(MORE_THAN_PLAIN[name](), batch_size=10)
    assert epoch.executor == MANY_THREADS
    assert np.isfinite(epoch(Rows(X, Y), np.arange(50, dtype=np.int32), np.int32([0, 1]))).all()


def test_so_is_a_loss_with_a_branch_in_a_tf_function():
    @tf.function
    def loss(y, logits):
        losses = dnn.sparse_softmax_cross_entropy(y, logits)
        return tf.cond(tf.reduce_mean(losses) > 100, lambda: tf.minimum(losses, 100), lambda: losses)

    _, epoch = traced(dnn.mlp([4, 2], seed=0), loss, batch_size=10)
    assert epoch.executor == MANY_THREADS


def test_an_error_says_where_it_comes_from_and_what_it_changed_is_changed_once():
    class Refusing(tf.Module):
        def __init__(self):
            super().__init__()
            self.calls = tf.Variable(0)

        def __call__(self, x):
            self.calls.assign_add(1)
            tf.debugging.assert_positive(x, "no such feature")
            return x

    model = Refusing()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)test_runtime.py.*no such feature"):
        dnn.predict(model, -np.ones((1, 4)))
    assert model.calls.numpy() == 1
