"""A model in a folder comes back bit for bit; a file that is not a model's own is refused."""

import functools
import json
import pathlib
import sys
import tempfile

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

import dnn
from dnn.nn.model_file import STRUCTURE, WEIGHTS, load_model, save_model
from dnn.nn.model_state import model_from_state, model_state
from dnn.nn.modules import variable_paths
from dnn.nn.named_functions import FUNCTIONS
from dnn.testing import PIECES, Layer

WIDTH = 4
FACTORS = st.floats(0, 1)
ACTIVATIONS = st.one_of(
    st.none(),
    st.sampled_from([*FUNCTIONS.values()]),
    st.builds(functools.partial, st.just(dnn.leaky_relu), negative_slope=FACTORS),
    st.builds(functools.partial, st.just(dnn.gelu), approximate=st.booleans()),
)
ACTIVATIONS_OF_ONE_WIDTH = ACTIVATIONS.filter(lambda function: function is not dnn.maxout)
REGULARIZERS = (
    st.none() | st.builds(dnn.L1, FACTORS) | st.builds(dnn.L2, FACTORS) | st.builds(dnn.L1L2, FACTORS, FACTORS)
)


def layers(dtype):
    """Layers of one width, with functions among them, and models of them."""
    makers = (
        st.builds(
            dnn.Dense,
            st.just(WIDTH),
            st.just(WIDTH),
            activation=ACTIVATIONS_OF_ONE_WIDTH,
            kernel_regularizer=REGULARIZERS,
            bias_regularizer=REGULARIZERS,
            seed=st.integers(0, 99),
            dtype=st.just(dtype),
        ),
        st.builds(dnn.Dense, st.just(WIDTH), st.just(2 * WIDTH), dtype=st.just(dtype), seed=st.integers(0, 99)).map(
            lambda layer: dnn.Sequential([layer, dnn.maxout])
        ),
        st.builds(dnn.Dropout, st.floats(0, 1, exclude_max=True), st.integers(0, 99)),
        st.builds(
            dnn.BatchNormalization,
            st.just(WIDTH),
            momentum=FACTORS,
            epsilon=st.floats(1e-6, 1),
            center=st.booleans(),
            scale=st.booleans(),
            dtype=st.just(dtype),
        ),
        st.builds(
            dnn.LayerNormalization, st.just(WIDTH), center=st.booleans(), scale=st.booleans(), dtype=st.just(dtype)
        ),
        ACTIVATIONS_OF_ONE_WIDTH.filter(lambda function: function is not None),
    )
    return st.recursive(
        st.one_of(makers), lambda inner: st.lists(inner, min_size=1, max_size=3).map(dnn.Sequential), max_leaves=5
    )


@st.composite
def models(draw):
    """A model of some layers, in which one may occur twice, or lend its kernel to another."""
    dtype = draw(st.sampled_from([tf.float32, tf.float64, tf.bfloat16]))
    parts = draw(st.lists(layers(dtype), min_size=1, max_size=4))
    parts = [*parts, draw(st.sampled_from(parts)), dnn.Dense(WIDTH, WIDTH, dtype=dtype, seed=1)]
    dense = [part for part in parts if isinstance(part, dnn.Dense)]
    parts[-1].kernel = draw(st.sampled_from(dense)).kernel
    return dnn.Sequential(parts)


def drawn_weights(model):
    """Give each variable other numbers than its first ones, which initializers would draw again."""
    random = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(tf.cast(random.uniform(0.1, 2, variable.shape), variable.dtype))
    return model


@settings(deadline=None, max_examples=settings().max_examples // 2)
@given(models())
def test_a_model_comes_back_with_its_weights_its_sharing_and_its_predictions_bit_for_bit(model):
    drawn_weights(model)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "model")
        save_model(model, path)
        loaded = load_model(path)
    ours, theirs = variable_paths(model), variable_paths(loaded)
    assert [*ours] == [*theirs]
    for name, variable in ours.items():
        assert (variable.dtype, variable.trainable) == (theirs[name].dtype, theirs[name].trainable)
        assert variable.numpy().tobytes() == theirs[name].numpy().tobytes(), name
    first = {id(v): n for n, v in reversed(ours.items())}
    assert all(theirs[first[id(variable)]] is theirs[name] for name, variable in ours.items())
    x = tf.cast(np.random.default_rng(1).normal(size=(3, WIDTH)), model.layers[-1].kernel.dtype)
    key = tf.constant([1, 2, 3])
    assert repr(model) == repr(loaded)
    assert model(x).numpy().tobytes() == loaded(x).numpy().tobytes()
    assert float(dnn.penalty(model)) == float(dnn.penalty(loaded))
    assert model(x, key).numpy().tobytes() == loaded(x, key).numpy().tobytes()  # it moves the averages of both


