"""Every relative link of a page, with its anchor, leads to something."""

import re
from pathlib import Path

import pytest

HOME = Path(__file__).parent.parent
NAMES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "dnn/ops/README.md", "dnn/kernels/README.md")
PAGES = [*(HOME / name for name in NAMES), *sorted((HOME / "docs").rglob("*.md"))]


def text_of(page: Path) -> str:
    """The page without its code, in which what looks like a link or a heading is none."""
    return re.sub(r"^( *)```.*?^\1```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors of its headings, as GitHub and mkdocs.yml make them."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether a relative link from a page has an end."""
    path, _, anchor = target.partition("#")
    end = (page.parent / path).resolve() if path else page
    return end.exists() and (not anchor or anchor in anchors(end))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(HOME).as_posix())
def test_every_link_leads_somewhere(page):
    targets = re.findall(r"\[[^\]]*\]\((?!https?:)([^)\s]+)\)", text_of(page))
    assert [target for target in targets if not leads_somewhere(page, target)] == []


def test_a_link_to_nothing_is_seen():
    page = HOME / "README.md"
    assert leads_somewhere(page, "docs/guide.md#from-python")
    assert not leads_somewhere(page, "docs/guide.md#from-java")
    assert not leads_somewhere(page, "docs/absent.md")


def test_the_pages_link_to_each_other():
    """No page of docs/ is left without a link from another one."""
    links = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in PAGES
        for target in re.findall(r"\]\((?!https?:)([^)\s#]+)", text_of(page))
    }
    assert [page.name for page in PAGES if page not in links and page.name != "README.md"] == []
