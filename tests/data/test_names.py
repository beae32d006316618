"""Names in messages are quoted, short, and near ones are found."""

import ast
import re
import shlex
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from dnn.data.names import quoted, shell_quoted, shortened_name, suggestion

BREAKS = ("Cc", "Zl", "Zp")
SIGNS = st.characters(codec="utf-8")


@given(st.text(st.characters(exclude_categories=BREAKS)))
def test_a_shell_reads_a_quoted_name_as_one_word(name):
    assert shlex.split(shell_quoted(name)) == [name]


@given(st.text(SIGNS), st.characters(codec="utf-8", categories=BREAKS), st.text(SIGNS))
def test_a_name_with_a_line_break_is_a_word_of_bash_on_one_line(before, sign, after):
    word = shell_quoted(before + sign + after)
    assert word.startswith("$'")
    assert word.endswith("'")
    assert len(word.splitlines()) == 1
    read = re.sub(r"\\(u....|.)", lambda escape: ast.literal_eval(f'"{escape[0]}"'), word[2:-1])
    assert read == before + sign + after


@given(st.text(max_size=200), st.integers(3, 60))
def test_a_long_name_keeps_both_ends(name, longest):
    short = shortened_name(name, longest)
    assert len(short) == min(len(name), longest)
    assert short[0:1] == name[0:1]
    assert short[-1:] == name[-1:]


@given(st.text())
def test_a_quoted_name_is_one_line_without_control_characters(name):
    assert quoted(name).isprintable()


def test_a_mistyped_name_has_a_suggestion():
    names = ["age", "Churn?", "loan_amount"]
    assert suggestion("Churn", names) == " (did you mean 'Churn?'?)"
    assert suggestion("Loan Amount", names) == " (did you mean 'loan_amount'?)"
    assert suggestion("agee", names) == " (did you mean 'age'?)"
    assert suggestion("weight", names) == suggestion("", []) == ""


def test_under_windows_a_path_is_as_it_is_or_in_double_quotes(monkeypatch):
    monkeypatch.setattr("dnn.data.names.os", SimpleNamespace(name="nt"))
    assert shell_quoted("runs\\first") == "runs\\first"
    assert shell_quoted("my runs\\first") == '"my runs\\first"'
