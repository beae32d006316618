"""The command, as a person or a script meets it: what it prints, what it leaves, and how it refuses."""

import csv
import gzip
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import typer
from opens import opens_of
from typer.testing import CliRunner

import dnn
from dnn.cli import app
from dnn.files.manifest import renew_in_manifest
from dnn.helper_process import HelperProcess
from dnn.nn.modules import variable_paths
from dnn.startup import CHATTER

DNN = [sys.executable, "-c", "from dnn.cli import main; main()"]
THEN_GARBAGE = """
import gc
from dnn.cli import main
try:
    main()
finally:
    print(gc.get_freeze_count(), gc.isenabled())
"""
CONTENTS = {"config.json", "curves.png", "estimator.json", "features.json", "history.csv", "metrics.json", "network"}
CONTENTS |= {"report.html", "report.json", "state.json", "manifest.json"}
NETWORK = {"network/model.json", "network/weights.safetensors", "network/manifest.json"}
FILES = CONTENTS - {"network"} | NETWORK


def run(*arguments) -> str:
    """What a command prints that must succeed; baselines and report, slow ones, are left out unless asked for."""
    slow = ("baselines", "report") if arguments[0] == "train" else ()
    without = [f"--no-{option}" for option in slow if f"--{option}" not in arguments]
    result = CliRunner().invoke(app, [str(argument) for argument in (*arguments, *without)])
    assert result.exit_code == 0, result.output
    return result.output


