"""The part on the graph in a real browser: it unfolds by the keyboard, nothing overflows, and its texts can be read."""

import shutil

import numpy as np
import pytest

import dnn

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
LEAST_CONTRAST = """() => {
  const channel = x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = colour => {
    const [r, g, b] = numbers(colour).map(x => channel(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    while (element.parentElement && numbers(getComputedStyle(element).backgroundColor)[3] === 0)
      element = element.parentElement;
    return getComputedStyle(element).backgroundColor;
  };
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const section = document.getElementById("graph-kinds").closest("section");
  const hasText = element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  const texts = [...section.querySelectorAll("*")].filter(element => !element.closest("svg") && hasText(element));
  return [texts.length, Math.min(...texts.map(
    element => contrast(luminance(getComputedStyle(element).color), luminance(ground(element)))))];
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(4, 5)), random.integers(0, 2, 4)
    page = dnn.explain(dnn.mlp([5, 3, 2], seed=0), x, y, graph=True)
    return page.save(tmp_path_factory.mktemp("page") / "step.html")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (400, "dark"), (1200, "dark")])
def test_all_unfolded_nothing_is_wider_than_the_screen_and_texts_can_be_read(browser, file, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    errors = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    texts, least = page.evaluate(LEAST_CONTRAST)
    assert texts > 100
    assert least >= 4.5
    assert errors == []
    page.close()


def test_the_keyboard_unfolds_a_kind_to_its_lines_and_these_to_names(browser, file):
    page = browser.new_page()
    page.goto(file.as_uri())
    kind = page.locator("#graph-kinds > details:has(> summary code:text-is('MatMul'))")
    kind.locator("summary").first.focus()
    page.keyboard.press("Enter")
    line = kind.locator("details > summary").first
    assert "return tf.matmul(x, kernel) + bias" in line.inner_text()
    line.focus()
    page.keyboard.press("Enter")
    assert "MatMul" in kind.locator(".names").first.inner_text()
    page.close()
