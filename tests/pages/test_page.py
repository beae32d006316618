"""The frame of a page: what is shown is escaped, nothing is loaded, and every text can be read."""

import re

import pytest
from parsed_page import ParsedPage

from dnn.pages.page import DARK, LIGHT, escaped, html_table, page, section

HOSTILE = ("<script>alert(1)</script>", "</title>", "$x$", "\" onload='x'", "a & b &lt;", "</style></script><b>")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stays_text(text):
    source = page(text, section(text, html_table([text], [[text]], caption=text, name=text)))
    parsed = ParsedPage(source)
    for tag in ("title", "h2", "th", "td", "caption"):
        assert parsed.text_of(tag) == text
    assert not [tag for tag, _ in parsed.elements if tag in ("script", "b")]
    assert dict(parsed.elements)["table"] == {"id": text}


def test_a_page_loads_nothing():
    source = page("title", "<p>text</p>", script="let a = 1")
    assert not re.search(r"https?:|src=|<link|url\(|@import", source.replace("img-src data:", ""))


@pytest.mark.parametrize("element", ["script", "style"])
def test_a_script_cannot_end_its_element(element):
    with pytest.raises(ValueError, match=f"the {element} of a page must not hold </{element}"):
        page("title", "", **{element: f"'</{element.upper()}>'"})


def luminance(colour):
    """Of WCAG 2.2, relative luminance."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["text", "muted", "accent", "negative", "positive"])
def test_every_text_has_a_contrast_of_4_5_to_1(colours, name):
    for behind in ("background", "surface"):
        low, high = sorted((luminance(colours[name]), luminance(colours[behind])))
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_numbers_keep_all_their_digits():
    parsed = ParsedPage(html_table(["a", "b"], [[1 / 3, 1234]]))
    assert [attributes["data-value"] for tag, attributes in parsed.elements if tag == "td"] == [repr(1 / 3), "1234"]
    assert escaped("\0\x1b\u202e\n") == "\\x00\\x1b\\u202e\n"
