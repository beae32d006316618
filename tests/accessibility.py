"""What axe-core finds in an open page, and the contrast of each text, those in pictures too, which it leaves open."""

from pathlib import Path

import pytest

LOOKS = [(width, scheme) for width in (400, 1280) for scheme in ("light", "dark")]

WEAK_TEXTS = """least => {
  const painter = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const painted = colours => {  // one over the other, as the screen shows them
    painter.clearRect(0, 0, 1, 1);
    for (const colour of colours) { painter.fillStyle = colour; painter.fillRect(0, 0, 1, 1); }
    return [...painter.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = rgb => rgb.map(value => value / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const weak = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility() || element.closest("script, style, title, desc")) continue;
    const grounds = [];
    for (let each = element; each; each = each.parentElement) grounds.unshift(getComputedStyle(each).backgroundColor);
    const style = getComputedStyle(element), ground = painted(grounds);
    const ink = painted([`rgb(${ground})`, element.closest("svg") ? style.fill : style.color]);
    const [low, high] = [luminance(ground), luminance(ink)].sort((one, other) => one - other);
    const contrast = (high + 0.05) / (low + 0.05);
    texts += 1;
    if (contrast < least) weak.push(`${node.data.trim()}: ${contrast.toFixed(2)}`);
  }
  return [texts, weak];
}"""


def violations(page) -> list[str]:
    """What axe-core says of an open page, with the first element of each kind."""
    package = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    page.evaluate((Path(package.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    return [f"{each['id']}: {each['help']}, {each['nodes'][0]['html'][:200]}" for each in found]


def weak_texts(page) -> list[str]:
    """The texts of an open page whose contrast to what is behind them is under 4.5:1."""
    texts, weak = page.evaluate(WEAK_TEXTS, 4.5)
    assert texts > 20
    return weak