class Own(tf.Module):
    """A user's module: a dict, a list, a scalar, an integer and a truth value."""

    def __init__(self, units=3):
        super().__init__()
        self.blocks = {"a": dnn.Dense(WIDTH, units), "b": [dnn.Dense(units, 2)]}
        self.scale = tf.Variable(1.5)
        self.steps = tf.Variable(7, trainable=False, dtype=tf.int64)
        self.on = tf.Variable(True, trainable=False)

    def __call__(self, x):
        return self.scale * self.blocks["b"][0](self.blocks["a"](x))


def test_a_user_s_own_module_comes_back_by_its_constructor(tmp_path):
    model = drawn_weights(Own())
    model.steps.assign(41)
    save_model(model, tmp_path / "own")
    loaded = load_model(tmp_path / "own", Own)
    for name, variable in variable_paths(model).items():
        assert variable.numpy().tobytes() == variable_paths(loaded)[name].numpy().tobytes()
    with pytest.raises(ValueError, match=r"model\.json: the file holds no code.*constructor=, which makes this Own"):
        load_model(tmp_path / "own")


def test_a_constructor_s_model_that_does_not_fit_is_told_by_its_variables(tmp_path):
    save_model(Own(), tmp_path / "own")
    with pytest.raises(ValueError, match=r"blocks/a/kernel: float32\[4, 3\] in the file, float32\[4, 5\] in the model"):
        load_model(tmp_path / "own", lambda: Own(5))
    with pytest.raises(ValueError, match=r"the file lacks layers/0/kernel.*the model lacks blocks/a/"):
        load_model(tmp_path / "own", lambda: dnn.mlp([WIDTH, 3, 2]))


def test_a_model_with_a_function_of_the_user_s_needs_its_constructor_and_says_which_function(tmp_path):
    model = dnn.Sequential([dnn.Dense(WIDTH, 2), tf.square])
    save_model(model, tmp_path / "model")
    with pytest.raises(ValueError, match="layers/1 is square, which is not a piece of dnn"):
        load_model(tmp_path / "model")
    loaded = load_model(tmp_path / "model", lambda: dnn.Sequential([dnn.Dense(WIDTH, 2), tf.square]))
    assert np.array_equal(loaded(np.ones((1, WIDTH), np.float32)), model(np.ones((1, WIDTH), np.float32)))


def test_a_shared_variable_is_written_once(tmp_path):
    layer = dnn.Dense(2, 2)
    dnn.save_weights(tmp_path / "w", dnn.Sequential([layer, layer]))
    with safe_open(tmp_path / "w", framework="numpy") as file:
        assert set(file.keys()) == {"layers/0/kernel", "layers/0/bias"}


def test_a_folder_with_anything_else_is_not_replaced_and_one_with_a_model_is(tmp_path):
    save_model(dnn.mlp([2, 3, 2]), tmp_path / "model")
    save_model(dnn.mlp([2, 5, 2]), tmp_path / "model")
    assert load_model(tmp_path / "model").layers[0].kernel.shape == (2, 5)
    (tmp_path / "model/thesis.txt").write_text("", "utf-8")
    with pytest.raises(ValueError, match="holds something else than a saved model"):
        save_model(dnn.mlp([2, 2]), tmp_path / "model")
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


def test_a_save_that_fails_leaves_what_was_there(tmp_path):
    save_model(dnn.mlp([2, 3, 2]), tmp_path / "model")
    diverged = dnn.mlp([2, 2])
    diverged.layers[0].bias.assign([0, np.nan])
    with pytest.raises(ValueError, match="layers/0/bias, which would be saved, holds a NaN"):
        save_model(diverged, tmp_path / "model")
    assert load_model(tmp_path / "model").layers[0].kernel.shape == (2, 3)
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "model"
    save_model(dnn.mlp([2, 3, 2], seed=0), folder)
    return {name: (folder / name).read_bytes() for name in (STRUCTURE, WEIGHTS)}


def written(folder, files):
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-3], "is damaged, or not a safetensors file"),
        (lambda data: data + b"x", "is damaged, or not a safetensors file"),
        (lambda data: b"", "is damaged: it holds fewer numbers"),
        (lambda data: b"PK\3\4" * 99, "is damaged, or not a safetensors file"),
        (lambda data: (2**40).to_bytes(8, "little") + data[8:], "is damaged, or not a safetensors file"),
        (lambda data: data[:-4] + np.float32(np.nan).tobytes(), "holds a NaN"),
        (lambda data: data[:-4] + np.float32(np.inf).tobytes(), "holds an infinity"),
        (lambda data: data.replace(b"layers/1/bias", b"layers/1/bios"), "lacks layers/1/bias; .* lacks layers/1/bios"),
    ],
)
def test_damaged_and_foreign_weights_are_refused(saved, tmp_path, change, message):
    folder = written(tmp_path, {**saved, WEIGHTS: change(saved[WEIGHTS])})
    with pytest.raises(ValueError, match=rf"(?s){WEIGHTS}.*{message}"):
        load_model(folder)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def piece(name, **arguments):
    return {"class": name, "arguments": arguments}


