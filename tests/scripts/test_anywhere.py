"""What scripts/anywhere.py makes of its conditions and of pytest's output."""

import argparse
import shutil

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


def test_a_run_that_never_came_to_a_test_has_failed(tmp_path):
    arguments = argparse.Namespace(quick=True, n=0)
    crash = Condition("a crash", {}, ("sh", "-c", "echo died; exit 3"))
    result = anywhere.run(crash, "python", arguments, tmp_path)
    assert result.counts == {}
    assert result.failures == ["died"]
