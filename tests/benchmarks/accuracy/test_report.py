"""The report's figures are those of a small comparison that was reckoned by hand."""

import pytest

from benchmarks.accuracy.estimate import estimate
from benchmarks.accuracy.method import Method
from benchmarks.accuracy.picks import pick, with_picks
from benchmarks.accuracy.report import by_seed, markdown
from benchmarks.accuracy.results import Job
from benchmarks.accuracy.tables import DEVELOPMENT, HELD_OUT, Source


def never(*arguments):
    raise AssertionError("a report trains nothing")


METHODS = [
    Method(name, never, {"k": 2}, (), kind)
    for name, kind in {"dnn": "dnn", "dnn, large": "dnn", "trees": "trees"}.items()
]
SOURCES = [Source("first", HELD_OUT, "", "y", never), Source("second", DEVELOPMENT, "", "y", never)]


def line(accuracy: float, validation_loss: float = 1.0, *, kind: str = "dnn", **more) -> dict:
    scores = {"accuracy": accuracy, "roc_auc": accuracy, "log_loss": 1 - accuracy}
    times = dict.fromkeys(("fit_cpu_seconds", "predict_cpu_seconds"), 2.0)
    found = {"settings": {"k": "2"}, "validation": {"log_loss": validation_loss}, "epochs": 7, "rows": 800}
    machine = {
        "date": "2026-01-02",
        "processor": "P",
        "threads": 1,
        "kind": kind,
        "commit": "abc",
        "versions": {"dnn": "0.1"},
    }
    return {**scores, **times, **found, **machine, **more}


RESULTS = {
    Job("first", "dnn", 0): line(0.90, 0.3),
    Job("first", "dnn", 1): line(0.80, 0.3),
    Job("first", "dnn, large", 0): line(0.70, 0.2),
    Job("first", "dnn, large", 1): line(0.60, 0.4),
    Job("first", "trees", 0): line(0.84, kind="trees"),
    Job("first", "trees", 1): line(0.80, kind="trees"),
    Job("second", "dnn", 0): line(0.50),
    Job("second", "dnn, large", 0): line(0.60),
    Job("second", "trees", 0): line(0.60, kind="trees"),
}


@pytest.fixture(scope="module")
def rows():
    """The cells of each row of the report, by the heading above it and its first cell."""
    found, heading = {}, "ranks"
    for each in markdown(RESULTS, SOURCES, METHODS, "trees").splitlines():
        heading = each.removeprefix("## ") if each.startswith("## ") else heading
        if each.startswith("| "):
            first, *rest = each.strip("| ").split(" | ")
            found[heading, first] = rest
    return found


def test_means_have_standard_errors_and_differences_are_paired(rows):
    seeds, *scores = rows["first", "dnn"][:7]
    assert seeds == "2"
    assert scores[:3] == ["85.00 ± 5.00", "0.8500 ± 0.0500", "0.1500 ± 0.0500"]
    assert scores[3:] == ["+3.00 ± 3.00", "+0.0300 ± 0.0300", "-0.0300 ± 0.0300"]
    assert rows["second", "dnn"][:2] == ["1", "50.00"]


def test_ranks_are_means_over_tables_by_role(rows):
    accuracy = {name: rows["ranks", name][:3] for name in ("dnn", "dnn, large", "trees")}
    assert accuracy == {
        "dnn": ["1.00", "3.00", "2.00"],
        "dnn, large": ["3.00", "1.50", "2.25"],
        "trees": ["2.00", "1.50", "1.75"],
    }


def test_the_best_by_validation_is_chosen_for_each_seed_and_costs_all_fits(rows):
    assert rows["first", "the best dnn by validation"][:2] == ["2", "75.00 ± 5.00"]  # large for seed 0, else not
    assert rows["first", "the best dnn by validation"][-2] == "4"
    assert ("first", "the best trees by validation") not in rows
    assert pick([line(0.9, 0.5), line(0.1, 0.4)])["accuracy"] == 0.1
    assert with_picks({"dnn": {0: line(0.9)}}).keys() == {"dnn"}


def test_other_settings_and_failures_are_not_among_the_figures():
    results = RESULTS | {
        Job("first", "dnn", 2): line(0.1, settings={"k": "3"}),
        Job("second", "trees", 0): line(0.6, kind="trees", error="ValueError: no"),
    }
    found = markdown(results, SOURCES, METHODS, "trees")
    assert "| dnn | 2 | 85.00 ± 5.00 |" in found
    assert "trees failed on second: ValueError: no" in found
    assert "Not ranked, since too little was measured: trees." in found  # on one of two tables


def test_a_table_that_a_ranked_method_lacks_is_not_ranked():
    tables = [Source(str(i), HELD_OUT, "", "y", never) for i in range(4)]
    results = {Job(each.name, name, 0): line(0.5) for each in tables for name in ("dnn", "dnn, large")}
    results |= {Job(str(i), "trees", 0): line(0.6, kind="trees") for i in range(3)}
    found = markdown(results, tables, METHODS, "trees").splitlines()
    assert found[0].startswith("Mean rank over tables (3 held out), 1 is best")
    assert "Not ranked, since too little was measured: 3." in found


def test_it_says_when_and_where():
    found = markdown(RESULTS, SOURCES, METHODS, "trees")
    assert "Measured from 2026-01-02 to 2026-01-02 on P, one thread a fit; dnn at abc; dnn 0.1." in found
    assert markdown({}, SOURCES, METHODS, "trees").strip() == "No results."


def test_a_line_for_each_seed_has_accuracy_and_epochs():
    found = by_seed(RESULTS, SOURCES[0], METHODS).splitlines()
    assert found[2] == "| 0 | 90.00%, 7 | 70.00%, 7 | 84.00%, 7 |"
    assert found[-1] == "| mean | 85.00% | 65.00% | 82.00% |"


def test_the_estimate_is_what_the_same_jobs_took():
    wanted = [Job("first", "dnn", seed) for seed in range(2, 12)] + [Job("third", "dnn", 0)]
    found = estimate(RESULTS, wanted)  # ten times 2 s to fit and twice 2 s to predict
    assert found == "dnn: 1.0 min\ntogether 1 min in one process; 1 jobs unknown"