def refusal(*arguments) -> str:
    """What a command prints on standard error that must refuse: exit code 2, one screen, no traceback."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert result.stderr.count("\n") < 20
    return result.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A run folder, trained for three epochs on the embedded sample."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    run("train", "--out", folder, "--epochs", 3, "--report")
    return folder


@pytest.fixture(scope="module")
def process(tmp_path_factory) -> tuple[subprocess.CompletedProcess, Path]:
    """The same training in a process of its own without a terminal, and its run folder; the garbage is counted last."""
    folder = tmp_path_factory.mktemp("process") / "run"
    command = [sys.executable, "-c", THEN_GARBAGE, "train", "--epochs", "3", "--no-baselines", "--out", str(folder)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True), folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """The folder that `dnn prepare` makes of the embedded sample."""
    folder = tmp_path_factory.mktemp("prepared") / "folder"
    run("prepare", "--out", folder)
    return folder


@pytest.fixture
def small(tmp_path) -> Path:
    """A file of two columns, on which a training is short."""
    return write_csv(tmp_path / "small.csv", [{"a": number % 7, "y": number % 2} for number in range(60)])


@pytest.fixture
def without_picture(monkeypatch):
    """Leaves curves.png out, which takes longer than a short training."""
    monkeypatch.setattr("dnn.training_run.write_curves", slice)  # it takes three arguments, and does nothing


@pytest.fixture
def sample_rows() -> list[dict[str, str]]:
    with open(dnn.sample_path(), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: list[dict]) -> Path:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_predictions(path: Path) -> list[tuple[str, float, float]]:
    with open(path, newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    assert header == ["label", "probability_no", "probability_yes"]
    return [(label, float(no), float(yes)) for label, no, yes in lines]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_train_leaves_a_run_folder_with_all_its_files(trained):
    assert {path.name for path in trained.iterdir()} == CONTENTS
    assert (trained / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert len((trained / "history.csv").read_text("utf-8").splitlines()) == 4
    test = json.loads((trained / "metrics.json").read_text("utf-8"))["test"]
    assert test["rows"] == 452
    assert test["majority_accuracy"] == pytest.approx(400 / 452)
    config = json.loads((trained / "config.json").read_text("utf-8"))
    assert config["arguments"]["seed"] == 0
    assert config["data"]["sha256"] == "09de0bb208744ae3f9856b3cdf80c47bc249e651fb3f42d21aff19f927e61f5a"


@pytest.mark.usefixtures("without_picture")
def test_a_second_run_gets_its_own_folder(tmp_path, small, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 1, 2, 3, 4, 5, tzinfo=tz)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dnn.training_run.datetime", Clock)
    for seed in range(2):
        run("train", "--epochs", 1, "--data", small, "--seed", seed)
    assert {path.name for path in Path("runs").iterdir()} == {"2026-01-02T03-04-05", "2026-01-02T03-04-05-2"}
    first, second = (dnn.load(folder).predictor_.model.layers[0].kernel for folder in sorted(Path("runs").iterdir()))
    assert not np.array_equal(first, second)


def test_an_existing_run_folder_is_refused_and_stays_as_it_was(trained):
    before = contents(trained)
    assert "exists already" in refusal("train", "--out", trained, "--epochs", 1)
    assert contents(trained) == before


@pytest.mark.usefixtures("without_picture")
def test_any_number_of_hidden_layers_can_follow_the_option(tmp_path, small):
    output = run(
        "train",
        "--preset",
        "article",
        "--hidden",
        64,
        32,
        16,
        "--data",
        small,
        "--epochs",
        1,
        "--out",
        tmp_path / "run",
    )
    assert "1 → 64 → 32 → 16 → 2" in output
    assert dnn.load(tmp_path / "run").predictor_.model.layers[1].kernel.shape == (64, 32)


@pytest.mark.usefixtures("without_picture")
def test_prepared_arrays_train_the_same_network_as_the_file_they_came_from(tmp_path, trained, prepared):
    run("train", "--data", prepared, "--epochs", 3, "--out", tmp_path / "run")
    for name in ("history.csv", "features.json", "metrics.json"):
        assert (tmp_path / "run" / name).read_bytes() == (trained / name).read_bytes()
    ours, theirs = (folder / "network" / "weights.safetensors" for folder in (tmp_path / "run", trained))
    assert ours.read_bytes() == theirs.read_bytes()


def test_predictions_keep_the_order_of_the_rows_and_need_no_target(tmp_path, trained, sample_rows):
    for row in sample_rows:
        del row["y"]
    data = write_csv(tmp_path / "new.csv", sample_rows)
    run("predict", trained, "--data", data, "--out", tmp_path / "all.csv")
    reversed_data = write_csv(tmp_path / "reversed.csv", sample_rows[::-1])
    run("predict", trained, "--data", reversed_data, "--out", tmp_path / "reversed_all.csv")
    forwards, backwards = (read_predictions(tmp_path / name) for name in ("all.csv", "reversed_all.csv"))
    assert len(forwards) == 4521
    for (label, no, yes), again in zip(forwards, reversed(backwards), strict=True):
        assert again == (label, pytest.approx(no, abs=1e-5), pytest.approx(yes, abs=1e-5))  # sums in another order
        assert no + yes == pytest.approx(1, abs=1e-6)
        assert label == ("yes" if yes > no else "no")


def test_evaluate_agrees_with_the_labels_of_predict(tmp_path, trained, sample_rows):
    output = run("evaluate", trained, "--data", dnn.sample_path())
    run("predict", trained, "--data", dnn.sample_path(), "--out", tmp_path / "out.csv")
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        predicted = [row["label"] for row in csv.DictReader(file)]
    right = sum(row["y"] == label for row, label in zip(sample_rows, predicted, strict=True))
    assert f"{right / 4521:.4f}" in output
    alone = run("evaluate", trained, "--data", dnn.sample_path(), "--quiet").splitlines()
    assert f"accuracy {right / 4521:.6g}" in alone
    assert [len(line.split()) for line in alone] == [2] * len(alone)


def test_unseen_categories_and_empty_cells_are_reported(tmp_path, trained, sample_rows):
    sample_rows[0]["job"] = sample_rows[1]["job"] = "astronaut"
    sample_rows[2]["age"] = ""
    data = write_csv(tmp_path / "new.csv", sample_rows)
    output = run("predict", trained, "--data", data, "--out", tmp_path / "out.csv")
    assert "age: 1 of 4,521 cells are empty; they get the training mean" in output
    assert "job: 2 of 4,521 rows have a value never seen in training; they get all zeros" in output


def test_gaps_are_reported_before_training_too(tmp_path, sample_rows):
    for row in sample_rows[::40]:
        row["age"] = ""
    output = run("prepare", "--data", write_csv(tmp_path / "gaps.csv", sample_rows), "--out", tmp_path / "folder")
    parts = r"\d+ of 3,617 train, \d+ of 452 validation, \d+ of 452 test"
    assert re.search(rf"note: age: {parts} cells are empty; they get the training mean", output)
    assert output.count("note: age") == 1


def test_the_default_target_is_one_of_the_columns_that_are_not_dropped(tmp_path):
    rows = [dict.fromkeys(("y", "deposit", "z"), str(number % 2)) for number in range(40)]
    data = write_csv(tmp_path / "t.csv", rows)
    for target, drop in (("deposit", []), ("y", ["deposit"]), ("z", ["deposit", "y"])):
        options = [option for name in drop for option in ("--drop", name)]
        if target == "z":
            assert "no column besides the target 'z'" in refusal(
                "prepare", "--data", data, "--out", tmp_path / "x", *options
            )
        else:
            output = run("prepare", "--data", data, "--out", tmp_path / target, *options)
            assert f"target: {target}, classes 0, 1" in output


@pytest.mark.usefixtures("without_picture")
def test_a_label_is_what_the_file_says_even_if_it_is_a_number(tmp_path):
    labels = ["01", "1234567890123456789", "1234567890123456788"]
    rows = [{"a": str(number % 7), "y": labels[number % 3]} for number in range(60)]
    data = write_csv(tmp_path / "labels.csv", rows)
    run("train", "--data", data, "--epochs", 1, "--out", tmp_path / "run")
    assert set(dnn.load(tmp_path / "run").predictor_.encoding.labels.names) == set(labels)
    run("evaluate", tmp_path / "run", "--data", data)


@pytest.mark.usefixtures("without_picture")
def test_a_class_may_look_like_markup(tmp_path):
    rows = [{"a": str(number % 7), "y": ["[/young]", "[old]"][number % 2]} for number in range(60)]
    output = run("train", "--data", write_csv(tmp_path / "m.csv", rows), "--epochs", 1, "--out", tmp_path / "run")
    assert "predicted [/young]" in output


@pytest.mark.usefixtures("without_picture")
def test_dropped_columns_are_not_read_and_may_be_absent_later(tmp_path, small):
    rows = [{"a": number % 7, "y": number % 2, "id": f"client {number}"} for number in range(1_500)]  # categories
    data = write_csv(tmp_path / "ids.csv", rows)
    assert "leave it out" in refusal("train", "--data", data, "--out", tmp_path / "run", "--target", "y")
    run("train", "--data", data, "--drop", "id", "--target", "y", "--epochs", 1, "--out", tmp_path / "run")
    for path in (data, small):
        run("predict", tmp_path / "run", "--data", path, "--out", tmp_path / "out.csv", "--force")


BAD_ARGUMENTS = [
    (["--batch-size", 0], "batch-size"),
    (["--patience", 0], "patience"),
    (["--epochs", 0], "epochs"),
    (["--hidden", 30, 0], "hidden"),
    (["--hidden", 30, -3], "hidden"),
    (["--hidden", "many"], "many"),
    (["--learning-rate", 0], "--learning-rate must be > 0"),
    (["--learning-rate", "nan"], "--learning-rate must be > 0"),
    (["--learning-rate", 1e30], "diverged"),
    (["--validation", 0.6, "--test", 0.6], "--validation and --test must leave rows to train on"),
    (["--target", "loan amount"], "has no column 'loan amount'; its columns are 'age', 'job'"),
    (["--drop", "loan amount"], "has no column 'loan amount'"),
    (["--scale", "magic"], "scale"),
    (["--data", "absent.csv"], "there is no file absent.csv"),
    (["absent.csv"], "there is no file absent.csv"),
    (["a.csv", "--data", "b.csv"], "the data were given twice"),
    (["--dropout", 1], "--dropout must be in [0, 1)"),
    (["--weight-decay", -1], "--weight-decay must be >= 0"),
    (["--cost", 1], "--cost takes two numbers"),
    (["--cost", 1, 2, "--min-recall", 0.5], "leave one out"),
    (["--task", "regression", "--class-weight", "balanced"], "--class-weight is for classes"),
    (["--task", "regression", "--cost", 1, 2], "--cost is for classes"),
    (["--task", "regression", "--min-recall", 0.5], "--min-recall is for classes"),
    (
        ["--task", "regression", "--monitor", "val_accuracy"],
        "val_accuracy is for classes, and --task regression predicts",
    ),
    (["--class-weight", "maybe=2"], "--class-weight, has 'maybe', which is no class: the classes are 'no', 'yes'"),
    (["--class-weight", "balanced", "yes=5"], "--class-weight must be balanced alone, or CLASS=NUMBER"),
    (["--class-weight", "yes=often"], "or CLASS=NUMBER such as yes=5, got yes=often"),
    (["--kind", "age=text"], "a kind is numeric or category"),
    (["--task", "regression"], "'no' is not a number"),
    (["--monitor", "val_magic"], "monitor"),
    (["--folds", 3, "--out", "run"], "--folds leaves no model"),
    (["--folds", 3, "--min-recall", 0.5], "--folds leaves no model"),
    (["--min-recall", 90], "--min-recall must be in [0, 1], got 90.0"),
    (["--target", "y", "--drop", "y"], "--drop leaves out 'y', which is the target"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_ARGUMENTS, ids=lambda value: str(value)[:40])
def test_train_refuses_a_bad_argument(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert message in refusal("train", *arguments)
    assert not list(tmp_path.rglob("*.npz"))


BAD_FILES = [
    ("", "is empty"),
    ("age,y\n", "a header but no rows"),
    ("age,y\n1,no\n2\n", "line 3: 1 cell, but the header has 2"),
    ("age,y\n1,no\n2,no\n", "one class, 'no'"),
    ("age,y\n" + "".join(f"{i},c{i}\n" for i in range(1001)), "1,001 different values"),
    ("n,y\n" + "".join(f"n{i},{i % 2}\n" for i in range(1500)), "bad.csv: column 'n' has 1,200 different values"),
    ("age,y\n" + "1,no\n" * 20 + "2,yes\n" * 2, "class 'yes' has 2 rows, too few to split"),
    ("age,y\n" + "1,no\n2,yes\n3,\n" * 9, "9 of 27 rows have no target 'y', the first in line 4"),
    ("age,y\n1,no\n-inf,yes\n", "line 3, column 'age'"),
    ("y\n" + "no\nyes\n" * 20, "no column besides the target"),
]


@pytest.mark.parametrize(("text", "message"), BAD_FILES, ids=[message for _, message in BAD_FILES])
def test_train_refuses_a_bad_file(tmp_path, text, message):
    (tmp_path / "bad.csv").write_text(text, "utf-8")
    assert message in refusal("train", "--data", tmp_path / "bad.csv", "--out", tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


def test_predict_refuses_what_does_not_fit_and_leaves_the_output_as_it_was(tmp_path, trained, sample_rows):
    out = tmp_path / "out.csv"
    out.write_text("precious", "utf-8")

    def refused(rows) -> str:
        return refusal("predict", trained, "--data", write_csv(tmp_path / "new.csv", rows), "--out", out, "--force")

    assert "line 3, column 'age': 'old' is not a number" in refused([sample_rows[0], sample_rows[1] | {"age": "old"}])
    assert "has no column 'job'" in refused([{k: v for k, v in sample_rows[0].items() if k != "job"}])
    assert "column 'job': training saw none of its 2 cells: 'cook'" in refused([sample_rows[0] | {"job": "cook"}] * 2)
    assert "is not a run folder" in refusal("predict", tmp_path, "--data", dnn.sample_path(), "--out", out, "--force")
    assert "exists already" in refusal("predict", trained, "--data", dnn.sample_path(), "--out", out)
    assert "is the data" in refusal("predict", trained, "--data", out, "--out", out, "--force")
    assert "is not a file" in refusal("predict", trained, "--data", dnn.sample_path(), "--out", "/dev/full", "--force")
    assert out.read_text("utf-8") == "precious"
    assert {path.name for path in tmp_path.iterdir()} == {"out.csv", "new.csv"}


def test_evaluate_refuses_a_file_without_the_target_or_with_an_unknown_class(tmp_path, trained, sample_rows):
    unlabelled = write_csv(tmp_path / "new.csv", [{k: v for k, v in sample_rows[0].items() if k != "y"}])
    assert "has no column 'y'" in refusal("evaluate", trained, "--data", unlabelled)
    odd = write_csv(tmp_path / "odd.csv", [sample_rows[0] | {"y": "perhaps"}])
    assert "'perhaps' is not one of 'no', 'yes'" in refusal("evaluate", trained, "--data", odd)


def test_every_command_that_reads_a_file_takes_a_limit_and_says_so_where_it_is_too_low(tmp_path, trained, prepared):
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"a,y\n" + b"1,2\n" * 1_000_000))
    new = ("--out", tmp_path / "new")
    commands = [("train", bomb, *new), ("prepare", bomb, *new), ("explain", bomb, *new), ("train", prepared, *new)]
    commands += [("predict", trained, "--data", bomb, *new), ("evaluate", trained, "--data", bomb)]
    for words in commands:
        told = refusal(*words, "--max-bytes", 10_000)
        named = prepared / "train.npz" if prepared in words else bomb
        assert f"error: {named} would take" in told
        assert "more than the 10,000 bytes that it may take; --max-bytes N, or max_bytes=N in Python" in told
        assert told.count("\n") == 1


def test_what_a_prepared_folder_decided_is_refused(tmp_path, prepared):
    for option, value in {"scale": "rescale", "validation": 0.3, "test": 0, "target": "y", "drop": "age"}.items():
        told = refusal("train", "--data", prepared, "--out", tmp_path / "run", f"--{option}", value)
        assert f"--{option} was decided when the folder was prepared" in told
    told = refusal("train", prepared, "--skip-unlabelled", "--out", tmp_path / "run")
    assert "--skip-unlabelled was decided when the folder was prepared" in told


def test_a_column_of_numbers_with_a_word_in_it_is_noted(tmp_path, sample_rows):
    sample_rows[7]["age"] = "unknown"
    data = write_csv(tmp_path / "na.csv", sample_rows)
    output = run("prepare", "--data", data, "--target", "y", "--out", tmp_path / "folder")
    told = "na.csv, line 9, column 'age': 4,520 of 4,521 cells are numbers, but 'unknown' (1 cell) makes it a category"
    assert f"note: {told}" in output


def test_what_is_imported_is_never_searched_for_garbage_and_the_rest_is(process):
    frozen, enabled = process[0].stdout.splitlines()[-1].split()
    assert int(frozen) > 10_000  # TensorFlow alone makes several times as many objects
    assert enabled == "True"


def test_an_interrupt_says_so_and_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("dnn.estimator.network.fit", interrupt)
    result = CliRunner().invoke(app, ["train", "--out", str(tmp_path / "run")])
    assert result.exit_code == 130
    assert result.stderr == "interrupted: nothing was saved\n"
    assert list(tmp_path.iterdir()) == []


def test_each_option_of_training_reaches_fit(tmp_path, small, monkeypatch):
    reached = {}

    def stop(model, train, validation, **options):
        reached.update(options, sizes=[layer.kernel.shape[0] for layer in model.layers])
        raise KeyboardInterrupt

    monkeypatch.setattr("dnn.estimator.network.fit", stop)
    options = {"batch-size": 7, "epochs": 3, "patience": 4, "min-delta": 0.5, "learning-rate": 0.25, "seed": 9}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    words += [
        "--preset",
        "article",
        "--no-jit",
        "--no-restore-best",
        "--hidden",
        "5",
        "6",
        "--data",
        str(small),
        "--out",
        str(tmp_path / "r"),
    ]
    CliRunner().invoke(app, ["train", *words])
    stopping = reached["early_stopping"]
    assert (reached["batch_size"], reached["epochs"], reached["seed"], reached["jit_compile"]) == (7, 3, 9, False)
    assert (stopping.patience, stopping.min_delta, stopping.restore_best_weights) == (4, 0.5, False)
    assert float(reached["optimizer"].learning_rate) == 0.25
    assert reached["sizes"] == [1, 5, 6]


def test_each_option_of_preparing_decides_the_parts(tmp_path, small):
    folder = tmp_path / "folder"
    options = {"scale": "rescale", "validation": 0.2, "test": 0.3, "seed": 3}
    run("prepare", "--data", small, "--out", folder, *(x for name in options for x in (f"--{name}", options[name])))
    parts = {name: np.load(folder / f"{name}.npz")["inputs"] for name in ("train", "validation", "test")}
    assert {name: len(inputs) for name, inputs in parts.items()} == {"train": 30, "validation": 12, "test": 18}
    assert (parts["train"].min(), parts["train"].max()) == (0, 1)
    options["seed"] = 4
    other = tmp_path / "other"
    run("prepare", "--data", small, "--out", other, *(x for name in options for x in (f"--{name}", options[name])))
    assert not np.array_equal(np.load(other / "test.npz")["inputs"], parts["test"])


def test_a_folder_that_cannot_be_written_is_refused_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *args: False)  # tests may run as root, who may write anywhere
    for command in (["train"], ["prepare"]):
        assert "cannot be written" in refusal(*command, "--out", tmp_path / "run")


def test_version_is_that_of_the_package():
    assert run("--version").startswith("dnn 0.")


def test_a_damaged_prepared_folder_is_refused(tmp_path, prepared):
    prepared = Path(shutil.copytree(prepared, tmp_path / "prepared"))
    whole = (prepared / "train.npz").read_bytes()
    (prepared / "train.npz").write_bytes(whole[: len(whole) // 2])
    assert "train.npz is truncated" in refusal("train", "--data", prepared, "--out", tmp_path / "run")
    np.savez(prepared / "train.npz", inputs=np.zeros((4, 51), np.float32))
    assert "no array 'targets'" in refusal("train", "--data", prepared, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert "is neither a run folder nor a prepared one" in refusal(
        "train", "--data", tmp_path, "--out", tmp_path / "run"
    )
    assert "exists already" in refusal("prepare", "--out", prepared)


def test_debug_lets_the_error_through_for_its_traceback(tmp_path):
    result = CliRunner().invoke(app, ["train", "--data", "absent.csv", "--out", str(tmp_path / "run"), "--debug"])
    assert isinstance(result.exception, FileNotFoundError)
    assert not app.pretty_exceptions_enable


def test_help_explains_every_option_and_imports_no_tensorflow():
    group = typer.main.get_command(app)
    for name, command in [("", group), *group.commands.items()]:
        assert command.help
        shown = " ".join(run(*filter(None, [name]), "--help").split())
        for option in command.params:
            assert option.help, (name, option.name)
            assert option.help.split()[0] in shown
    assert "(piecewise)" in run("train", "--help")  # the names of the scales stand between it and "default:"
    assert "(standardize)" in run("explain", "--help"), "one feature for each number, as its page shows"
    code = "import sys; from dnn.cli import app; app(['train', '--help'], standalone_mode=False)"
    loaded = subprocess.run(
        [sys.executable, "-c", f"{code}; print([m for m in ('tensorflow', 'numpy', 'pyarrow') if m in sys.modules])"],
        capture_output=True,
        encoding="utf-8",
    )
    assert loaded.stdout.splitlines()[-1] == "[]"


def test_without_a_terminal_nothing_but_plain_lines_reaches_the_screen(process):
    result, _ = process
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    epochs = [line for line in result.stdout.splitlines() if line.startswith("epoch")]
    assert len(epochs) == 3
    assert re.fullmatch(
        r"epoch   1\* loss \d\.\d{4}  accuracy \d\.\d{4}  val_loss \d\.\d{4}  val_accuracy \d\.\d{4}", epochs[0]
    )


def test_on_a_terminal_a_progress_bar_is_drawn_and_neither_tensorflow_nor_xla_is_heard(tmp_path):
    ours, theirs = pty.openpty()
    command = [
        *DNN,
        "train",
        "--epochs",
        "2",
        "--hidden",
        "4",
        "--jit",
        "--no-baselines",
        "--out",
        str(tmp_path / "run"),
    ]
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        try:
            while block := os.read(ours, 4096):
                shown += block
        except OSError:  # how a pseudo-terminal says that the other end is closed
            pass
    os.close(ours)
    assert process.returncode == 0
    assert "2/2" in shown.decode()
    assert "\x1b[" in shown.decode()
    assert not any(CHATTER.match(line) for line in shown.decode().splitlines())


def test_two_processes_with_one_seed_leave_the_same_bits(trained, process):
    here, there = contents(trained), contents(process[1])
    assert set(here) == set(there) == FILES
    of_time = {"config.json", "curves.png", "report.html", "report.json", "state.json", "manifest.json"}
    for name in FILES - of_time:
        assert here[name] == there[name], name


def test_training_opens_its_file_three_times(tmp_path, small, monkeypatch, without_picture):
    """Once for its header, once for its rows, once for the SHA-256 in config.json."""
    with opens_of(small, monkeypatch) as openers:
        run("train", "--data", small, "--epochs", 1, "--out", tmp_path / "run")
    assert sorted(openers) == ["arrow", "python", "python"]
    with opens_of(small, monkeypatch) as openers:
        run("evaluate", tmp_path / "run", "--data", small)
    assert sorted(openers) == ["arrow", "python"]


def results(*arguments) -> dict:
    """What a command prints with --json, and it prints nothing else."""
    return json.loads(run(*arguments, "--json"))


@pytest.fixture(scope="module")
def flats(tmp_path_factory) -> Path:
    """200 flats with an id, a town and a rent that the area decides but for a little."""
    random = np.random.default_rng(0)
    rows = [{"id": f"f{i}", "area": random.integers(20, 150), "town": ("Bonn", "Ulm")[i % 2]} for i in range(200)]
    rows = [row | {"rent": 8 * row["area"] + 90 + random.integers(-5, 5)} for row in rows]
    return write_csv(tmp_path_factory.mktemp("flats") / "flats.csv", rows)


FAST = ("--epochs", 60, "--learning-rate", 0.02, "--batch-size", 20, "--patience", 20, "--drop", "id")


@pytest.mark.usefixtures("without_picture")
def test_amounts_are_learnt_tested_predicted_and_exported(tmp_path, flats):
    folder = tmp_path / "run"
    output = run("train", flats, "--target", "rent", "--task", "regression", *FAST, "--out", folder)
    assert "target: rent, amounts" in output
    test = json.loads((folder / "metrics.json").read_text("utf-8"))["test"]
    assert test["r2"] > 0.9
    assert results("evaluate", folder, "--data", flats)["test"]["rmse"] < test["rmse_of_mean"]
    run("predict", folder, "--data", flats, "--out", tmp_path / "p.csv", "--keep", "id", "rent")
    with open(tmp_path / "p.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [f"f{i}" for i in range(200)]
    assert np.corrcoef(*([float(row[name]) for row in rows] for name in ("rent", "predicted")))[0, 1] > 0.95
    run("export", folder, "--out", tmp_path / "saved")
    prepared = tmp_path / "prepared"
    run("prepare", flats, "--target", "rent", "--task", "regression", "--drop", "id", "--out", prepared)
    run("train", prepared, *FAST[:-2], "--out", tmp_path / "again")
    assert json.loads((tmp_path / "again" / "metrics.json").read_text("utf-8"))["test"] == test


@pytest.mark.usefixtures("without_picture")
def test_a_target_that_looks_like_the_other_task_is_told_in_one_line(tmp_path, flats):
    told = refusal("train", flats, "--target", "rent", "--out", tmp_path / "run")
    assert "looks like an amount" in told
    assert "--task regression" in told
    assert told.count("\n") == 1


@pytest.mark.usefixtures("without_picture")
def test_json_and_quiet_are_for_programs(tmp_path, small):
    document = results("train", small, "--epochs", 1, "--out", tmp_path / "a")
    assert document["path"] == str(tmp_path / "a")
    assert document["test"] == json.loads((tmp_path / "a" / "metrics.json").read_text("utf-8"))["test"]
    assert run("train", small, "--epochs", 1, "--quiet", "--out", tmp_path / "b") == f"{tmp_path / 'b'}\n"
    folder = tmp_path / "a run"
    assert f'dnn predict "{folder}" --data' in run("train", small, "--epochs", 1, "--out", folder)


CONFIGS = {"prepare": "config.json", "train": "metrics.json"}


@pytest.mark.usefixtures("without_picture")
def test_the_config_of_a_run_repeats_it(tmp_path, small):
    first = ("--epochs", 2, "--hidden", 7, 5, "--seed", 4, "--optimizer", "sgd", "--dropout", 0.25)
    run("train", small, *first, "--activation", "tanh", "--class-weight", "balanced", "--out", tmp_path / "a")
    run("train", "--config", tmp_path / "a" / "config.json", "--out", tmp_path / "b")
    run("train", "--config", tmp_path / "a" / "config.json", "--out", tmp_path / "c", "--hidden", 6)
    other = shutil.copy(small, tmp_path / "other.csv")  # a file goes before the data of the earlier run
    run("train", other, "--config", tmp_path / "a" / "config.json", "--out", tmp_path / "d")
    assert json.loads((tmp_path / "d" / "config.json").read_text("utf-8"))["arguments"]["data"] == str(other)
    weights = [(tmp_path / name / "network" / "weights.safetensors").read_bytes() for name in "abc"]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]
    told = {command: refusal(command, "--config", tmp_path / "a" / name) for command, name in CONFIGS.items()}
    told = {command: re.sub(r"[\s│]+", " ", text) for command, text in told.items()}
    assert "of `dnn train`, not of `dnn prepare`" in told["prepare"]
    assert "is not the config.json of a run" in told["train"]
    assert "Value error" not in refusal("train", "--preset", "tabn")
    assert "no.json: No such file" in re.sub(r"[\s│]+", " ", refusal("train", "--config", "no.json"))


@pytest.mark.usefixtures("without_picture")
def test_a_threshold_is_chosen_on_validation_rows_and_kept(tmp_path, trained, sample_rows):
    output = run("train", "--epochs", 3, "--min-recall", 0.9, "--out", tmp_path / "run")
    threshold = float(re.search(r"threshold: 'yes' from the probability (\S+) on", output)[1])
    test = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))["test"]
    plain = json.loads((trained / "metrics.json").read_text("utf-8"))["test"]
    assert test["recall"]["yes"] > max(plain["recall"]["yes"], 0.7)
    run("predict", tmp_path / "run", "--data", dnn.sample_path(), "--out", tmp_path / "p.csv")
    for label, _, yes in read_predictions(tmp_path / "p.csv")[:500]:
        assert label == ("yes" if yes >= threshold * (1 - 1e-3) else "no") or abs(yes - threshold) < 1e-3


@pytest.mark.usefixtures("without_picture")
def test_baselines_stand_beside_the_result(tmp_path, small):
    output = run("train", small, "--epochs", 1, "--baselines", "--out", tmp_path / "run")
    found = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))["baselines"]
    assert set(found) == {"always guessing", "logistic regression", "gradient boosting"}
    for name in found:
        assert name in output


@pytest.mark.usefixtures("without_picture")
def test_that_only_the_network_has_a_threshold_stands_below_the_comparison(tmp_path, small):
    compared = ("train", small, "--epochs", 1, "--baselines", "--report")
    assert "by the threshold 0.5" in run(*compared, "--cost", 1, 5, "--out", tmp_path / "cost")
    assert "by the threshold 0.5" not in run(*compared, "--out", tmp_path / "plain")
    pages = [(tmp_path / name / "report.html").read_text("utf-8") for name in ("cost", "plain")]
    assert ["the others&#x27; accuracy is by 0.5" in page for page in pages] == [True, False]


@pytest.mark.usefixtures("without_picture")
def test_why_a_prepared_folder_has_no_gradient_boosting_is_told(tmp_path, small):
    run("prepare", small, "--out", tmp_path / "prepared")
    output = run("train", tmp_path / "prepared", "--epochs", 1, "--baselines", "--out", tmp_path / "run")
    assert "\n  gradient boosting: a prepared folder keeps no columns\n" in output


@pytest.mark.parametrize("options", [["--target", "y"], ["--target", "y", "--task", "regression"]])
def test_what_another_process_computes_beside_is_what_this_one_would(tmp_path, options, monkeypatch):
    """To the byte, also where categories, empty cells and amounts are handed over and back."""
    rows = [{"a": i % 7, "b": ("x", "z", "")[i % 3], "c": i % 5 or "", "y": i * i % 7 // 2} for i in range(150)]
    train = ["train", write_csv(tmp_path / "small.csv", rows), *options, "--epochs", 2, "--baselines", "--json"]
    asked, ask = [], HelperProcess.ask
    monkeypatch.setattr(
        HelperProcess, "ask", lambda helper, *call: asked.append(call[0].__name__) or ask(helper, *call)
    )
    monkeypatch.setattr("dnn.helper_process._cores", lambda: 2)
    there = json.loads(run(*train, "--out", tmp_path / "there"))
    monkeypatch.setattr("dnn.helper_process._cores", lambda: 1)
    here = json.loads(run(*train, "--out", tmp_path / "here"))
    assert asked == ["boosted", "write_curves"]
    assert "gradient boosting" in here["baselines"]
    assert {**there, "path": ""} == {**here, "path": ""}
    for name in ("metrics.json", "curves.png"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_a_large_table_is_not_handed_to_another_process(tmp_path, small, monkeypatch):
    monkeypatch.setattr("dnn.baseline_run.MOST_CELLS", 50)
    monkeypatch.setattr("dnn.baseline_run.boosted", None)  # so that handing it over would fail
    output = run("train", small, "--epochs", 1, "--baselines", "--out", tmp_path / "run")
    assert re.search(r"gradient boosting +\d\.\d{4}", output)


def test_another_process_that_is_killed_is_told_in_one_line_and_the_run_goes_on(tmp_path, small, monkeypatch):
    class Killed(HelperProcess):
        def __init__(self, modules):
            super().__init__(modules)
            self._process.kill()

    monkeypatch.setattr("dnn.helper_process.HelperProcess", Killed)
    monkeypatch.setattr("dnn.helper_process._cores", lambda: 2)
    output = run("train", small, "--epochs", 1, "--baselines", "--out", tmp_path / "run")
    assert "\n  gradient boosting: its process ended with exit code -9\n" in output
    assert "\nrun folder: " in output
    assert (tmp_path / "run" / "curves.png").read_bytes().startswith(b"\x89PNG")  # drawn by the process itself
    assert dnn.load(tmp_path / "run")


def test_folds_leave_a_table_and_no_folder(tmp_path, monkeypatch, small):
    monkeypatch.chdir(tmp_path)
    document = results("train", small, "--folds", 3, "--epochs", 2)
    assert len(document["folds"]) == 3
    assert "± sd" in run("train", small, "--folds", 2, "--epochs", 1)
    assert not Path("runs").exists()


@pytest.mark.usefixtures("without_picture")
def test_rows_without_a_target_are_skipped_if_one_says_so(tmp_path, sample_rows):
    for row in sample_rows[::10]:
        row["y"] = ""
    data = write_csv(tmp_path / "gaps.csv", sample_rows)
    assert "453 of 4,521 rows have no target" in refusal("train", data, "--out", tmp_path / "run")
    output = run("train", data, "--skip-unlabelled", "--target", "y", "--epochs", 1, "--out", tmp_path / "run")
    assert "4,068 rows" in output
    told = "453 of 4,521 rows have no target 'y' and are left out"
    assert f"note: {told}" in output
    tested = results("evaluate", tmp_path / "run", "--data", data, "--skip-unlabelled")
    assert tested["test"]["rows"] == 4068
    assert tested["notes"][0] == told


@pytest.mark.usefixtures("without_picture")
def test_a_kind_and_a_marker_can_be_given(tmp_path):
    rows = [{"branch": 1 + i % 4, "income": "-1" if i % 9 == 0 else 100 + i, "y": i % 2} for i in range(80)]
    data = write_csv(tmp_path / "t.csv", rows)
    output = run("train", data, "--kind", "branch=category", "--missing=-1", "--epochs", 1, "--out", tmp_path / "run")
    assert "categories, one-hot: branch (4)" in output
    assert "income: 9 of" in output or re.search(r"income: \d+ of \d+ train(, .*)? cells are empty", output)
    table = dnn.load(tmp_path / "run").predictor_.encoding.read(data)
    assert np.isnan(table.columns["income"]).sum() == 9


def test_what_is_wrong_at_once_is_told_without_tensorflow(tmp_path):
    code = "import sys; from dnn.cli import app; app(sys.argv[1:], standalone_mode=False)"
    program = f"import sys\ntry:\n    {code}\nfinally:\n    print('tensorflow' in sys.modules)"
    for arguments in (["absent.csv"], ["--out", str(tmp_path)], ["--test", "2"]):
        done = subprocess.run(
            [sys.executable, "-c", program, "train", *arguments], capture_output=True, encoding="utf-8"
        )
        assert done.stdout == "False\n"
        assert done.stderr.startswith("error: ")


def test_a_kept_column_is_the_text_of_the_file_also_where_training_reads_it_as_a_number(tmp_path):
    rows = [{"zip": f"{i % 7:05d}", "note": " NA ", "y": ("no", "yes")[i % 2]} for i in range(60)]
    data = write_csv(tmp_path / "t.csv", rows)
    run("train", data, "--epochs", 1, "--drop", "note", "--out", tmp_path / "run")
    run("predict", tmp_path / "run", "--data", data, "--keep", "zip,note", "--out", tmp_path / "p.csv")
    with open(tmp_path / "p.csv", newline="", encoding="utf-8") as file:
        kept = [(row["zip"], row["note"]) for row in csv.DictReader(file)]
    assert kept == [(row["zip"], row["note"]) for row in rows]


def test_explain_writes_the_first_steps_as_a_page(tmp_path):
    out = tmp_path / "new" / "step.html"
    text = run("explain", "--rows", 2, "--steps", 2, "--hidden", 3, "--out", out)
    assert f"page: {out}" in text
    page = out.read_text("utf-8")
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert len(data["steps"]) == 2
    inputs = next(each for each in data["maps"] if each["id"] == "x:value")
    assert inputs["columns"][:2] == ["age", "balance"]
    assert inputs["rows"] == ["row 1", "row 2"]
    assert "<td>married</td>" in page
    assert "A new network, seed 0, that has learnt nothing yet; training rows of the embedded sample." in page
    assert re.search(r'<th scope="col"[^>]*>y</th><th scope="col"[^>]*>age</th>', page), "the target comes first"
    assert "exists already" in refusal("explain", "--out", out)
    run("explain", "--rows", 2, "--hidden", 0, "--task", "regression", "--target", "balance", "--out", out, "--force")
    assert "mean_squared_error" in out.read_text("utf-8")


def test_explain_takes_a_prepared_folder_and_shows_the_graph_of_a_step(tmp_path):
    run("prepare", "--out", tmp_path / "prepared")
    run("explain", tmp_path / "prepared", "--rows", 2, "--hidden", 0, "--graph", "--out", tmp_path / "step.html")
    page = (tmp_path / "step.html").read_text("utf-8")
    assert "as the table has them" not in page
    assert 'id="time-lines"' in page


def test_explain_shows_a_step_of_a_trained_network_with_the_settings_of_its_run(tmp_path, small):
    run("train", "--data", small, "--epochs", 2, "--out", tmp_path / "run", "--optimizer", "sgd", "--hidden", 3)
    model = dnn.load(tmp_path / "run").fitted.model
    for options in ([], ["--data", small]):  # that of the run is found
        out = tmp_path / f"step{len(options)}.html"
        text = run("explain", "--run", tmp_path / "run", *options, "--rows", 4, "--out", out)
        assert "the optimizer begins anew" in text
        assert f"The trained network of {tmp_path / 'run'}, on the first rows of {small}" in out.read_text("utf-8")
        page = out.read_text("utf-8")
        data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
        numbers = data["steps"][0]
        for name, variable in variable_paths(model).items():
            np.testing.assert_array_equal(np.float32(numbers[f"{name}:value"]), variable.numpy().ravel())
            change = -np.float32(0.001) * np.float32(numbers[f"{name}:gradient"])  # SGD's, without momentum
            np.testing.assert_allclose(numbers[f"{name}:change"], change, atol=1e-7)
        assert len(data["origins"][0]) == len(numbers["x:value"])


def test_explain_of_a_run_takes_its_weight_decay_and_rows_with_known_labels_alone(tmp_path):
    rows = [{"a": number % 7, "y": ("no", "yes", "")[number % 3]} for number in range(60)]
    data, out = write_csv(tmp_path / "t.csv", rows), tmp_path / "step.html"
    decay = ("--weight-decay", 0.5, "--skip-unlabelled")
    run("train", data, "--target", "y", "--epochs", 1, "--hidden", 3, *decay, "--out", tmp_path / "run")
    explain = ("explain", "--run", tmp_path / "run", "--out", out)
    assert "20 of 60 rows have no target" in refusal(*explain)
    assert "note: 20 of 60 rows have no target 'y' and are left out" in run(*explain, "--skip-unlabelled", "--rows", 4)
    page = out.read_text("utf-8")
    assert "<h3>weight decay</h3>" in page
    assert [re.search(rf"<t[dh]>{label}</t[dh]>", page) is not None for label in ("no", "yes")] == [True, True]
    unknown = write_csv(tmp_path / "u.csv", [row for row in rows if row["y"]] + [{"a": 1, "y": "maybe"}])
    assert "maybe" in refusal(*explain, "--data", unknown, "--force")
    (tmp_path / "prepared").mkdir()
    text = refusal(*explain, "--data", tmp_path / "prepared", "--force")
    assert "prepared is a folder; with --run, --data takes the file that it was prepared from" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hidden", 3], "--hidden was decided when the run was trained; leave it out"),
        (["--target", "y"], "--target was decided when the run was trained; leave it out"),
        (["--rows", 0], "--rows must be from 1 to 256, got 0"),
        (["--steps", 21], "--steps must be from 1 to 20, got 21"),
    ],
)
def test_options_of_explain_that_cannot_be_are_refused_in_one_line(tmp_path, trained, options, message):
    assert message in refusal("explain", "--run", trained, *options, "--out", tmp_path / "step.html")


def test_explain_of_a_run_needs_the_target_and_says_why(tmp_path, trained, sample_rows):
    rows = [{name: cell for name, cell in row.items() if name != "y"} for row in sample_rows[:9]]
    data = write_csv(tmp_path / "new.csv", rows)
    text = refusal("explain", "--run", trained, "--data", data, "--out", tmp_path / "step.html")
    assert "has no column 'y', the target: a training step needs it" in text


def test_explain_asks_for_data_where_those_of_the_run_are_gone(tmp_path, small):
    data = Path(shutil.copy(small, tmp_path / "gone.csv"))
    run("train", "--data", data, "--epochs", 1, "--out", tmp_path / "run")
    data.unlink()
    text = refusal("explain", "--run", tmp_path / "run", "--out", tmp_path / "step.html")
    assert "gone.csv, are no file; name a file with --data" in text
    for content in ("{}", "[]"):
        (tmp_path / "run" / "config.json").write_text(content, "utf-8")
        renew_in_manifest(tmp_path / "run", "config.json")
        text = refusal("explain", "--run", tmp_path / "run", "--out", tmp_path / "step.html")
        assert "it is not known what it was trained on" in text
    (tmp_path / "run" / "config.json").unlink()
    text = refusal("explain", "--run", tmp_path / "run", "--out", tmp_path / "step.html")
    assert "it is not known what it was trained on; name a file with --data" in text
