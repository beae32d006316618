"""Nothing that is printed ends the work."""

import io
import os
import subprocess
import sys

import pytest
from rich.text import Text

from dnn.report.console import SteadyStream, steady_console


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_signs_that_an_encoding_lacks_become_question_marks(encoding):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    steady_console(stream).print(Text("[bold]é → 日 \udc80"), soft_wrap=True)
    stream.flush()
    expected = "[bold]é → 日 \udc80".encode(encoding, "replace") + b"\n"
    assert raw.getvalue() == expected


def test_a_reader_that_has_left_does_not_end_the_work():
    program = """
import sys
from rich.text import Text
from dnn.report.console import steady_console
console = steady_console()
for number in range(2_000):
    console.print(Text(f"line {number}"))
print("done", file=sys.stderr)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b"done\n"
    process.stderr.close()
    assert process.wait() == 0


def test_the_width_is_that_of_columns_on_a_dumb_terminal_too(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "50")
    for term in ("dumb", "xterm"):
        monkeypatch.setenv("TERM", term)
        assert steady_console(Terminal()).width == steady_console(io.StringIO()).width == 50
    for nonsense in ("", "0", "wide"):
        monkeypatch.setenv("COLUMNS", nonsense)
        assert steady_console(io.StringIO()).width == 80


def test_a_stream_is_that_of_the_moment(capsys):
    stream = SteadyStream()
    stream.write("to whom it may concern\n")
    stream.flush()
    assert capsys.readouterr().out == "to whom it may concern\n"
    assert stream.isatty() is sys.stdout.isatty() is False


def test_a_stream_has_the_number_of_its_file(tmp_path):
    with open(tmp_path / "file", "w", encoding="utf-8") as file:
        assert SteadyStream(file).fileno() == file.fileno()
        os.fstat(SteadyStream(file).fileno())
