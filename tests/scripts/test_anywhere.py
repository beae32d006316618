"""What scripts/anywhere.py makes of its conditions and of pytest's output."""

import argparse
import shutil
import subprocess

import pytest
from registering import written

from scripts import anywhere
from scripts.anywhere import HOME, QUICK, Condition, Result


def test_the_quick_tests_are_there():
    assert [name for name in QUICK if not (HOME / name).exists()] == []


def test_every_condition_is_another(tmp_path):
    conditions = anywhere.all_conditions(tmp_path)
    assert len({condition.name for condition in conditions}) == len(conditions) >= 12
    assert len({(str(c.variables), str(c.prefix)) for c in conditions}) == len(conditions)
    assert conditions[0] == Condition("this machine")


def test_no_compiler_is_found_among_the_linked_commands(tmp_path, monkeypatch):
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("c++", "g++-12", "x86_64-linux-gnu-g++", "clang++", "env", "gcc"):
        (commands / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{commands}:{tmp_path / 'absent'}")
    folders = list(anywhere.without_compilers(tmp_path / "links"))
    assert sorted(path.name for folder in folders for path in folder.iterdir()) == ["env", "gcc"]
    assert shutil.which("env", path=":".join(map(str, folders)))


def test_a_failure_is_counted_and_shown():
    result = Result("one core", {"passed": 1234, "failed": 1, "errors": 2}, 61.7, ["FAILED tests/test_a.py::test_b"])
    assert result.line() == "| one core | 1,234 | 3 | 0 | 62 |"
    page = anywhere.markdown([Result("x", left_out="no taskset"), result], quick=True)
    assert "| x | left out: no taskset | | | |\n| one core | 1,234 |" in page
    assert page.endswith("- one core: `FAILED tests/test_a.py::test_b`\n")
    assert "python scripts/anywhere.py --quick" in page


def ended(output, code, folder):
    """The result of a run that prints this and ends with this exit code."""
    arguments = argparse.Namespace(quick=True, n=0)
    condition = Condition("a crash", {}, ("sh", "-c", f"printf '{output}'; exit {code}"))
    return anywhere.run(condition, "python", arguments, folder)


def test_a_run_that_never_came_to_a_test_has_failed(tmp_path):
    result = ended("died", 3, tmp_path)
    assert result.counts == {}
    assert result.failures == ["exit code 3", "died"]
    assert result.line().startswith("| a crash | 0 | 1 |")


def test_a_run_without_a_summary_has_failed(tmp_path):
    assert ended("5 passed ducks", 0, tmp_path).failures == ["exit code 0", "5 passed ducks"]


def test_the_summary_is_the_last_line_that_tells_the_seconds(tmp_path):
    printed = "1 failed in 2.00s\\n12 passed, 3 skipped in 82.95s (0:01:22)\\nI0000 TensorFlow says goodbye to 7 errors"
    result = ended(printed, 0, tmp_path)
    assert (dict(result.counts), result.failures) == ({"passed": 12, "skipped": 3}, [])


def test_a_word_that_no_condition_has_is_an_error_of_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["anywhere.py", "--only", "core", "zzz"])
    with pytest.raises(SystemExit, match="2"):
        anywhere.main()
    assert "no condition's name holds 'zzz'; they are: this machine; " in capsys.readouterr().err


def test_the_words_choose(tmp_path):
    found = anywhere.chosen(anywhere.all_conditions(tmp_path), ["ONE CORE", "xla"])
    assert [condition.name for condition in found] == ["XLA as on AVX2", "XLA as on SSE4.2", "one core"]


@pytest.mark.parametrize("body", [None, "exit 3", '[ "$1" = -c ] && echo 3.99.0 || { echo no venv; exit 4; }'])
def test_a_python_that_fails_is_a_row_with_a_failure(body, tmp_path, capsys):
    python = tmp_path / "python"
    if body:
        written(python, f"#!/bin/sh\n{body}\n").chmod(0o755)
    (result,) = anywhere.tested([anywhere.of_python(str(python))], argparse.Namespace(quick=True, n=0), tmp_path)
    assert result.condition in (f"Python at {python}", "Python 3.99.0")
    assert str(python) in result.failures[0]
    assert result.line().startswith(f"| {result.condition} | 0 | 1 |")


def test_one_who_is_not_root_cannot_write_into_a_read_only_folder(tmp_path):
    condition = anywhere.not_as_root(tmp_path)
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o555)
    done = subprocess.run([*condition.prefix, "touch", str(folder / "x")], capture_output=True)
    assert condition.impossible or done.returncode
