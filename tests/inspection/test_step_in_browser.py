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
    assert "losses[row 2] = " in page.locator("#cell").inner_text()
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


def equals(text: str) -> list[float]:
    """The numbers that stand after each "= " of a line."""
    return [float(each) for each in re.findall(r"= (-?[\d.]+(?:e[+-]?\d+)?)\b", text)]


def test_what_adam_keeps_and_changes_is_told_with_its_numbers_and_no_products_of_gradients(opened):
    page = opened()
    page.get_by_role("button", name="2").click()
    kernel = "layers/1/kernel"
    g, m, m_before = (numbers(page, f"{kernel}:{part}", 1)[0] for part in ("gradient", "m", "m before"))
    page.locator(f"canvas[data-map='{kernel}:m']").focus()
    text = page.locator("#rule").inner_text()
    assert text.startswith("m = β₁ · m before + (1 − β₁) · g = 0.9 · ")
    assert equals(text)[-1] == m == pytest.approx(0.9 * m_before + 0.1 * g, rel=1e-5)
    for part in ("v", "change", "new"):
        page.locator(f"canvas[data-map='{kernel}:{part}']").focus()
        assert page.locator("#readout table").count() == 0
        assert "the sum of" not in page.locator("#readout").inner_text()
        assert page.locator("#rule").is_visible()


def test_a_change_is_told_as_the_rounded_difference_beside_the_step_itself(opened):
    page = opened()
    kernel = "layers/1/kernel"
    w, new, m, v = (numbers(page, f"{kernel}:{part}")[0] for part in ("value", "new", "m", "v"))
    page.locator(f"canvas[data-map='{kernel}:change']").focus()
    step = equals(page.locator("#step").inner_text())[-1]
    by_hand = 1e-3 * np.sqrt(1 - 0.999) / (1 - 0.9) * m / (np.sqrt(v) + 1e-7)
    assert step == pytest.approx(by_hand, rel=1e-7)  # 8 digits are shown
    assert "α · m / (√v + ε)" in page.locator("#step").inner_text()
    assert told(page) == np.float32(new) - np.float32(w)
    assert "the difference of two rounded weights" in page.locator("#rounded").inner_text()


def test_a_click_pins_the_square_until_another_or_escape(opened):
    page = opened()
    kernel, bias = (page.locator(f"canvas[data-map='layers/1/{name}:value']") for name in ("kernel", "bias"))
    kernel.click(position={"x": 3, "y": 3})
    pinned = page.locator("#cell").inner_text()
    assert page.locator("#pin").inner_text() == "pinned"
    bias.hover()
    assert page.locator("#cell").inner_text() == pinned
    page.keyboard.press("Escape")
    assert page.locator("#pin").is_hidden()
    bias.hover(position={"x": 5, "y": 5})
    assert "bias" in page.locator("#cell").inner_text()
    kernel.click(position={"x": 3, "y": 3})
    kernel.click(position={"x": 3, "y": 3})
    assert page.locator("#pin").is_hidden()


def test_enter_pins_so_that_tab_leads_to_the_links_of_the_panel(opened):
    page = opened()
    page.locator("canvas[data-map='losses:value']").focus()
    page.keyboard.press("Enter")
    page.locator("canvas[data-map='layers/1/bias:new']").focus()
    assert "losses[row 1]" in page.locator("#cell").inner_text()
    page.keyboard.press("Enter")
    assert page.locator("#cell").inner_text().startswith("new layers/1/bias[class 0] = ")
    page.locator("#from a").first.click()
    assert page.locator("#cell").inner_text().startswith("layers/1/bias[class 0] = ")
    assert page.evaluate("document.activeElement.dataset.map") == "layers/1/bias:value"
    box = page.locator("canvas[data-map='layers/1/bias:value']").bounding_box()
    assert 0 <= box["y"] < 800


def test_home_and_end_go_along_the_row_and_do_not_scroll(opened):
    page = opened()
    page.locator("canvas[data-map='layers/0/kernel:value']").focus()
    page.keyboard.press("ArrowDown")
    before = page.evaluate("scrollY")
    page.keyboard.press("End")
    assert "[c1, unit 30]" in page.locator("#cell").inner_text()
    page.keyboard.press("Home")
    assert "[c1, unit 1]" in page.locator("#cell").inner_text()
    page.keyboard.press("Control+End")
    assert "[c50, unit 30]" in page.locator("#cell").inner_text()
    assert page.evaluate("scrollY") == before


def test_the_gradient_of_the_logits_is_told_by_probability_and_truth(opened):
    page = opened()
    p = numbers(page, "probabilities:value")
    for column in range(2):
        page.locator("canvas[data-map='layers/1/sums:gradient']").focus()
        page.keyboard.press("Home")
        for _ in range(column):
            page.keyboard.press("ArrowRight")
        text = page.locator("#loss").inner_text()
        assert equals(text)[0] == pytest.approx(told(page), abs=1e-7)
        assert f"{p[column]} − " in text
    page.locator("canvas[data-map='losses:value']").focus()
    assert "the row's class is class " in page.locator("#loss").inner_text()
    assert equals(page.locator("#loss").inner_text())[-1] == pytest.approx(told(page), rel=1e-6)


def test_relu_s_gradient_is_told_to_pass_or_to_be_blocked(opened):
    page = opened()
    canvas = page.locator("canvas[data-map='layers/0/sums:gradient']")
    canvas.focus()
    sums = numbers(page, "layers/0/sums:value")[:8]
    assert {value > 0 for value in sums} == {True, False}
    for value in sums:
        assert page.locator("#relu").inner_text().startswith("passed: " if value > 0 else "blocked: ")
        page.keyboard.press("ArrowRight")


def test_only_the_number_is_announced(opened):
    page = opened()
    page.locator("canvas[data-map='losses:value']").focus()
    assert page.locator("#said").inner_text() == page.locator("#cell").inner_text()
    assert page.evaluate("document.getElementById('readout').closest('[aria-live], [role=status]')") is None


@pytest.mark.parametrize(("width", "columns"), [(1200, 4), (900, 2)])
def test_the_four_maps_of_an_update_stand_in_one_row_or_in_two(open_page, tmp_path, width, columns):
    one_step = dnn.explain(dnn.mlp([3, 4, 2], seed=0), np.eye(3), [0, 1, 1]).save(tmp_path / "step.html")
    page = open_page(one_step, width, "light")
    parts = ("m", "v", "change", "new")
    boxes = [page.locator(f"canvas[data-map='layers/1/kernel:{part}']").bounding_box() for part in parts]
    assert len({round(box["x"]) for box in boxes}) == columns
