"""What the benchmarks claim: by whole intervals, never above the roof, with failures and the machine's load."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import benchmarks.__main__ as command
from benchmarks import load
from benchmarks.answers import Answer, Failure, Findings, Start
from benchmarks.intervals import median_interval
from benchmarks.plot import draw, spread_out
from benchmarks.repetitions import Repetitions, in_turn
from benchmarks.table import loaded, markdown

ANSWER = Answer("a job", "dnn, XLA", "Keras fit", [1.0] * 5, [4.0] * 5, aim=3, roof=[0.5])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.1, 100), min_size=5, max_size=12))
def test_an_interval_holds_the_median_is_within_the_range_and_the_same_each_time(figures):
    low, high = median_interval(figures)
    assert min(figures) <= low <= statistics.median(figures) <= high <= max(figures)
    assert (low, high) == median_interval(figures)


def test_an_interval_holds_the_true_median_nine_times_in_ten():
    """95 % is for many repetitions; by the binomial distribution, the order statistics of 15 hold 90 to 97 %."""
    samples = np.random.default_rng(0).lognormal(size=(300, 15))
    intervals = [median_interval(sample) for sample in samples]
    assert 0.88 < np.mean([low <= 1 <= high for low, high in intervals]) < 0.99


@pytest.mark.parametrize(
    ("theirs", "aim", "verdict", "undecided"),
    [
        ([4.0, 4.1, 4.2, 4.1, 4.0], 3, "yes", False),
        ([4.0, 4.1, 4.2, 4.1, 4.0], 5, "no", False),
        ([2.9, 2.9, 3.1, 3.1, 3.1], 3, "not shown", True),  # the median is above the aim, the interval is not
        ([4.0, 4.0], 3, "not shown", True),  # too few
        ([4.0, 5.0, 6.0, 7.0, 8.0], 3, "yes", True),  # wide: 8 / 4
    ],
)
def test_an_aim_is_reached_by_the_whole_interval_alone(theirs, aim, verdict, undecided):
    answer = replace(ANSWER, our_values=[1.0] * len(theirs), their_values=theirs, aim=aim)
    assert (answer.verdict, answer.undecided) == (verdict, undecided)
    less = replace(answer, figure="ours / theirs", our_values=theirs, their_values=[1.0] * len(theirs))
    assert less.verdict == {"yes": "no", "no": "yes", "not shown": "not shown"}[verdict]  # at most, not at least


def test_no_share_of_the_roof_is_above_one():
    assert ANSWER.share_of_roof == 0.5
    below = replace(ANSWER, roof=[8.0, 3.12, 1.0])
    assert below.share_of_roof is None
    assert "| — (the products alone took longer) |" in markdown([Findings([below])])
    assert "%" not in markdown([Findings([below])]).replace("95 %", "")


def test_repetitions_go_on_while_undecided_up_to_a_cap_in_turning_order_without_who_fails():
    asked = []

    def run(name):
        asked.append(name)
        if name == "b" and len(asked) > 3:
            raise ValueError("no | more\nmemory")
        return float(len(asked))

    runs = {name: lambda name=name: run(name) for name in "abc"}
    measured = in_turn(runs, Repetitions(2, 6), lambda figures: len(figures["a"]) < 4)
    assert "".join(asked) == "abc" + "cba" + "ac" + "ca"
    assert {name: len(figures) for name, figures in measured.figures.items()} == {"a": 4, "c": 4}
    assert measured.failed == {"b": "ValueError: no / more memory"}
    assert len(in_turn({"a": float}, Repetitions(2, 6), lambda _: True).figures["a"]) == 6
    assert len(in_turn({"a": float}, Repetitions(2, 6, longest=0), lambda _: True).figures["a"]) == 2


def test_a_failure_is_a_line_and_a_loaded_machine_is_named_at_the_job_and_below():
    busy = load.Load(before=0.1, others=0.31, stolen=0.0).to_json()
    found = Findings([ANSWER], failures=[Failure("a job", "JAX, jit", "ValueError: no memory")], load=busy)
    assert Findings.from_json(found.to_json()) == found
    lines = markdown([found]).splitlines()
    assert lines[2].startswith("| a job (loaded) | dnn, XLA |")
    assert lines[3] == "|  |  | JAX, jit |  |  | — (ValueError: no memory) |  |  |"
    told = loaded({"epoch": found.to_json(), "growth": Findings().to_json()})
    assert told == " The machine was loaded: other programs took 31% of the processor (epoch)."


@pytest.mark.skipif(not load.PROC.joinpath("stat").exists(), reason="no /proc/stat")
def test_the_processor_time_of_this_program_is_told_from_that_of_others():
    """As counted, not as timed: a child's time is ours while it runs and after, a stranger's is not in it."""

    def of_children():
        return load.own_ticks() / os.sysconf("SC_CLK_TCK") - sum(os.times()[:2])

    spin = "import time\nwhile time.process_time() < 0.4: pass\n"
    before = of_children()
    with subprocess.Popen([sys.executable, "-c", f"{spin}input()"], stdin=subprocess.PIPE, encoding="utf-8") as child:
        for _ in range(1_000):
            if (running := of_children() - before) > 0.35:
                break
            time.sleep(0.02)
        child.communicate("\n")
    assert running > 0.35
    assert of_children() - before > 0.35
    assert load.own_ticks() <= load.processor_seconds()[0] * os.sysconf("SC_CLK_TCK")


class BrokenError(Exception):
    pass


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Ask two questions, of which the second raises what is given; return what was written, and the end."""

    def run(error):
        def findings(run):
            raise error

        modules = {"epoch": type("Module", (), {"findings": lambda run: Findings([ANSWER])}), "networks": None}
        modules["networks"] = type("Module", (), {"findings": findings})
        monkeypatch.setattr(command, "module_of", modules.get)
        monkeypatch.setattr(command, "begun", lambda *_: type("Run", (), {"roof": type("", (), {"rates": list})}))
        monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "epoch", "networks", "--out", str(tmp_path)])
        with pytest.raises(SystemExit) as ended:
            command.main()
        return command.json.loads((tmp_path / "results.json").read_text("utf-8")), ended.value.code

    return run


