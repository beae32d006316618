"""report.html and the page of several runs in a real browser: what can be reached, read, typed into and printed."""

import csv
import re

import numpy as np
import pytest
from accessibility import LOOKS, violations, weak_texts
from typer.testing import CliRunner

from dnn.cli import app

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two runs on a small table whose names would break a page, and both compared."""
    folder = tmp_path_factory.mktemp("runs")
    random = np.random.default_rng(0)
    numbers = random.normal(size=(240, 2)).round(3)
    kinds = random.choice(["a", "b"], 240)
    rows = [
        [a, b, kind, "yes" if a + (kind == "a") > 0.5 else "no"] for (a, b), kind in zip(numbers, kinds, strict=True)
    ]
    with open(folder / "small.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["a long name of a column", SCRIPT, "kind", "y"], *rows])
    for name, hidden in (("one", "4"), ("two", "6")):
        run("train", folder / "small.csv", "--out", folder / name, "--epochs", 2, "--no-baselines", "--hidden", hidden)
    run("compare", folder / "one", folder / "two", "--out", folder / "compare.html")
    return folder


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output


PAGES = ("one/report.html", "compare.html")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_and_each_text_has_contrast(open_page, folder, name, width, scheme):
    page = open_page(folder / name, width, scheme)
    assert violations(page) == []
    assert weak_texts(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_weak_text_would_be_found(open_page, folder):
    page = open_page(folder / "compare.html")
    page.add_style_tag(content="p { color: #999 } svg text { fill: #888 !important }")
    weak = weak_texts(page)
    assert any(text.startswith("one, two") for text in weak)
    assert any(text.startswith("epoch") for text in weak)


def test_every_link_within_a_page_leads_somewhere(open_page, folder):
    for name in PAGES:
        page = open_page(folder / name)
        broken = """() => ["href", "xlink:href", "for", "aria-labelledby"].flatMap(
          name => [...document.querySelectorAll("*")].flatMap(each => (each.getAttribute(name) || "").split(" "))
            .filter(id => id && !document.getElementById(id.replace(/^#/, ""))))"""
        assert page.evaluate(broken) == []


def test_costs_typed_with_the_keyboard_choose_the_threshold(open_page, folder):
    page = open_page(folder / "one" / "report.html")
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.id") != "cost-false-positive":
        assert page.evaluate("document.activeElement !== document.body"), "the input is not reached"
        page.keyboard.press("Tab")
    page.keyboard.type("10")  # in place of the 1, which is selected
    page.keyboard.press("Tab")
    page.keyboard.type("3")
    rows = page.locator("#thresholds tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => Number(cell.dataset.value)))"
    )
    cheapest = min(10 * row[2] + 3 * row[3] for row in rows)
    text = page.locator("#cheapest").inner_text()
    assert text.endswith(f"total cost {cheapest}.")
    hits, alarms, misses = (int(re.search(rf"(\d+) {what}", text)[1]) for what in NAMES)
    assert 10 * alarms + 3 * misses == cheapest
    assert [hits, alarms, misses] in [row[1:4] for row in rows]


NAMES = ("true positives", "false positives", "false negatives")


def test_a_cost_that_is_no_number_is_told(open_page, folder):
    page = open_page(folder / "one" / "report.html")
    page.locator("#cost-false-positive").fill("")
    assert page.locator("#cheapest").inner_text() == "Both costs must be numbers of 0 or more, and not both 0."


def test_a_tall_table_is_scrolled_with_the_keyboard(open_page, folder):
    page = open_page(folder / "one" / "report.html")
    box = page.locator(".tall", has=page.locator("#all-figures"))
    box.focus()
    page.keyboard.press("End")
    page.wait_for_function("box => box.scrollTop > 0", arg=box.element_handle())


def test_a_picture_tells_what_it_shows(open_page, folder):
    page = open_page(folder / "compare.html")
    names = page.locator("svg[role=img]").evaluate_all(
        "all => all.map(each => each.querySelector('title').textContent)"
    )
    assert len(names) == page.locator("svg").count() >= 4
    assert all(names)


@pytest.mark.parametrize("name", PAGES)
def test_it_is_printed_in_light_colours_without_what_needs_a_screen(open_page, folder, name):
    page = open_page(folder / name, 794, "dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert weak_texts(page) == []
    assert page.locator(".screen-only:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 794  # nothing is cut off at the right
    assert page.pdf(format="A4").startswith(b"%PDF")
