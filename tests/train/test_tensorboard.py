"""Event files: TensorBoard's own reader finds in them what the history has, and its own histograms are ours."""

import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

import dnn
from dnn.cli import app
from dnn.nn.modules import variable_paths
from dnn.train.tensorboard import TensorBoard, histogram

needs_tensorboard = pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard")
LOSS = dnn.sparse_softmax_cross_entropy


def rows(count=60):
    x = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    return x, (x[:, 0] > 0).astype(np.int32)


def read(folder):
    """What TensorBoard reads: tensors by tag and step, the plugin of each tag, and the reader itself."""
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is not installed"
    )
    reader = accumulator.EventAccumulator(str(folder), accumulator.STORE_EVERYTHING_SIZE_GUIDANCE)
    reader.Reload()
    events = {tag: reader.Tensors(tag) for tag in reader.Tags()["tensors"]}
    found = {tag: {event.step: tf.make_ndarray(event.tensor_proto) for event in each} for tag, each in events.items()}
    return found, {tag: reader.SummaryMetadata(tag).plugin_data.plugin_name for tag in found}, reader


def scalars(folder):
    found, plugins, _ = read(folder)
    return {
        tag: [values[step] for step in sorted(values)] for tag, values in found.items() if plugins[tag] == "scalars"
    }


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A fit of three epochs with its event files, its history and its model."""
    folder = tmp_path_factory.mktemp("logs") / "first"
    model = dnn.Sequential([*dnn.mlp([3, 4], seed=0).layers, dnn.Dropout(0.5, seed=0), dnn.Dense(4, 2, seed=1)])
    optimizer = dnn.Adam(model.trainable_variables, dnn.ExponentialDecay(0.01, 10, 0.5))
    board = TensorBoard(folder, model, optimizer=optimizer, loss=LOSS, data=rows())
    history = dnn.fit(
        model, rows(), rows(20), loss=LOSS, optimizer=optimizer, batch_size=20, epochs=3, callbacks=[board]
    )
    return folder, history, model


def test_every_scalar_is_the_historys(trained):
    folder, history, _ = trained
    found = scalars(folder)
    rates = found.pop("learning_rate")
    assert set(found) == {"loss", "accuracy", "val_loss", "val_accuracy"} == set(history.history)
    for name, values in history.history.items():
        np.testing.assert_array_equal(found[name], np.float32(values), name)
    np.testing.assert_allclose(rates, [0.01 * 0.5 ** (steps / 10) for steps in (3, 6, 9)], rtol=1e-6)


def test_a_histogram_of_each_weight_and_its_gradient_is_kept_of_each_epoch(trained):
    folder, _, model = trained
    found, plugins, _ = read(folder)
    variables = variable_paths(model)
    for kind in ("weights", "gradients"):
        for name, variable in variables.items():
            epochs = found[f"{kind}/{name}"]
            assert plugins[f"{kind}/{name}"] == "histograms"
            assert sorted(epochs) == [1, 2, 3]
            assert {values[:, 2].sum() for values in epochs.values()} == {variable.numpy().size}
    for name, variable in variables.items():
        np.testing.assert_array_equal(found[f"weights/{name}"][3], histogram(variable.numpy()))


def test_the_gradients_are_those_of_the_mean_loss_after_the_epoch(trained):
    folder, _, model = trained
    kernel, (x, y) = model.layers[0].kernel, rows()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(LOSS(y, model(x)))
    values = read(folder)[0]["gradients/layers/0/kernel"][3]
    gradient = tape.gradient(loss, kernel).numpy()
    np.testing.assert_allclose([values[0, 0], values[-1, 1]], [gradient.min(), gradient.max()], atol=1e-7)


def test_the_graph_is_that_of_a_step_with_its_optimizer(trained):
    operations = [node.op for node in read(trained[0])[2].Graph().node]
    assert operations.count("MatMul") == 5  # two forward, two kernels' gradients, one back to the hidden layer
    assert "AssignSubVariableOp" in operations


@needs_tensorboard
@pytest.mark.parametrize("values", [np.arange(7.0), np.full((2, 3), 2.5), np.zeros(0), np.array([-1e30, 1e30])])
def test_histograms_are_those_of_tensorboard(values):
    theirs = pytest.importorskip(
        "tensorboard.plugins.histogram.summary_v2", reason="tensorboard is not installed"
    ).histogram_pb("x", values)
    expected = tf.make_ndarray(theirs.value[0].tensor)
    ours = histogram(values)
    np.testing.assert_allclose(ours[:, :2], expected[:, :2], rtol=1e-12)
    np.testing.assert_array_equal(ours[:, 2], expected[:, 2])


def test_numbers_that_are_not_finite_are_left_out_of_a_histogram():
    np.testing.assert_array_equal(histogram(np.array([np.nan, 1.0, 2.0, np.inf])), histogram(np.array([1.0, 2.0])))


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_data_of_another_dtype_are_those_of_the_model_and_the_penalty_counts_in_256_rows(tmp_path, dtype):
    kernel_regularizer = dnn.L2(0.1)
    model = dnn.Sequential([dnn.Dense(3, 2, seed=0, kernel_regularizer=kernel_regularizer)])
    x, y = (10 * rows(300)[0]).astype(dtype), rows(300)[1]
    board = TensorBoard(tmp_path, model, loss=LOSS, data=(x, y))
    board({"epoch": 1, "loss": 0.5}, dnn.History())
    kernel = model.layers[0].kernel
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(LOSS(y[:256], model(np.float32(x[:256])))) + 0.1 * tf.reduce_sum(kernel**2)
    gradient = tape.gradient(loss, kernel).numpy()
    values = read(tmp_path)[0]["gradients/layers/0/kernel"][1]  # read while the writer is open: it was flushed
    np.testing.assert_allclose([values[0, 0], values[-1, 1]], [gradient.min(), gradient.max()], rtol=1e-5)


def test_figures_alone_need_no_model(tmp_path):
    board = TensorBoard(tmp_path / "logs")
    board({"epoch": 1, "loss": 0.5}, dnn.History())
    board({"epoch": 1, "loss": 0.25}, dnn.History())  # a second fit
    assert scalars(tmp_path / "logs") == {"loss": [0.5, 0.25]}


@pytest.mark.parametrize("shared", [False, True], ids=["Ensemble", "TabM"])
def test_an_ensemble_is_written_and_a_fit_that_goes_on_appends(tmp_path, shared):
    model = dnn.TabM([3, 4, 2], 2, seed=0) if shared else dnn.ensemble_mlp([3, 4, 2], 2, seed=0)
    optimizer = dnn.Adam(model.trainable_variables)
    for epochs, append in ((1, False), (3, True)):
        board = TensorBoard(tmp_path, model, optimizer=optimizer, loss=LOSS, data=rows(), append=append)
        options = {"epochs": epochs, "callbacks": [board], "checkpoint": tmp_path / "state"}
        history = dnn.fit(model, rows(), loss=LOSS, optimizer=optimizer, **options)
    np.testing.assert_array_equal(scalars(tmp_path)["loss"], np.float32(history["loss"]))


def test_a_folder_with_the_events_of_another_run_is_refused(tmp_path):
    TensorBoard(tmp_path)({"epoch": 1, "loss": 0.5}, dnn.History())
    with pytest.raises(
        FileExistsError, match="holds the event files of another run, maybe one that broke off; choose another or"
    ):
        TensorBoard(tmp_path)


def test_a_file_is_refused(tmp_path):
    (tmp_path / "logs").write_text("", "utf-8")
    with pytest.raises(FileExistsError, match="logs is a file"):
        TensorBoard(tmp_path / "logs")


@pytest.fixture
def train(tmp_path, monkeypatch):
    """A function that runs `dnn train` on a small file in a folder of its own, and returns exit code and output."""
    monkeypatch.chdir(tmp_path)
    lines = ["a,y", *(f"{number},{'no' if number < 30 else 'yes'}" for number in range(60))]
    (tmp_path / "small.csv").write_text("\n".join(lines), "utf-8")

    def train(*options):
        fixed = ["small.csv", "--epochs", "2", "--no-baselines", "--no-report"]
        result = CliRunner().invoke(app, ["train", *fixed, *map(str, options)])
        return result.exit_code, result.output

    return train


def test_each_run_of_the_command_has_a_folder_of_its_name(train, tmp_path):
    for name in ("one", "two"):
        code, output = train("--out", f"runs/{name}", "--tensorboard", "logs")
        assert code == 0, output
        assert "event files: tensorboard --logdir logs" in output
        lines = (tmp_path / "runs" / name / "history.csv").read_text("utf-8").splitlines()
        names = lines[0].split(",")[1:]
        found = scalars(tmp_path / "logs" / name)
        assert set(found) == {*names, "learning_rate"}
        for index, column in enumerate(names, start=1):
            expected = [np.float32(line.split(",")[index]) for line in lines[1:]]
            np.testing.assert_array_equal(found[column], expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--out", "run", "--tensorboard", "small.csv"), "small.csv is not a folder that may be written to"),
        (("--out", "taken", "--tensorboard", "."), "taken exists already"),
        (("--out", "taken", "--tensorboard", "."), "if a run that broke off left it, delete it"),
        (("--folds", 2, "--tensorboard", "logs"), "--folds trains several networks: leave out --tensorboard"),
    ],
)
def test_a_folder_that_cannot_be_made_is_refused_in_one_line(train, tmp_path, options, message):
    if "taken" in options:
        (tmp_path / "taken.d").mkdir()
        options = ("--out", "taken.d/taken", "--tensorboard", ".")
        (tmp_path / "taken").mkdir()
    code, output = train(*options)
    (line,) = output.strip().splitlines()
    assert (code, message in line) == (2, True), output
