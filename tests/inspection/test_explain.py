"""The page of a step has the numbers of the step, all of them; each gradient agrees with a finite difference."""

import cProfile
import functools
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

import dnn
from dnn.inspection.in_keras import compare_with_keras
from dnn.inspection.record import record_steps
from dnn.inspection.update_rules import update_decays, update_rules, update_steps
from dnn.train.rows import Rows

RANDOM = np.random.default_rng(0)
X, LABELS = RANDOM.normal(size=(6, 4)).astype(np.float32), np.array([0, 1, 2, 1, 0, 2])
KEY = tf.constant([0, 1, 0], tf.int32)
FEATURES = dnn.Features({"a": np.array([1.0, 3.0, 2.0]), "b": np.array(["u", "v", "w"], object)})
BATCH = Rows(tf.constant(X), tf.constant(LABELS, tf.int32))


class Parsed(HTMLParser):
    """The data of a page, its texts, and the addresses that it would load."""

    def __init__(self, page: str):
        super().__init__()
        self.texts, self.loads, self.canvases, self.inside, self.data = [], [], [], "", ""
        self.feed(page)
        self.numbers = json.loads(self.data)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.inside = "data" if named.get("id") == "data" else tag
        self.loads += [named[name] for name in ("src", "href") if name in named]
        self.canvases += [named["data-map"]] if "data-map" in named else []

    def handle_data(self, text):
        if self.inside == "data":
            self.data += text
        elif self.inside not in ("script", "style"):
            self.texts.append(text)

    def handle_endtag(self, tag):
        self.inside = ""


def three_layers() -> dnn.Sequential:
    return dnn.Sequential(
        [
            dnn.BatchNormalization(4),
            dnn.Dense(4, 5, kernel_regularizer=dnn.L2(0.1), seed=1),
            dnn.tanh,
            dnn.Dropout(0.25, seed=3),
            dnn.LayerNormalization(5),
            dnn.Dense(5, 3, activation=dnn.gelu, seed=2),
        ]
    )


