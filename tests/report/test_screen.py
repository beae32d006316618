"""What a person sees of a run."""

import io

from rich.console import Console

from dnn.report.screen import epoch_line, epoch_lines, result_tables
from dnn.train.history import History

RECORD = {"epoch": 3, "loss": 0.25, "accuracy": 0.9, "val_loss": 0.5, "val_accuracy": 0.8}


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


def test_a_screen_shows_twenty_classes_at_most():
    names = [f"c{number}" for number in range(100)]
    ratio = dict.fromkeys(names)
    scores = {"rows": 5, "loss": 1.0, "accuracy": 0.5, "majority_accuracy": 0.1, "roc_auc": None}
    scores |= {"classes": names, "precision": ratio, "recall": ratio, "confusion_matrix": [[0] * 100] * 100}
    summary, matrix = result_tables(scores, title="test")
    assert matrix.row_count == 20
    output = io.StringIO()
    Console(file=output, width=300).print(summary, matrix)
    assert "–" in output.getvalue()
    assert "20 of 100 classes" in output.getvalue()
