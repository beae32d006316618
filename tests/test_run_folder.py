"""The folder of a run: there from the start, it says in what state it is, and what broke off goes on from it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ended import gone
from modes import THOROUGH
from typer.testing import CliRunner

import dnn
from dnn.cli import app
from scripts.kill_test import main as kill

QUICK = ["--no-report", "--no-baselines", "--epochs", "4", "--patience", "4"]
SCRIPT = [sys.executable, "-m", "dnn"]


def command(*words):
    """Return (exit code, standard output, standard error)."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.stdout, result.stderr


def started(*words):
    """Return a process of its own."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    return subprocess.Popen([*SCRIPT, *map(str, words)], **pipes)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The first 600 rows of the sample."""
    path = tmp_path_factory.mktemp("data") / "sample.csv"
    path.write_text("".join(dnn.sample_path().read_text("utf-8").splitlines(keepends=True)[:601]), "utf-8")
    return path


@pytest.fixture
def broken_off(data, tmp_path, monkeypatch):
    """A run that failed in its third epoch."""
    show = dnn.report.voice.Voice.epochs

    def failing(voice, epochs):
        class Shown:
            def __enter__(self):
                self.lines = show(voice, epochs)
                self.tell = self.lines.__enter__()
                return self

            def __exit__(self, *exception):
                return self.lines.__exit__(*exception)

            def __call__(self, record, history):
                if record["epoch"] == 3:
                    raise MemoryError("as if")
                return self.tell(record, history)

        return Shown()

    with monkeypatch.context() as patch:
        patch.setattr(dnn.report.voice.Voice, "epochs", failing)
        code, _, told = command("train", data, "--out", tmp_path / "run", "--checkpoint-every", "1 epoch", *QUICK)
    assert (code, told) == (2, "error: not enough memory: as if\n")
    return tmp_path / "run"


