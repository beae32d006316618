"""The site has each public name once, and its links lead to its pages or to the repository."""

import re
from pathlib import Path

import pytest

import dnn
from scripts import site

HOME = Path(dnn.__file__).parent.parent
API = sorted((HOME / "docs" / "api").glob("*.md"))
ROOMS = ("dnn.kernels", "dnn.ops", "dnn.testing", "dnn.typing")  # packages whose own names are public too
REPOSITORY = "https://github.com/dnn-tables/dnn"


def names_on_pages() -> list[str]:
    found = [found for path in API for found in site.NAMES.findall(path.read_text("utf-8"))]
    return [
        line.removeprefix("::: ") for names in found for line in site.directives(site.modules_in(names)).split("\n\n")
    ]


def test_every_public_name_is_on_exactly_one_page_of_the_api():
    """If one is missing, add the module that defines it to a page in docs/api."""
    names = names_on_pages()
    assert sorted(names) == sorted(set(names))
    assert {f"dnn.{name}" for name in dnn.__all__} <= set(names)
    for room in ROOMS:
        own = [name for name in getattr(dnn, room.removeprefix("dnn.")).__all__ if name not in dnn.__all__]
        assert {f"{room}.{name}" for name in own} - set(names) == set()


def test_a_module_without_a_public_name_is_an_error():
    with pytest.raises(ValueError, match=r"^dnn\.nn\.once has no public name: "):
        site.public_names("dnn.nn.once")


def test_a_formula_becomes_mathml_in_a_block_of_its_own():
    text = "Costs $5 and $$6$$ here.\n\n$$a = \\max(0, z),\n\\quad b$$\n\nThen."
    before, formula, after = site.in_mathml(text).split("\n\n")
    assert (before, after) == ("Costs $5 and $$6$$ here.", "Then.")
    assert formula.startswith('<div class="formula"><math xmlns="http://www.w3.org/1998/Math/MathML" display="block">')
    assert "<mi>a</mi>" in formula
    assert "$" not in formula


def test_the_table_of_the_api_has_every_page():
    index = (HOME / "docs" / "api" / "index.md").read_text("utf-8")
    assert {path.name for path in API} - {"index.md"} == set(re.findall(r"\]\((\w+\.md)\)", index))


def test_the_navigation_has_every_page():
    navigation = set(re.findall(r"([\w/-]+\.md)$", (HOME / "mkdocs.yml").read_text("utf-8"), re.MULTILINE))
    pages = {path.relative_to(HOME / "docs").as_posix() for path in (HOME / "docs").rglob("*.md")}
    assert navigation == pages | {name for name in site.ELSEWHERE if name.endswith(".md")}


@pytest.mark.parametrize(
    ("page", "link", "on_the_site"),
    [
        ("index.md", "docs/guide.md#from-python", "guide.md#from-python"),
        ("guide.md", "../README.md", "index.md"),
        ("guide.md", "tables.md", "tables.md"),
        ("tour/index.md", "1-one-neuron.md", "1-one-neuron.md"),
        ("tour/index.md", "exercises/neuron.py", "exercises/neuron.py"),
        ("tour/index.md", "exercises", f"{REPOSITORY}/tree/main/docs/tour/exercises"),
        ("guide.md", "../tests/estimator", f"{REPOSITORY}/tree/main/tests/estimator"),
        ("guide.md", "../scripts/bank_deposit.py", f"{REPOSITORY}/blob/main/scripts/bank_deposit.py"),
        ("benchmarks.md", "../benchmarks/last/plot.png", "plot.png"),
        ("kernels.md", "../ops/README.md", "op-steps.md"),
        ("api/ops.md", "../custom-ops.md", "../custom-ops.md"),
        ("guide.md", "https://example.org/a.md", "https://example.org/a.md"),
    ],
)
def test_a_link_leads_where_the_site_has_it(page, link, on_the_site):
    assert site.LINK.sub(lambda found: site.linked(found, page, REPOSITORY), f"see [it]({link}).") == (
        f"see [it]({on_the_site})."
    )


def test_what_looks_like_a_link_in_code_stays():
    class Page:
        class file:  # noqa: N801
            src_uri = "guide.md"

    class Config:
        repo_url = REPOSITORY

    text = "[a](tables.md)\n\n```python\nf[a](b)\n```\n\n1. one\n\n   ```sh\n   x[a](b)\n   ```\n"
    assert site.on_page_markdown(text.replace("tables", "../README"), Page, Config, None) == text.replace(
        "tables", "index"
    )