def test_a_question_that_fails_leaves_the_others_and_is_told(asked, tmp_path, capsys):
    results, code = asked(BrokenError("no memory"))
    assert code == "networks failed: BrokenError: no memory"
    assert (list(results["questions"]), results["failed"]) == (["epoch"], {"networks": "BrokenError: no memory"})
    assert "Failed: networks: BrokenError: no memory." in (tmp_path / "table.md").read_text("utf-8")
    assert results["questions"]["epoch"]["answers"][0]["interval"] == [4, 4]
    assert results["questions"]["epoch"]["load"].keys() >= {"before", "during", "after", "others", "stolen", "loaded"}


def test_an_interrupted_run_keeps_what_was_measured(asked, tmp_path):
    results, code = asked(KeyboardInterrupt())
    assert code == f"interrupted; results: {tmp_path}"
    assert (list(results["questions"]), results["failed"]) == (["epoch"], {"networks": "interrupted"})


def test_a_loaded_machine_is_refused_on_request(monkeypatch):
    monkeypatch.setattr(command, "idle_load", lambda: load.Load(others=0.5))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--refuse-loaded", "--only", "epoch"])
    with pytest.raises(SystemExit, match="refused, nothing was measured: other programs took 50% of the processor"):
        command.main()


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8).map(sorted))
def test_names_in_the_picture_are_apart_in_their_order_and_within_it(heights):
    places = spread_out(heights, 0.07)
    assert all(after - before > 0.0699 for before, after in pairwise(places))
    assert max(places) <= 0.96


def test_a_picture_is_drawn_of_what_was_measured(tmp_path):
    starts = [Start("dnn", {"import": 1.0, "trace": 0.5})]
    assert not draw([Findings([ANSWER])], tmp_path / "none.png")
    assert draw([Findings([ANSWER], starts=starts)], tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes()[:4] == b"\x89PNG"