class Own(tf.Module):
    """A module of a user's own, with a square that no piece of the package has."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(tf.reshape(tf.linspace(-1.0, 1.0, 12), [4, 3]))

    def __call__(self, x):
        return tf.square(x @ self.weight)


class Penalized(Own):
    """With a penalty of its own."""

    def penalty(self):
        return dnn.L2(0.1)(self.weight)


def one_layer_twice() -> dnn.Sequential:
    layer = dnn.Dense(4, 4, kernel_regularizer=dnn.L2(0.1), seed=1)
    return dnn.Sequential([layer, dnn.tanh, layer, lambda z: z * tf.constant(2.0), dnn.Dense(4, 3, seed=2)])


MODELS = {
    "mlp": lambda: dnn.mlp([4, 5, 3], seed=0),
    "layers": three_layers,
    "own": Own,
    "penalized": Penalized,
    "twice": one_layer_twice,
}
OPTIMIZERS = {
    "Adam": dnn.Adam,
    "AMSGrad": functools.partial(dnn.Adam, amsgrad=True),
    "AdamW": dnn.AdamW,
    "RMSprop": functools.partial(dnn.RMSprop, momentum=0.9),
    "SGD": dnn.SGD,
    "momentum": functools.partial(dnn.SGD, momentum=0.9),
    "clipped": lambda variables: dnn.ClipGradients(dnn.Adam(variables), global_clipnorm=0.1),
    "averaged": lambda variables: dnn.AverageWeights(dnn.SGD(variables)),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_gradients_are_finite_differences_of_the_loss(name):
    model = MODELS[name]()
    optimizer = dnn.Adam(model.trainable_variables)
    loss = dnn.sparse_softmax_cross_entropy
    (record,) = record_steps(model, loss, optimizer, [BATCH], seed=0)
    near = 2e-6 if name in ("mlp", "layers") else 5e-3  # what is not the package's computes in float32, with a larger h
    assert record.unlike_step == 0
    with tf.GradientTape() as tape:
        losses = loss(BATCH.y, model(BATCH.x, training=KEY) if name in ("mlp", "layers", "twice") else model(BATCH.x))
        mean = tf.reduce_mean(losses) + dnn.nn.regularizers.penalty(model)
    assert_allclose(record.values["mean"], mean, rtol=1e-6)
    for variable, gradient in zip(
        model.trainable_variables, tape.gradient(mean, model.trainable_variables), strict=True
    ):
        names = [each for each, other in record.step.variables.items() if other is variable]
        assert_allclose(record.gradients[names[0] if names else "model/outputs/0"], gradient, atol=1e-6)
    assert set(record.slopes) >= {"x", "losses", record.step.logits}
    for tensor, slopes in record.slopes.items():
        assert_allclose(slopes, record.gradients[tensor].ravel(), atol=near, rtol=near, err_msg=tensor)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_step_is_train_step_s_and_leaves_all_as_it_was(name):
    model = dnn.mlp([4, 3], seed=0)
    optimizer = OPTIMIZERS[name](model.trainable_variables)
    before = [variable.numpy() for variable in (*model.variables, *optimizer.variables)]
    (record,) = record_steps(model, dnn.sparse_softmax_cross_entropy, optimizer, [BATCH], seed=7)
    for variable, value in zip((*model.variables, *optimizer.variables), before, strict=True):
        assert_array_equal(variable, value)
    assert record.unlike_step == 0
    dnn.train.epoch.train_step(
        model, dnn.sparse_softmax_cross_entropy, optimizer, (), BATCH, tf.constant([7, 1, 0], tf.int32)
    )
    for tensor, variable in record.step.variables.items():
        assert_array_equal(variable, record.updates[tensor].after)


@pytest.mark.parametrize("name", [*OPTIMIZERS, "Nesterov", "centered"])
def test_the_step_that_is_told_is_what_was_subtracted(name):
    more = {"Nesterov": functools.partial(dnn.SGD, momentum=0.9, nesterov=True)}
    more["centered"] = functools.partial(dnn.RMSprop, centered=True)
    model = dnn.mlp([4, 3], seed=0)
    optimizer = (OPTIMIZERS | more)[name](model.trainable_variables)
    records = record_steps(model, dnn.sparse_softmax_cross_entropy, optimizer, [BATCH, BATCH], seed=0)
    for record in records:
        steps, decays = update_steps(record), update_decays(record)
        assert set(steps) == set(record.updates)
        assert bool(decays) == (name == "AdamW")
        for tensor, update in record.updates.items():
            expected = update.before.astype(np.float64) - decays.get(tensor, 0) - steps[tensor]
            assert_allclose(update.after, expected, rtol=1e-6, atol=1e-7, err_msg=tensor)


def test_a_step_of_a_clipped_gradient_is_told_only_where_it_needs_no_gradient():
    model = dnn.mlp([4, 3], seed=0)
    optimizer = dnn.ClipGradients(dnn.SGD(model.trainable_variables), clipvalue=0.01)
    (record,) = record_steps(model, dnn.sparse_softmax_cross_entropy, optimizer, [BATCH], seed=0)
    assert update_steps(record) == {}
    assert [rule.numbers for rule in update_rules(record).values()] == [""]


def test_alpha_is_a_number_of_the_page_and_of_each_step():
    page = dnn.explain(dnn.mlp([4, 3], seed=0), X, LABELS, steps=2, batch_size=3).html
    for t in (1, 2):
        assert f"<td>{1e-3 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t):.9g}</td>" in page


def test_what_a_schedule_gave_this_step_is_told_and_not_the_next_rate():
    model = dnn.mlp([4, 3], seed=0)
    optimizer = dnn.SGD(model.trainable_variables, learning_rate=lambda step: 0.5 / (step + 1))
    records = record_steps(model, dnn.sparse_softmax_cross_entropy, optimizer, [BATCH, BATCH], seed=0)
    assert [record.scalars["learning_rate"] for record in records] == [0.5, 0.25]


def test_columns_of_the_last_layer_are_classes_and_vectors_have_one_index():
    page = Parsed(dnn.explain(dnn.mlp([4, 5, 3], seed=0), X, LABELS, class_names=["no", "yes", "other"]).html)
    labels = {each["id"]: (each["rows"], each["columns"]) for each in page.numbers["maps"]}
    assert labels["layers/1/kernel:value"] == ([f"input {i}" for i in range(1, 6)], ["no", "yes", "other"])
    assert labels["layers/1/bias:value"] == ([""], ["no", "yes", "other"])
    assert labels["layers/0/bias:value"] == ([""], [f"unit {i}" for i in range(1, 6)])
    assert labels["layers/0/kernel:value"][0] == [f"feature {i}" for i in range(1, 5)]
    assert labels["mean:value"] == ([""], [""])


def test_two_steps_are_those_of_fit():
    model = three_layers()
    optimizer = dnn.Adam(model.trainable_variables)
    loss = dnn.sparse_softmax_cross_entropy
    batches = [Rows(tf.constant(X[rows]), tf.constant(LABELS[rows], tf.int32)) for rows in (slice(3), slice(3, 6))]
    records = record_steps(model, loss, optimizer, batches, seed=7)
    dnn.fit(
        model, (X, LABELS), loss=loss, optimizer=optimizer, batch_size=3, epochs=1, seed=7, shuffle=False,
        jit_compile=False,
    )  # fmt: skip
    for tensor, variable in records[1].step.variables.items():
        assert_allclose(variable, records[1].updates[tensor].after, atol=2e-6, err_msg=tensor)


def test_the_page_holds_every_number_of_the_steps_to_the_last_bit():
    model = dnn.mlp([4, 5, 3], seed=0)
    optimizer = dnn.Adam(model.trainable_variables)
    page = Parsed(dnn.explain(model, X, LABELS, optimizer=optimizer, steps=2, batch_size=3).html)
    batches = [Rows(tf.constant(X[rows]), tf.constant(LABELS[rows], tf.int32)) for rows in (range(3), range(3, 6))]
    records = record_steps(model, dnn.sparse_softmax_cross_entropy, optimizer, batches, seed=0)
    found = set()
    for numbers, record in zip(page.numbers["steps"], records, strict=True):
        expected = {f"{name}:value": value for name, value in record.values.items()}
        expected |= {f"{name}:gradient": gradient for name, gradient in record.gradients.items()}
        expected |= {f"{name}:new": update.after for name, update in record.updates.items()}
        for slot in ("m", "v"):
            expected |= {f"{name}:{slot}": update.slots_after[slot] for name, update in record.updates.items()}
        for name, array in expected.items():
            assert_array_equal(np.float32(numbers[name]), np.asarray(array).ravel(), err_msg=name)
        for name, slopes in record.slopes.items():
            assert_array_equal(numbers[f"{name}:gradient:difference"], slopes)
        found |= set(expected)
    assert found <= set(numbers)
    assert {f"{each}:value" for each in ("shifted", "probabilities")} < set(numbers)
    assert set(page.canvases) >= found - {"mean:gradient"}
    assert page.loads == []


def test_softmax_s_gradient_on_the_page_is_probability_minus_truth():
    page = Parsed(dnn.explain(dnn.mlp([4, 5, 3], seed=0), X, LABELS).html)
    numbers = page.numbers["steps"][0]
    probabilities = np.reshape(numbers["probabilities:value"], (6, 3))
    assert_allclose(
        np.reshape(numbers["layers/1/sums:gradient"], (6, 3)), (probabilities - np.eye(3)[LABELS]) / 6, atol=1e-7
    )


@pytest.mark.parametrize("name", ["Adam", "AMSGrad", "RMSprop", "momentum"])
def test_the_step_is_the_same_in_keras(name):
    model = dnn.Sequential(
        [
            dnn.BatchNormalization(4),
            dnn.Dense(4, 5, activation=dnn.tanh, kernel_regularizer=dnn.L2(0.1), seed=1),
            dnn.LayerNormalization(5),
            dnn.Dense(5, 3, seed=2),
        ]
    )
    optimizer, loss = OPTIMIZERS[name](model.trainable_variables), dnn.sparse_softmax_cross_entropy
    (record,) = record_steps(model, loss, optimizer, [BATCH], seed=0)
    apart = compare_with_keras(model, loss, optimizer, record, BATCH.y)
    assert apart.reason == ""
    assert set(apart.weights) == set(apart.gradients) == set(record.step.variables)
    assert len(apart.values) == 6
    assert max(*apart.values.values(), *apart.gradients.values(), *apart.weights.values()) < 5e-6
    page = Parsed(dnn.explain(model, X, LABELS, optimizer=optimizer).html)
    assert sum(text.startswith("Same in Keras: its values differ by at most ") for text in page.texts) == 6


def test_where_keras_is_not_compared_the_page_says_why():
    page = Parsed(dnn.explain(three_layers(), X, LABELS).html)
    assert "Not compared with Keras: Dropout draws other numbers in Keras." in page.texts


def test_large_tensors_are_sampled_and_the_page_says_so():
    page = Parsed(dnn.explain(dnn.mlp([200, 100, 2], seed=0), RANDOM.normal(size=(3, 200)), [0, 1, 1]).html)
    shown = {each["id"]: (len(each["rows"]), len(each["columns"])) for each in page.numbers["maps"]}
    rows, columns = shown["layers/0/kernel:value"]
    assert rows == columns < 100
    assert f"layers/0/kernel, 200 × 100, {rows} × {columns} of them shown" in page.texts
    assert len(page.numbers["steps"][0]["layers/0/kernel:gradient:difference"]) == rows * columns


def test_what_is_not_finite_stays_what_it_is():
    page = Parsed(dnn.explain(dnn.mlp([1, 2], seed=0), [[np.nan], [1.0]], [0, 1]).html)
    assert page.numbers["steps"][0]["losses:value"][0] == "NaN"


def test_the_users_texts_stay_texts():
    evil = "<script>alert(1)</script>"
    page = dnn.explain(
        dnn.mlp([1, 2], seed=0), [[1.0]], [1], feature_names=[evil], class_names=[evil, "</title>"],
        columns={evil: [evil]},
    ).html  # fmt: skip
    assert "<script>alert" not in page
    parsed = Parsed(page)
    assert evil in parsed.texts
    assert parsed.numbers["maps"][0]["columns"] == [evil]


def test_the_source_is_that_of_the_functions_that_ran():
    def shrinking_loss(labels, outputs):
        return dnn.mean_squared_error(labels, outputs) / 2

    page = Parsed(dnn.explain(dnn.mlp([4, 3, 1], seed=0), X, X[:, :1], loss=shrinking_loss).html)
    text = "".join(page.texts)
    for line in (
        "return dnn.mean_squared_error(labels, outputs) / 2",
        "tf.reduce_mean(tf.square(targets - predictions), axis=-1)",
        "return tf.matmul(x, kernel) + bias",
        "return tf.maximum(tf.zeros((), x.dtype), x)",
        "return m * tf.cast(alpha, m.dtype) / (tf.sqrt(v) + epsilon)",
    ):
        assert line in text
    assert "test_explain.py" in text
    assert "sgd_update" not in text


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((X, LABELS[:2]), {}, r"x must be \[rows, features\] and y \[rows, …\], got \(6, 4\) and \(2,\)"),
        ((X[:0], LABELS[:0]), {}, "x must be"),
        ((X, LABELS), {"steps": 0}, "steps must be 1 or more, and batch_size in"),
        ((X, LABELS), {"batch_size": 7}, r"batch_size in \[1, 6\], got 1 and 7"),
        ((np.zeros((300, 4)), np.zeros(300, int)), {}, r"at most 256 rows, got 300: pass x\[:8\], y\[:8\]"),
        ((X, LABELS), {"feature_names": ["a"]}, "feature_names must have 4 names, got 1"),
        ((X[:, :2], LABELS), {}, r"x must be \[\.\.\., 4\]|x must"),
        ((X, LABELS), {"columns": {"age": [1]}}, r"columns\['age'\] must have 6 cells, as x has rows, got 1"),
        (
            (X, LABELS),
            {"optimizer": dnn.SGD(dnn.mlp([4, 3]).trainable_variables)},
            "variables that are not the model's",
        ),
        ((X, LABELS), {"features": FEATURES}, "features are made of columns that are not given: a, b"),
        ((X, LABELS), {"features": FEATURES, "columns": {"a": range(6), "b": list("uvwuvw")}}, "must be x"),
        ((X, LABELS), {"class_names": ["a"]}, "class_names must have 3 names, got 1"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        dnn.explain(dnn.mlp([4, 3], seed=0), *arguments, **options)


def test_a_model_that_changes_its_variables_when_called_has_no_finite_differences():
    class Counting(Own):
        def __init__(self):
            super().__init__()
            self.calls = tf.Variable(0.0, trainable=False)

        def __call__(self, x):
            return super().__call__(x) * self.calls.assign_add(1.0)

    model = Counting()
    page = Parsed(dnn.explain(model, X, LABELS).html)
    assert model.calls.numpy() == 0
    assert any("No finite differences: calling the model changes its variables" in text for text in page.texts)
    assert any("are equal to those of fit's own step, to the last bit" in text for text in page.texts)


def test_the_rows_of_a_step_tell_how_their_cells_became_features():
    columns = {"a": [1.0, 3.0, 2.0], "b": ["u", "v", "w"], "y": ["no", "yes", "no"]}
    x = FEATURES({"a": np.array(columns["a"]), "b": np.array(columns["b"], object)}).numpy()
    model = dnn.mlp([4, 2], seed=0)
    page = Parsed(dnn.explain(model, x, [0, 1, 0], steps=3, batch_size=1, columns=columns, features=FEATURES).html)
    origins = page.numbers["origins"]
    assert [len(texts) for texts in origins] == [4, 4, 4]
    assert origins[1] == [
        "a 3: (3 − 2) / 0.816497 = 1.22474",
        "b is v, not u: 0",
        "b is v: 1 in the column of this value",
        "b is v, not w: 0",
    ]
    inputs = next(each for each in page.numbers["maps"] if each["id"] == "x:value")
    assert inputs["columns"] == ["a", "b=u", "b=v", "b=w"]
    text = "".join(page.texts)
    assert "(x − 2) / 0.816497" in text
    assert "v → b=v" in text


def test_the_origins_of_a_sampled_map_are_those_of_its_cells():
    table = {f"c{number}": np.arange(300.0) * (number + 1) for number in range(100)}
    features = dnn.Features(table)
    rows = {name: cells[:80] for name, cells in table.items()}
    x = features(rows).numpy()
    page = Parsed(dnn.explain(dnn.mlp([100, 2], seed=0), x, np.zeros(80, int), columns=rows, features=features).html)
    inputs = next(each for each in page.numbers["maps"] if each["id"] == "x:value")
    assert len(inputs["columns"]) < 100
    labels = [(row, column) for row in inputs["rows"] for column in inputs["columns"]]
    numbers = page.numbers["steps"][0]["x:value"]
    for text, (row, column), number in zip(page.numbers["origins"][0], labels, numbers, strict=True):
        cell = table[column][int(row.removeprefix("row ")) - 1]
        assert text.startswith(f"{column} {cell:g}: ")
        assert float(text.rpartition(" = ")[2]) == pytest.approx(number, rel=1e-4)


def test_a_model_with_python_s_if_over_tensors_is_traced_by_autograph():
    class Branching(Own):
        def __call__(self, x):
            z = super().__call__(x)
            if tf.reduce_sum(z) > 0:
                z = z * 2.0
            return z

    page = Parsed(dnn.explain(Branching(), X, LABELS).html)
    largest = next(text for text in page.texts if "the largest difference from a finite difference is" in text)
    assert float(re.search(r"difference is (\S+)\.", largest)[1]) < 5e-3
    assert any("are equal to those of fit's own step, to the last bit" in text for text in page.texts)


def test_of_a_wide_table_evenly_spaced_columns_are_shown():
    x = RANDOM.normal(size=(8, 5000)).astype(np.float32)
    columns = {f"column {index}": [*x[:, index]] for index in range(5000)}
    page = dnn.explain(dnn.mlp([5000, 30, 2], seed=0), x, LABELS[[0, 1] * 4], columns=columns).html
    assert "as the table has them, 60 of its 5,000 columns" in page
    assert len(page) < 500_000
    assert page.count("<td>") == 60 * 8 + 1  # and α
    assert re.findall(r"column \d+", page)[0] == "column 0"
    assert "column 4999" in page
    shown = {each["id"]: len(each["rows"]) for each in Parsed(page).numbers["maps"]}
    assert 4 <= shown["layers/0/kernel:value"] <= 20


def test_an_ensemble_is_explained_member_by_member():
    ensemble = dnn.ensemble_mlp([2, 3, 2], k=2, seed=0)
    x, y = np.ones((2, 2), np.float32), np.array([0, 1])
    with pytest.raises(ValueError, match=r"member by member: ensemble.member\(0\)"):
        dnn.explain(ensemble, x, y)
    assert "Dense" in dnn.explain(ensemble.member(1), x, y).html


def test_a_tabm_whose_members_share_weights_is_refused_as_such():
    with pytest.raises(ValueError, match="the members of a TabM, which share weights, are not explained"):
        dnn.explain(dnn.TabM([2, 3, 2], k=2, seed=0), np.ones((2, 2), np.float32), np.array([0, 1]))


def test_the_cells_of_a_series_are_counted_from_0_whatever_its_index():
    pandas = pytest.importorskip("pandas")
    cells = pandas.Series([f"cell {number}" for number in range(6)], index=[7, 5, 3, 4, 2, 1])
    page = dnn.explain(dnn.mlp([4, 3], seed=0), X, LABELS, columns={"a": cells}).html
    assert re.findall(r"<td>(cell \d)</td>", page) == list(cells)
    frame = pandas.DataFrame({"a": cells})
    assert dnn.explain(dnn.mlp([4, 3], seed=0), X, LABELS, columns=frame).html == page


def test_rows_that_fit_would_refuse_have_no_graph():
    x = np.where(X[3, 2] == X, np.nan, X)
    with pytest.raises(ValueError, match="the graph is that of fit, whose data: x has a NaN or an infinity.* row 3"):
        dnn.explain(dnn.mlp([4, 3], seed=0), x, LABELS, graph=True)


def test_a_profile_of_python_goes_on():
    profile = cProfile.Profile()
    profile.enable()
    dnn.explain(dnn.mlp([4, 3], seed=0), X, LABELS)
    str.upper("after")
    profile.disable()
    names = {str(entry.code) for entry in profile.getstats()}
    assert "<method 'upper' of 'str' objects>" in names
