"""A person is told lines, a program one document, a script a path."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.report.voice import Voice, as_json
from dnn.train.history import History

RECORD = {"epoch": 1, "loss": 0.5}


def told(mode) -> str:
    stream = io.StringIO()
    voice = Voice(mode, stream)
    voice.say("reading [bold]data.csv…")
    voice.notes([f"'{number}' is 0" for number in range(14)])
    with voice.epochs(3) as show:
        show(RECORD, History([RECORD], best_epoch=1))
    voice.result("test", {"accuracy": np.float32(0.5), "loss": float("nan")}, ["accuracy 0.5"])
    voice.end(Path("runs", "1"))
    return stream.getvalue()


def test_a_person_is_told_each_line_as_it_is():
    lines = told("normal").splitlines()
    assert lines[:2] == ["reading [bold]data.csv…", "note: '0' is 0"]
    assert lines[13:] == ["… and 2 more: --notes all", "epoch   1* loss 0.5000", "accuracy 0.5"]


def test_a_program_gets_one_document_with_everything():
    assert json.loads(told("json")) == {
        "path": "runs/1",
        "notes": [f"'{number}' is 0" for number in range(14)],
        "test": {"accuracy": 0.5, "loss": None},
    }


def test_the_quiet_voice_says_where_the_results_are_alone():
    assert told("quiet") == "runs/1\n"


def test_a_name_that_would_steer_the_terminal_is_shown_instead():
    stream = io.StringIO()
    Voice("normal", stream).say("target: \x1b[31mred\r\nsecond \u202eline [/b]")
    assert stream.getvalue() == "target: \\x1b[31mred\\r\nsecond \\u202eline [/b]\n"


def test_without_a_path_there_is_nothing_to_say_quietly():
    stream = io.StringIO()
    Voice("quiet", stream).end()
    assert stream.getvalue() == ""
    Voice("json", stream).end()
    assert json.loads(stream.getvalue()) == {"notes": []}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
)


@given(JSON)
def test_json_is_ascii_and_reads_back(value):
    assert as_json(value).isascii()
    assert json.loads(as_json(value)) == value


def test_what_has_no_form_in_json_is_refused():
    assert json.loads(as_json((Path("a"), np.arange(2), np.inf, np.bool_(True)))) == ["a", [0, 1], None, True]
    with pytest.raises(TypeError, match="object has no form in JSON"):
        as_json(object())
