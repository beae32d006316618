"""The text of users' files steers no terminal, no page and no picture, whichever way it goes out."""

import csv
import json
import logging
import random
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import dnn
from dnn.cli import app
from dnn.control import has_control, plain_lines, without_control
from dnn.inspection.maps import json_of
from dnn.nn.html_table import small_table
from dnn.pages.page import page, paragraph
from dnn.pages.svg import chart

EVIL = "\x1b[31m\x1b]0;t\x07\u202egnp\x9b2J\x08\x7f\x0b\u2066"
STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@given(st.text())
def test_without_control_characters_a_text_is_one_line_and_else_as_it_was(text):
    shown = without_control(text)
    assert not STEERS.search(shown)
    assert "\n" not in shown
    assert (shown == text) == (not has_control(text))
    assert plain_lines(text).count("\n") == text.count("\n")
    shown.encode()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A file whose name, header, cells and classes are hostile."""
    path, draw = tmp_path_factory.mktemp("hostile") / f"data{EVIL}.csv", random.Random(0)
    rows = [[draw.gauss(0, 1), f"{'ab'[i % 3 % 2]}\n{EVIL}", f"{'ny'[i % 2]}\n{EVIL}", f"{i}{EVIL}"] for i in range(30)]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[f"age{EVIL}", f"branch\n{EVIL}", f"y{EVIL}", f"id{EVIL}"], *rows])
    return path


def test_no_command_lets_a_control_character_out(table, monkeypatch):
    run, target = table.parent / f"run{EVIL}", f"y{EVIL}"
    monkeypatch.chdir(table.parent)
    train = ["train", table, "--target", target, "--epochs", 1, "--hidden", 4, "--no-baselines", "--no-report"]
    commands = [
        (0, [*train, "--out", run, "--notes", "all"]),
        (2, [*train, "--out", run]),
        (2, ["train", f"{table}x"]),
        (2, ["train", table, table, f"--{EVIL}"]),
        (2, [*train, "--drop", EVIL]),
        (2, [*train, "--config", table]),
        (0, ["runs", table.parent]),
        (0, ["evaluate", run, "--data", table]),
        (0, ["predict", run, "--data", table, "--out", f"p{EVIL}"]),
        (2, ["predict", run, "--data", table, "--keep", EVIL]),
    ]
    for code, words in commands:
        result = CliRunner().invoke(app, list(map(str, words)))
        assert result.exit_code == code, result.output
        for stream in (result.stdout_bytes, result.stderr_bytes):
            assert not STEERS.search(stream.decode()), words


def test_neither_does_a_page_its_pictures_nor_what_a_script_reads():
    parts = [paragraph(EVIL), chart(lambda axes: axes.set(xlabel=EVIL), name=EVIL, title=EVIL, tells=EVIL)]
    for text in (page(EVIL, "".join(parts)), small_table([EVIL], [[EVIL]], caption=EVIL, below=[EVIL])):
        assert not STEERS.search(text)
        assert without_control(EVIL) in text
    assert json.loads(json_of({"name": [EVIL]})) == {"name": [without_control(EVIL)]}


def test_neither_does_a_traceback_nor_a_log_nor_a_warning(table, caplog, tmp_path):
    code = "from dnn.cli import main; main()"
    debug = [sys.executable, "-c", code, "train", f"{table}x", "--debug"]
    done = subprocess.run(debug, capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    assert "FileNotFoundError" in done.stderr
    assert not STEERS.search(done.stderr)
    logging.getLogger("dnn").warning("%s", EVIL + "\n")
    assert caplog.messages == [without_control(EVIL + "\n")]
    with pytest.warns(dnn.DataWarning) as warned:
        dnn.Classifier(hidden=(4,), epochs=1).fit(dnn.read_table(table), target=f"y{EVIL}")
    assert not any(STEERS.search(str(each.message)) for each in warned)
