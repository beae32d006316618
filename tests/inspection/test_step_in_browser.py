"""The page of a step in a real browser: pointing, keys and buttons tell the numbers, and nothing overflows or fails."""

import re

import numpy as np
import pytest
from accessibility import LOOKS, violations, weak_texts

import dnn


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(8, 51)), random.integers(0, 2, 8)
    model = dnn.mlp([51, 30, 2], seed=0)
    columns = {f"c{number}": x[:, number] for number in range(51)}
    features = dnn.Features(columns)
    page = dnn.explain(model, features(columns), y, steps=2, batch_size=4, columns=columns, features=features)
    return page.save(tmp_path_factory.mktemp("page") / "step.html")


@pytest.fixture
def opened(open_page, file):
    """A function of width and colour scheme that opens the page of the step."""
    return lambda width=1200, scheme="light": open_page(file, width, scheme)


def numbers(page, name: str, step: int = 0) -> list[float]:
    return page.evaluate(f"JSON.parse(document.getElementById('data').textContent).steps[{step}]['{name}']")


def told(page) -> float:
    return float(page.locator("#cell").inner_text().split(" = ")[1])


def test_pointing_at_a_gradient_tells_it_its_check_and_where_it_is_from(opened):
    page = opened()
    canvas = page.locator("canvas[data-map='layers/0/kernel:gradient']")
    box = canvas.bounding_box()
    canvas.hover(position={"x": box["width"] * 2.5 / 30, "y": box["height"] * 3.5 / 51})
    text = page.locator("#panel").inner_text()
    assert "∂L/∂layers/0/kernel[c3, unit 3]" in text
    gradient = numbers(page, "layers/0/kernel:gradient")[3 * 30 + 2]
    assert told(page) == gradient
    assert "comes from 4 of ∂L/∂layers/0/sums; 4 of x" in text
    products = [
        float(each) for each in re.findall(r"= (\S+)$", page.locator("#readout table").inner_text(), re.MULTILINE)
    ]
    assert sum(products) == pytest.approx(gradient, abs=1e-6)
    slope = float(re.search(r"loss: (\S+),", page.locator("#check").inner_text())[1])
    assert slope == pytest.approx(gradient, abs=1e-6)


def test_the_arrow_keys_walk_over_the_numbers(opened):
    page = opened()
    page.locator("canvas[data-map='layers/1/bias:new']").focus()
    first, second = numbers(page, "layers/1/bias:new")
    assert told(page) == first
    page.keyboard.press("ArrowRight")
    assert told(page) == second
    page.keyboard.press("ArrowRight")  # at the edge it stays
    assert told(page) == second
    assert "change of layers/1/bias" in page.locator("#from").inner_text()


def test_a_loss_comes_from_the_logits_of_its_row(opened):
    page = opened()
    page.locator("canvas[data-map='losses:value']").focus()
    page.keyboard.press("ArrowDown")
    assert told(page) == numbers(page, "losses:value")[1]
    assert "losses[row 2, loss]" in page.locator("#cell").inner_text()
    assert page.locator("#from").inner_text() == "comes from 2 of layers/1/sums"


def test_the_buttons_turn_from_step_to_step(opened):
    page = opened()
    page.locator("canvas[data-map='losses:value']").focus()
    assert told(page) == numbers(page, "losses:value", step=0)[0]
    page.get_by_role("button", name="2").click()
    assert told(page) == numbers(page, "losses:value", step=1)[0]
    assert page.get_by_role("button", name="2").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone_nothing_is_wider_than_the_screen(opened, scheme):
    page = opened(400, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_it_can_be_printed(opened):
    page = opened()
    page.emulate_media(media="print")
    assert page.locator(".steps").is_hidden()
    assert len(page.pdf()) > 10_000


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_and_each_text_has_contrast(opened, width, scheme):
    page = opened(width, scheme)
    page.locator("canvas[data-map='layers/0/kernel:gradient']").focus()
    for details in page.locator("section details").all():
        details.evaluate("each => { each.open = true; }")
    assert violations(page) == []
    assert weak_texts(page) == []


def test_the_panel_leaves_three_quarters_of_the_window_and_folds_to_the_number(opened):
    page = opened(400)
    page.locator("canvas[data-map='layers/0/kernel:gradient']").focus()
    assert page.locator("#panel").bounding_box()["height"] <= 800 / 4
    page.locator("#cell").click()
    assert page.locator("#readout").is_hidden()
    page.locator("canvas[data-map='layers/1/bias:new']").focus()
    page.keyboard.press("ArrowRight")
    assert told(page) == numbers(page, "layers/1/bias:new")[1]
    assert page.locator("#panel").bounding_box()["height"] <= 800 / 8


def test_escape_clears_the_panel(opened):
    page = opened()
    page.locator("canvas[data-map='losses:value']").focus()
    page.keyboard.press("Escape")
    assert page.locator("#panel").inner_text().strip() == "Point at a square."


def test_maps_are_printed_in_the_colours_of_light(opened):
    picture = "document.querySelector(\"canvas[data-map='layers/0/kernel:gradient']\").toDataURL()"
    light, page = opened(1200).evaluate(picture), opened(1200, "dark")
    dark = page.evaluate(picture)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(picture) == light != dark
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(picture) == dark


def test_pointing_at_a_feature_tells_how_it_was_made_of_its_cell(opened):
    page = opened()
    page.get_by_role("button", name="2").click()
    page.locator("canvas[data-map='x:value']").focus()
    page.keyboard.press("ArrowDown")
    text = page.locator("#origin").inner_text()
    assert text.startswith("made of c0 ")
    assert float(text.rpartition(" = ")[2]) == pytest.approx(told(page), rel=1e-4)
