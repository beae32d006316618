"""Charts inside a page: texts stay texts, ids do not meet, colours are those of the page, each run gives the same."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from parsed_page import ParsedPage

from dnn.pages.svg import ACCENT, chart, series_style, short

HOSTILE = ("<script>alert(1)</script>", "</title>", "$x$", "a & b", "_hidden", "名前", "\\frac", "</svg><b>")


def line(text):
    def draw(axes):
        axes.plot([0, 1], [1, 3], color=ACCENT, marker="o", label=f"“{text}”")
        axes.set(xlabel=text, ylabel=text)
        axes.set_xticks([0, 1], [text, "other"])
        axes.legend()

    return draw


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_of_the_data_stays_text(text):
    parsed = ParsedPage(chart(line(text), name="a", title=text, tells=text))
    assert [data for where, data in parsed.texts if where == "text" and text in data] == [text] * 3 + [f"“{text}”"]
    assert (parsed.text_of("title"), parsed.text_of("desc"), parsed.text_of("h3")) == (text,) * 3
    assert {tag for tag, _ in parsed.elements}.isdisjoint({"script", "b", "metadata", "style", "image"})


def test_a_chart_is_the_same_again_and_needs_neither_matplotlib_nor_tensorflow():
    program = (
        "import sys; sys.path.append(sys.argv[1]); import test_svg\n"
        "made = test_svg.chart(test_svg.line('x'), name='a', title='t', tells='d')\n"
        "assert not {'matplotlib', 'tensorflow', 'PIL'} & set(sys.modules)\n"
        "print(made, end='')"
    )
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*folders, *sys.path]), "PYTHONIOENCODING": "utf-8"}
    made = subprocess.run(
        [sys.executable, "-c", program, folders[0]], capture_output=True, encoding="utf-8", env=environment
    )
    assert made.stdout == chart(line("x"), name="a", title="t", tells="d"), made.stderr


def test_two_charts_of_a_page_have_no_id_in_common_and_refer_to_their_own():
    ids = []
    for name in ("a", "b <c>"):
        source = chart(line("x"), name=name, title="t", tells="d")
        found = [attributes["id"] for _, attributes in ParsedPage(source).elements if "id" in attributes]
        assert set(re.findall(r'(?:href="|url\()#([\w-]+)', source)) <= set(found)
        assert set(re.findall(r'aria-labelledby="([\w -]+)"', source)[0].split()) <= set(found)
        ids += found
    assert len(ids) == len(set(ids))


def test_no_colour_is_of_the_chart_alone_and_nothing_is_loaded():
    source = chart(line("x"), name="a", title="t", tells="d")
    assert not re.search(r"(?:fill|stroke): #|https?:|xmlns|src=", source)
    assert "var(--accent)" in source
    assert len({tuple(series_style(index).items()) for index in range(8)}) == 8


def test_a_long_name_is_shortened_and_in_one_line():
    assert short("a\nb  c") == "a b c"
    assert short("x" * 40, 10) == "x" * 9 + "…"
