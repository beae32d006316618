"""The process beside a training: it answers as a call here would, and it never outlives who started it."""

import os
import re
import signal
import subprocess
import sys
from operator import add, mul, truediv

import numpy as np
import pytest
from ended import gone

from dnn import helper_process as module
from dnn.helper_process import HelperError, HelperProcess, helper_process
from dnn.report.boosting import BoostingTask, boosted
from dnn.train.history import write_curves

PARENT = """
import os, time
from dnn.helper_process import HelperProcess
helper = HelperProcess([])
print(helper.ask(os.getpid)(), flush=True)
helper.ask(time.sleep, 1000)
{}
"""


@pytest.fixture
def ask():
    helper = HelperProcess([])
    yield helper.ask
    helper.close()
    assert helper._process.poll() is not None


def test_answers_come_in_any_order_and_are_large_if_need_be(ask):
    large = np.arange(1_000_000)
    answers = [ask(add, large, 1), ask(mul, large, 2), ask(os.getpid)]
    assert answers[2]() != os.getpid()
    np.testing.assert_array_equal(answers[1](), large * 2)
    np.testing.assert_array_equal(answers[0](), large + 1)


def test_an_error_is_raised_where_the_answer_is_waited_for(ask):
    wrong, right = ask(truediv, 1, 0), ask(truediv, 1, 4)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        wrong()
    unknown = ask(exec, "class OfTheirOwn(Exception): pass\nraise OfTheirOwn('why')")
    with pytest.raises(RuntimeError, match="OfTheirOwn: why"):
        unknown()
    assert right() == 0.25


def test_what_a_function_prints_is_no_answer(ask, capfd):
    assert ask(print, "a library's chatter")() is None
    assert ask(os.write, 1, b"and its C's")() == 11
    assert capfd.readouterr().out == ""


def test_one_that_is_killed_says_so(ask):
    number = ask(os.getpid)()
    answer = ask(os.kill, number, signal.SIGKILL)
    with pytest.raises(HelperError, match="its process ended with exit code -9"):
        answer()
    with pytest.raises(HelperError, match="its process ended with exit code -9"):
        ask(add, 1, 1)()


@pytest.mark.parametrize("end", ["os._exit(0)", "raise SystemExit", "os.kill(os.getpid(), 9)", "helper.close()"])
def test_it_ends_with_who_started_it_whatever_it_is_at(end):
    process = subprocess.run([sys.executable, "-c", PARENT.format(end)], stdout=subprocess.PIPE, encoding="utf-8")
    assert gone(int(process.stdout))


def test_ctrl_c_at_the_terminal_does_not_reach_it(ask):
    assert ask(os.getpgrp)() != os.getpgrp()


def test_its_threads_do_not_spin_unless_one_wants_it(monkeypatch):
    """As those of OpenMP do where they wait for each other, which took 7 s of a processor from a training of 14."""
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    with helper_process([]) as ask:
        assert ask(os.getenv, "OMP_WAIT_POLICY")() == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    with helper_process([]) as ask:
        assert ask(os.getenv, "OMP_WAIT_POLICY")() == "ACTIVE"


def test_on_one_core_and_where_none_can_be_started_it_is_called_here_when_it_is_waited_for(monkeypatch):
    for where, value in (("_cores", lambda: 1), ("sys.executable", "/absent/python"), ("sys.executable", None)):
        with monkeypatch.context() as patch:
            patch.setattr(f"dnn.helper_process.{where}", value)
            called = []
            with helper_process([]) as ask:
                answer = ask(called.append, 1)
                assert called == []
                answer()
                assert called == [1]


def test_what_is_imported_at_once_may_be_absent_and_what_it_does_needs_no_tensorflow(tmp_path):
    task = BoostingTask(np.zeros((40, 1)), np.arange(40) % 2, None, np.zeros((3, 1)), [False], 2, 0)
    with helper_process(["json", "no_such_module"]) as ask:
        output, why = ask(boosted, task)()
        assert (output.shape, why) == ((3, 2), "")
        ask(write_curves, [{"epoch": 1, "loss": 2.0}], 1, tmp_path / "curves.png")()
        imported = ask(eval, "[*__import__('sys').modules]")()
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert {"json", "sklearn", "matplotlib"} <= set(imported)
    assert not {"tensorflow", "dnn.nn.modules"} & set(imported)


def test_it_imports_from_where_this_process_does_and_not_from_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "pickle.py").write_text("raise RuntimeError('taken from the current folder')", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module.sys, "path", [path for path in sys.path if path])
    with helper_process([]) as ask:
        assert ask(re.sub, "a", "b", "a")() == "b"
        assert ask(eval, "__import__('sys').path")() == sys.path