def test_a_run_that_failed_says_so_and_goes_on_to_the_same_result(broken_off, data, tmp_path):
    state = json.loads((broken_off / "state.json").read_text("utf-8"))
    assert (state["state"], state["why"]) == ("failed", "MemoryError: as if")
    code, _, told = command("train", data, "--out", broken_off)
    assert (code, f"dnn train --resume {broken_off}" in told.replace("\n", "")) == (2, True)
    code, _, told = command("predict", broken_off, "--data", data)
    assert (code, "is a run that was failed; go on with it" in told) == (2, True)
    code, listed, _ = command("runs", tmp_path)
    assert listed.splitlines()[1].split()[:2] == ["run", "failed"]
    assert f"go on with it: dnn train --resume {broken_off}" in listed
    code, said, told = command("train", "--resume", broken_off)
    assert (code, "epoch   3" in said, "epoch   2" in said) == (0, True, False), told
    assert command("train", data, "--out", tmp_path / "whole", *QUICK)[0] == 0
    for name in ("network/weights.safetensors", "features.json", "history.csv", "metrics.json"):
        assert (broken_off / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert dnn.load(broken_off).fitted.model is not None
    assert not list(broken_off.glob(".*"))
    code, _, told = command("train", "--resume", broken_off)
    assert (code, "is finished: there is nothing to resume" in told) == (2, True)


def test_a_run_goes_on_with_its_own_options_and_data_alone(broken_off, data):
    code, _, told = command("train", "--resume", broken_off, "--epochs", 9)
    assert (code, "--epochs was decided when the run began" in told) == (2, True)
    rows = data.read_text("utf-8")
    try:
        data.write_text(rows + rows.splitlines(keepends=True)[-1], "utf-8")
        code, _, told = command("train", "--resume", broken_off)
        assert (code, ": sha256 was" in told.replace("\n", " ")) == (2, True)
    finally:
        data.write_text(rows, "utf-8")
    assert json.loads((broken_off / "state.json").read_text("utf-8"))["state"] == "failed"


def test_every_damaged_missing_or_foreign_file_of_a_run_is_named(data, tmp_path, caplog):
    """In an error if the prediction needs it, else in the log."""
    run = tmp_path / "run"
    assert command("train", data, "--out", run, *QUICK)[0] == 0
    needed = {"manifest.json", "state.json", "estimator.json", "features.json", "network"}
    for path in [path for path in run.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        fails = path.relative_to(run).parts[0] in needed
        for damaged in (bytes([content[0] ^ 1]) + content[1:], None):
            if damaged is None and path.name == "state.json":
                continue  # without it the folder is one that dnn.save wrote
            path.unlink() if damaged is None else path.write_bytes(damaged)
            caplog.clear()
            code, _, told = command("predict", run, "--data", data, "--out", tmp_path / "p.csv", "--force")
            assert (code, path.name in (told if fails else caplog.text).replace("\n", "")) == (2 * fails, True), path
        path.write_bytes(content)
    (run / "foreign.txt").touch()
    assert command("predict", run, "--data", data, "--out", tmp_path / "p.csv", "--force")[0] == 0
    assert "foreign.txt was not written by this package" in caplog.text


def test_a_run_finds_its_data_where_they_are_now(broken_off, data, tmp_path):
    moved = data.rename(tmp_path / "moved.csv")
    try:
        code, _, told = command("train", "--resume", broken_off)
        assert (code, "which is not there any more; name the data with --data" in told.replace("\n", " ")) == (2, True)
        code, said, told = command("train", "--resume", broken_off, "--data", moved)
        assert (code, said.splitlines()[0]) == (0, f"reading {broken_off} …"), told
    finally:
        moved.rename(data)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_first_moments_ends_with_its_code_and_leaves_nothing(number, data, tmp_path):
    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("it is ignored here, as nohup does, and stays so")
    process = started("train", data, "--out", tmp_path / "run")
    assert process.stdout.readline().startswith("reading")  # then TensorFlow is imported
    process.send_signal(number)
    _, told = process.communicate()
    assert (process.returncode, told) == (128 + number, "interrupted: nothing was saved\n")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_while_it_trains_ends_with_its_code_and_says_how_to_go_on(data, tmp_path):
    run = tmp_path / "run"
    process = started("train", data, "--out", run, "--epochs", 100000, "--patience", 100000)
    while not list(run.glob(".checkpoints/state-*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert f"go on with it: dnn train --resume {run}" in told
    assert json.loads((run / "state.json").read_text("utf-8"))["state"] == "interrupted"
    with pytest.raises(ValueError, match="is a run that was interrupted"):
        dnn.load(run)


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="only Linux names the children of a process")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_process_behind(number, data, tmp_path):
    process = started("train", data, "--out", tmp_path / "run", "--epochs", 100000, "--patience", 100000)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not list((tmp_path / "run").glob(".checkpoints/state-*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    (helper,) = map(int, children.read_text("utf-8").split())
    process.send_signal(number)
    process.communicate()
    assert gone(helper)


def test_a_wrong_interval_is_told_before_anything_is_read(tmp_path):
    code, said, told = command("train", tmp_path / "absent.csv", "--checkpoint-every", "5")
    assert (code, said, "absent.csv" in told) == (2, "", True)
    (tmp_path / "here.csv").touch()
    code, said, told = command("train", tmp_path / "here.csv", "--checkpoint-every", "5")
    assert (code, said, "--checkpoint-every: a checkpoint is kept every '500 steps'" in told) == (2, "", True)


def test_a_picture_that_fails_is_a_note_and_the_run_is_finished(data, tmp_path, monkeypatch):
    monkeypatch.setattr("dnn.training_run.write_curves", int)  # which takes no three arguments
    code, said, _ = command("train", data, "--out", tmp_path / "run", *QUICK)
    assert (code, "note: curves.png could not be made: TypeError: int" in said) == (0, True)
    assert dnn.load(tmp_path / "run")


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_processes_are_killed_and_what_goes_on_ends_the_same_to_the_bit():
    assert kill(["--kills", "5" if THOROUGH else "2", "--rows", "300", "--epochs", "25", "--seed", "1"]) == 0
