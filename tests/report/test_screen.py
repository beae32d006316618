"""What a person sees of a run."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsed_page import ParsedPage
from rich.console import Console

from dnn.report.scores import regression_scores, scores
from dnn.report.screen import (
    baseline_lines,
    best_epoch_line,
    confusion_lines,
    epoch_line,
    epoch_lines,
    fold_lines,
    plain_scores,
    result_lines,
    show_results,
    significant,
)
from dnn.report.text_table import width_of
from dnn.train.history import History

RECORD = {"epoch": 3, "loss": 0.25, "accuracy": 0.9, "val_loss": 0.5, "val_accuracy": 0.8}
STRANGE = ["[bold]", "[/x]", "\x1b[31m", "\u202eabc", "日本語のクラス", "a\nb", "", "very long name " * 9]


def scores_of(names: list[str], rows: int = 400):
    random = np.random.default_rng(len(names))
    labels = np.append(np.arange(len(names)), random.integers(0, len(names), rows))
    return scores(labels, 2 * np.eye(len(names))[labels] + random.normal(size=(len(labels), len(names))), names)


def test_an_epoch_is_one_line_and_the_best_is_marked():
    line = "epoch   3  loss 0.2500  accuracy 0.9000  val_loss 0.5000  val_accuracy 0.8000"
    assert len(line) <= 80
    assert epoch_line(RECORD, best_epoch=2) == line
    assert epoch_line(RECORD, best_epoch=3) == line.replace("3  ", "3* ", 1)


def test_without_a_terminal_there_is_one_plain_line_an_epoch_however_narrow():
    output = io.StringIO()
    with epoch_lines(Console(file=output, width=20), epochs=2) as show:
        show(RECORD, History([RECORD], best_epoch=3))
        show(RECORD, History([RECORD], best_epoch=3))
    assert output.getvalue() == (epoch_line(RECORD, 3) + "\n") * 2


def test_more_epochs_are_proposed_where_the_last_of_all_was_the_best():
    assert best_epoch_line(7, 7, 7).splitlines()[1:] == ["the best epoch is the last one: more --epochs may help"]
    assert best_epoch_line(5, 7, 7) == best_epoch_line(5, 7, 100) == "best epoch: 5 of 7; its weights are kept"
    assert "more" not in best_epoch_line(7, 7, 100)
    assert best_epoch_line(5, 7, 7, restored=False) == "best epoch: 5 of 7; the last epoch's weights are kept"


@pytest.mark.parametrize("width", [80, 50])
@given(names=st.lists(st.text(max_size=30) | st.sampled_from(STRANGE), min_size=2, max_size=20, unique=True))
def test_results_fit_the_screen_whatever_the_classes_are_called(width, names):
    lines = result_lines(scores_of(names), title="test", width=width)
    assert width_of(lines) <= width
    assert all(len(line.splitlines()) <= 1 for line in lines)


@pytest.mark.parametrize("width", [80, 50])
@pytest.mark.parametrize("classes", [2, 3, 7, 20])
def test_every_precision_and_recall_is_whole(width, classes):
    result = scores_of([f"class {number}" for number in range(classes)])
    text = "\n".join(result_lines(result, title="test", width=width))
    for ratio in ("precision", "recall"):
        assert all(f" {value:.4f}" in text for value in result[ratio].values())
    if classes <= 3:
        assert all(str(count) in text for row in result["confusion_matrix"] for count in row)


def test_a_matrix_stands_true_class_down_and_predicted_across():
    result = scores(np.array([0, 0, 1]), np.array([[1, 0], [0, 1], [0, 1]]), ["no", "yes"])
    assert confusion_lines(result) == [
        "confusion matrix: true down, predicted across",
        "  true  predicted no  predicted yes  precision  recall",
        "  no               1              1     1.0000  0.5000",
        "  yes              0              1     0.5000  1.0000",
    ]


def test_a_narrow_screen_has_a_list_of_classes_with_the_most_frequent_mistake():
    labels = np.array([0, 0, 0, 1, 2])
    result = scores(labels, np.eye(3)[[1, 1, 2, 1, 0]], ["cook", "pilot", "sailor"])
    assert confusion_lines(result, width=36) == [
        "classes",
        "  class   rows  precision  recall",
        "  cook       3     0.0000  0.0000",
        "    mistaken for pilot (2 rows)",
        "  pilot      1     0.3333  1.0000",
        "  sailor     1     0.0000  0.0000",
        "    mistaken for cook (1 row)",
    ]


def test_a_screen_shows_twenty_classes_at_most():
    result = scores_of([f"c{number}" for number in range(100)])
    for width in (50, 80, 300):
        lines = confusion_lines(result, width=width)
        assert "first 20 of 100 classes" in lines[0]
        assert any("c19" in line for line in lines)
        assert not any(line.lstrip().startswith("c20 ") for line in lines)


def test_where_there_is_no_number_there_is_a_dash():
    result = scores(np.zeros(3, int), np.array([[1.0, 0.0]] * 3), ["no", "yes"])
    assert result_lines(result, title="test")[4].split()[-1] == "–"


def test_a_threshold_is_told():
    result = scores(np.array([0, 1]), np.eye(2), ["bad", "good"], threshold=0.25, positive=0)
    assert "  'bad' from the probability 0.25 on" in result_lines(result, title="test")


def test_amounts_have_four_digits_that_count():
    result = regression_scores(np.array([100.0, 300.0, 1e6]), np.array([110.0, 310.0, 1e6]), mean=0, median=0)
    text = "\n".join(result_lines(result, title="test", width=50))
    assert text.startswith("test: 3 rows")
    assert "333,467" in text  # all digits before the point
    assert [significant(value) for value in (0.75, -1.0, 746.96, 1234.5, 0.0, None)] == [
        "0.7500", "-1.000", "747.0", "1234", "0.000", "–",
    ]  # fmt: skip


def test_one_row_is_singular():
    result = scores(np.array([0]), np.array([[1.0, 0.0]]), ["no", "yes"])
    assert result_lines(result, title="test")[0] == "test: 1 row"


def test_baselines_stand_below_the_model_and_what_is_missing_says_why():
    ours, theirs = scores_of(["no", "yes"]), scores_of(["no", "yes"], rows=9)
    lines = baseline_lines(ours, {"logistic regression": theirs}, {"gradient boosting": "not installed"})
    assert [line.split("  ")[1] for line in lines[2:]] == [
        "this model",
        "logistic regression",
        "gradient boosting: not installed",
    ]
    assert f"{theirs['roc_auc']:.4f}" in lines[3]
    ours["threshold"] = 0.2
    assert baseline_lines(ours, {"a": theirs})[4:] == ["  the others' accuracy is by the threshold 0.5"]
    assert width_of(baseline_lines(ours, {"a": theirs})) <= 50
    assert len(baseline_lines(ours, {})) == 3, "there are no others"
    assert width_of(lines) <= 50
    amounts = regression_scores(np.array([1.0, 2.0]), np.array([1.0, 2.0]), mean=0, median=0)
    assert baseline_lines(amounts, {})[1].split() == ["R²", "MAE", "RMSE"]


def test_folds_have_their_mean_and_standard_deviation():
    lines = fold_lines([{"accuracy": 0.8, "auc": None}, {"accuracy": 0.6, "auc": None}])
    assert lines == [
        "2 folds",
        "              mean    ± sd   least  greatest",
        "  accuracy  0.7000  0.1414  0.6000    0.8000",
    ]
    assert fold_lines([{"accuracy": 0.5}], of="seed")[0] == "1 seed"


def test_results_are_printed_without_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("TERM", "dumb")
    result = scores_of(["[bold]", "[/x]"])
    show_results(result, title="[red]test")
    assert capsys.readouterr().out == "\n".join(result_lines(result, title="[red]test", width=50)) + "\n"


def test_a_notebook_shows_the_figures_and_the_confusion_matrix_with_names_as_texts():
    found = scores_of(["<script>x</script>", "b"])
    shown = ParsedPage(found._repr_html_())
    assert "script" not in {tag for tag, _ in shown.elements}
    (rows,) = shown.tables.values()  # both tables, since they have no id
    matrix = rows[-2:]
    assert [[int(count) for count in row[1:3]] for row in matrix] == found["confusion_matrix"]
    assert [row[0] for row in matrix] == ["<script>x</script>", "b"]
    assert ["accuracy", f"{found['accuracy']:.4f}"] in rows


def test_a_notebook_shows_twenty_classes_and_counts_the_others():
    shown = scores_of([f"class {number}" for number in range(23)])._repr_html_()
    assert "<p>classes left out: 3</p>" in shown


def test_a_notebook_shows_the_figures_of_amounts():
    found = regression_scores(np.arange(4.0), np.arange(4.0) + 0.5, mean=1.0, median=1.0)
    (rows,) = ParsedPage(found._repr_html_()).tables.values()
    assert ["mean absolute error", "0.5000"] in rows


def test_scores_are_a_dict_as_before():
    found = scores_of(["a", "b"])
    assert found == dict(found)
    assert repr(found) == repr(dict(found))


def test_a_program_is_told_the_scores_alone_and_of_those_that_are_not_defined():
    results = {"rows": 9, "loss": 0.5, "roc_auc": None, "recall": {"no": 1.0}, "threshold": 0.2, "positive": None}
    assert plain_scores(results) == ["loss 0.5", "roc_auc nan"]
