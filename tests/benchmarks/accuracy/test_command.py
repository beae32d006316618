"""`python -m benchmarks.accuracy` compares, goes on, and refuses unknown names before it measures anything."""

import pytest
from modes import THOROUGH

import benchmarks.accuracy.__main__ as program
import dnn


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """A function of arguments that returns what the command prints."""
    for name in (*program.THREADS, *program.TF_THREADS):
        monkeypatch.setenv(name, "1")  # as the command does, and as it was again afterwards
    monkeypatch.chdir(tmp_path)

    def printed(*words: str) -> str:
        program.main(words)
        return capsys.readouterr().out

    return printed


@pytest.mark.skipif(not THOROUGH, reason="it trains twelve models: HYPOTHESIS_PROFILE=thorough")
def test_the_short_form_compares_three_methods_on_two_tables(run):
    printed = run("--quick")
    assert "0 left" in printed
    for table in ("## breast_cancer", "## bank-sample"):
        part = printed.split(table)[1].split("##")[0]
        rows = [line for line in part.splitlines() if line.startswith("| ")]
        assert [row.split(" | ")[:2] for row in rows[1:]] == [
            ["| dnn", "2"],
            ["| scikit-learn MLP", "2"],
            ["| HistGradientBoosting", "2"],
        ]
    assert "Mean rank over tables (2 development)" in printed


def test_a_second_run_measures_nothing_and_reports_the_same(run, tmp_path):
    (tmp_path / "own.csv").write_text(dnn.sample_path().read_text("utf-8").replace("\r", ""), "utf-8")
    words = ("--data", "own.csv", "--tables", "own", "--methods", "scikit-learn MLP", "--seeds", "1")
    first, second = run(*words), run(*words)
    assert "own, seed 0, scikit-learn MLP: " in first
    assert first.endswith(second)
    run(*words, "--report", "--out", "table.md")
    assert (tmp_path / "table.md").read_text("utf-8").strip() == second.strip()
    assert run(*words, "--estimate").endswith("together 0 min in one process; 0 jobs unknown\n")
    assert "0 | " in run(*words, "--by-seed", "--report")


def test_all_tables_and_methods_are_listed(run):
    printed = run("--list")
    assert "table leaf: held out" in printed
    assert "method CatBoost: defaults" in printed


@pytest.mark.parametrize(
    ("words", "known"), [(("--methods", "Keras2"), "the methods are 'dnn', "), (("--tables", "bank2"), "chile")]
)
def test_an_unknown_name_is_refused_with_those_there_are(run, words, known):
    with pytest.raises(ValueError, match=f"there is no .* '{words[1]}'; .*{known}"):
        run(*words)
