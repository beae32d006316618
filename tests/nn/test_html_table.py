"""Tables for notebooks: their cells are those of the text, and a user's texts stay texts."""

import html

from parsed_page import ParsedPage

import dnn
from dnn.nn.html_table import small_table

SCRIPT = "<script>alert(1)</script>"


def test_every_text_is_escaped():
    shown = ParsedPage(small_table((SCRIPT, "b"), [(SCRIPT, "&")], caption=SCRIPT, below=[SCRIPT]))
    assert "script" not in {tag for tag, _ in shown.elements}
    assert shown.tables == {None: [[SCRIPT, "b"], [SCRIPT, "&"]]}
    assert sum(SCRIPT in text for _, text in shown.texts) == 4


def test_a_model_shows_the_rows_of_its_summary():
    model = dnn.Sequential([*dnn.mlp([51, 30]).layers, dnn.Dropout(0.5), dnn.Dense(30, 2)])
    printed = []
    dnn.summary(model, print_fn=printed.append)
    shown = ParsedPage(model._repr_html_())
    (rows,) = shown.tables.values()
    for row in rows:
        assert all(cell in printed[0] for cell in row)
    assert [row[0] for row in rows] == ["Layer (type)", "0 (Dense)", "1 (Dropout)", "2 (Dense)"]
    texts = [text for _, text in shown.texts]
    assert printed[0].splitlines()[-3:] == texts[-3:]


def test_a_model_of_which_no_table_can_be_made_is_shown_as_text():
    def refuse(x):
        raise RuntimeError("no")

    model = dnn.Sequential([dnn.Dense(2, 3, seed=0), refuse])
    assert model._repr_html_() == f"<pre>{html.escape(repr(model))}</pre>"