def changed_state(data, **entries):
    return json.dumps({**json.loads(data), **entries}).encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-3], "is damaged, or not JSON"),
        (lambda data: b"\x80\4K\1.", "is damaged, or not JSON"),
        (lambda data: b"[" * 100_000, "is damaged, or not JSON"),
        (lambda data: b"[]", "is not the structure of a model"),
        (lambda data: b"{}", "'format' must be 'dnn model'"),
        (lambda data: changed_state(data, version=2), "has version 2, and this dnn reads version 1"),
        (lambda data: changed_state(data, model=7), "must be that of a model, got 7"),
        (lambda data: changed_state(data, model={"class": "Popen"}), "there is no class 'Popen'"),
        (lambda data: changed_state(data, model={"class": "L2"}), "must be that of a model"),
        (lambda data: changed_state(data, model={"function": "os.system"}), "there is no function 'os.system'"),
        (lambda data: changed_state(data, model={"same_as": "layers/9"}), "there is no module 'layers/9'"),
        (lambda data: changed_state(data, model={"class": "Dense", "arguments": {"a": 1}}), "no Dense can be made of"),
        (lambda data: changed_state(data, model={"class": "Dense", "arguments": 3}), "'arguments' must be a dict"),
        (lambda data: changed_state(data, shared={"a": "b"}), "there is no variable"),
        (lambda data: changed_state(data, shared={"layers/0/bias": "layers/0/kernel"}), "are not alike"),
        (lambda data: data.replace(b'"units": 3', b'"units": 3000000000'), "holds fewer numbers than the layers"),
        (lambda data: data + b" " * 10_000_000, "too large for the structure"),
        (lambda data: changed_state(data, model=nested(sys.getrecursionlimit() // 2)), "model"),
        (lambda data: changed_state(data, model=piece("Dropout", rate=10**400)), "is beyond float64"),
        (lambda data: changed_state(data, model=piece("L2", l2=10**400)), "is beyond float64"),
        (lambda data: changed_state(data, model=piece("Dense", inputs=-(10**400), units=2)), "is beyond float64"),
    ],
)
def test_damaged_and_foreign_structures_are_refused(saved, tmp_path, change, message):
    folder = written(tmp_path, {**saved, STRUCTURE: change(saved[STRUCTURE])})
    with pytest.raises(ValueError, match=rf"(?s){STRUCTURE}.*{message}|{message}"):
        load_model(folder)


def with_another_variable():
    model = dnn.mlp([2, 3, 2], seed=0)
    model.temperature = tf.Variable(1.0)
    return model


def with_another_layer():
    model = dnn.mlp([2, 3, 2], seed=0)
    model.layers[0].head = dnn.Dense(2, 2)
    return model


def with_a_frozen_kernel():
    model = dnn.mlp([2, 3, 2], seed=0)
    model.layers[1].kernel = tf.Variable(model.layers[1].kernel, trainable=False)
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (with_another_variable, "temperature would be lost: it was added to a layer of dnn"),
        (with_another_layer, "layers/0/head/kernel would be lost"),
        (with_a_frozen_kernel, "layers/1/kernel is not trainable, and would be when it is loaded"),
    ],
)
def test_what_would_not_be_loaded_as_it_is_is_refused_when_it_is_saved(tmp_path, make, message):
    with pytest.raises(ValueError, match=f"{message}.*a tf.Module of your own, .* keeps it"):
        save_model(make(), tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_weights_that_must_not_be_read_are_not_called_damaged(saved, tmp_path, monkeypatch):
    def refuse(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("dnn.nn.weight_files.open", refuse, raising=False)  # the modes of a file bind no root
    with pytest.raises(PermissionError, match="Permission denied"):
        load_model(written(tmp_path, saved))


def test_an_empty_folder_is_refused(tmp_path, saved):
    with pytest.raises(ValueError, match=r"holds no saved model: it has no model\.json"):
        load_model(tmp_path)
    with pytest.raises(ValueError, match=r"weights\.safetensors is not there"):
        load_model(written(tmp_path, {STRUCTURE: saved[STRUCTURE]}))


def test_a_structure_is_described_alike_again():
    model = dnn.Sequential([dnn.Dense(2, 2, kernel_regularizer=dnn.L2(0.5)), dnn.Dropout(0.5)])
    assert model_state(model_from_state(model_state(model))) == model_state(model)


def test_every_layer_of_the_catalogue_is_kept_with_its_structure():
    """A new one gets a line in dnn/nn/embedding_arguments.py: what it was made with."""
    layers = {name: piece.subject() for name, piece in PIECES.items() if isinstance(piece, Layer)}
    states = {name: model_state(layer) for name, layer in layers.items() if isinstance(layer, tf.Module)}
    assert {name: state["own"]["reason"] for name, state in states.items() if "own" in state} == {}
