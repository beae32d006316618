"""`python -m benchmarks` runs, whoever is installed, and refuses what cannot be before it measures anything."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks.__main__
import dnn
from benchmarks.processes import Processes, made
from benchmarks.questions import QUESTIONS

HOME = Path(dnn.__file__).parent.parent


class InThisProcess(Processes):
    """Peers in the test's own process, where TensorFlow and Keras are imported already."""

    def made(self, peer, module, name, *arguments, environment=(), **options):
        if environment:
            raise RuntimeError(f"in the test's own process, {environment} is not set")
        return made(module, name, *arguments, **options)


@pytest.fixture
def run(monkeypatch, capsys):
    """A function of arguments that returns what the command prints, or raises SystemExit."""

    def printed(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
        benchmarks.__main__.main()
        return capsys.readouterr().out

    monkeypatch.chdir(HOME)
    monkeypatch.setattr(benchmarks.__main__, "Processes", InThisProcess)
    return printed


def without(monkeypatch, *packages: str) -> None:
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed


def test_the_questions_are_listed_and_who_is_not_installed_is_left_out():
    """In a process of its own: nothing but the names may need a package."""
    peers = ("keras", "torch", "jax", "optax", "sklearn", "tensorflow")
    main = "runpy.run_module('benchmarks', run_name='__main__')"
    program = f"import runpy, sys; sys.modules |= dict.fromkeys({peers}); {main}"
    command = [sys.executable, "-c", program, "--list"]
    environment = os.environ | {"PYTHONPATH": str(HOME)}
    done = subprocess.run(command, cwd=HOME, env=environment, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    assert all(f"{name}: " in done.stdout for name in QUESTIONS)
    assert "left out: JAX, jit: jax and optax not installed; docs/benchmarks.md says how" in done.stdout
    assert "takes part" not in done.stdout


def test_a_quick_run_of_one_question_compares_with_keras(run, monkeypatch, tmp_path):
    without(monkeypatch, "torch", "jax", "sklearn")
    printed = run("--quick", "--only", "one_row", "--out", str(tmp_path))
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    answers = {answer["against"]: answer for answer in results["questions"]["one_row"]["answers"]}
    assert set(answers) == {"Keras predict", "calling the Keras model"}
    assert all(len(answer["our_values"]) == len(answer["their_values"]) == 2 for answer in answers.values())
    assert "| Keras predict |" in printed
    assert "Left out: PyTorch: torch not installed; docs/benchmarks.md" in printed
    assert not (tmp_path / "plot.png").exists()  # of one row there is nothing to draw


def test_a_peer_is_in_a_process_of_its_own():
    with Processes() as processes:
        orders = processes.made("ours", "jobs", "Job", "a job", (2, 3), 5, 10).orders(2)
        assert [sorted(order.tolist()) for order in orders] == [[*range(10)]] * 2
        assert processes._peers["ours"]._process.pid != os.getpid()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "absent.csv"], "absent.csv"),
        (
            ["--data", "dnn/data/bank-sample.csv", "--target", "deposit"],
            "has no column 'deposit'; its columns are age, ",
        ),
        (["--target", "y"], "--target is a column of --data, which is not given"),
        (["--data", "FILE"], "wrong.csv, line 3: 3 cells, but the header has 2"),
        (["--only", "one_row", "--out", "README.md"], "README.md"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_measured(run, capsys, tmp_path, arguments, message):
    file = tmp_path / "wrong.csv"
    file.write_text("age,deposit\n41,no\n42,yes,no\n", "utf-8")
    with pytest.raises(SystemExit) as ended:
        run(*(str(file) if argument == "FILE" else argument for argument in arguments))
    assert ended.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
