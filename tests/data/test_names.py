"""Names in messages are quoted, short, and near ones are found."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from dnn.data.names import quoted, shell_quoted, shortened_name, suggestion


@given(st.text())
def test_a_shell_reads_a_quoted_name_as_one_word(name):
    assert shlex.split(shell_quoted(name)) == [name]


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
