"""Run the chapters of docs/tour and write what they show: sources of this package, printed results, pictures.

    python scripts/tour.py [--only 3 …] [--check]

Between `<!-- source: NAME -->` and `<!-- end -->` stands the code of a function of this package without its docstring,
or a file. A block ```text after a block ```python is what that printed; where a line of the block begins with
"# measured", it is another on each machine, and the machine is named below it. The picture of a chapter is cut out of
the page of `dnn explain` that the chapter makes, its `page`. --check changes nothing, and fails if a source is old.
"""

import argparse
import ast
import contextlib
import io
import linecache
import os
import re
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

HOME = Path(__file__).parent.parent
sys.path.insert(0, str(HOME))
TOUR = HOME / "docs" / "tour"
CHAPTERS = sorted(TOUR.glob("[1-9]-*.md"))
PYTHON = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
SOURCE = re.compile(r"<!-- source: ([\w./-]+) -->\n(.*?)<!-- end -->", re.DOTALL)
MEASURED = re.compile(r"^# measured", re.MULTILINE)


class Picture(NamedTuple):
    """What to cut out: from the heading with these words, or this map, downwards; a cell of a map is pointed at."""

    top: str
    map: str = ""
    cell: tuple[float, float] = (0.5, 0.5)  # row and column, as shares of the map
    height: int = 700


PICTURES = {
    "1": Picture("Dense(2", "layers/0/kernel:gradient", (0.75, 0.5)),
    "2": Picture("layers/0/sums:value", "layers/0/sums:gradient", (0.4, 0.3)),
    "3": Picture("Logits as probabilities", "probabilities:value", (0.3, 0.7)),
    "4": Picture("layers/2/kernel:value", "layers/2/kernel:gradient", (0.15, 0.3), 620),
    "5": Picture("layers/1/kernel:m", "layers/1/kernel:change", (0.3, 0.55)),
    "6": Picture("losses:value", "losses:gradient", (0.9, 0.5), 560),
    "7": Picture("One training step", height=420),
    "8": Picture("layers/0: power", "layers/0/outputs:value", (0.3, 0.3)),
    "9": Picture("layers/1/kernel:m", "layers/1/kernel:change", (0.5, 0.3), 900),
}


def main() -> None:
    """Write the parts, or check the sources."""
    arguments = parsed()
    for chapter in CHAPTERS:
        if not arguments.only or chapter.name[0] in arguments.only:
            text = with_sources(chapter.read_text("utf-8"))
            if arguments.check and text != chapter.read_text("utf-8"):
                raise SystemExit(f"{chapter.name} shows an old source: run python scripts/tour.py")
            if not arguments.check:
                text, names = with_outputs(text, chapter)
                chapter.write_text(text, "utf-8")
                take_picture(chapter, names["page"].html)


def with_sources(text: str) -> str:
    """Return a chapter with the sources as they are now."""
    return SOURCE.sub(lambda part: f"<!-- source: {part[1]} -->\n{source_block(part[1])}<!-- end -->", text)


def source_block(name: str) -> str:
    """Return a block of code, with a line that says where it stands: of dnn.…, or of a file of the repository.

    The language of Python is py, so that it is shown, not run: a notebook's cells are the blocks ```python.
    """
    if "/" in name:
        return f"```cpp\n{(HOME / name).read_text('utf-8')}```\n"
    path, qualified = module_of(name)
    shown = path.relative_to(HOME).as_posix()
    return f"```py\n# {shown}\n{code_of(path, qualified)}\n```\n"


def module_of(name: str) -> tuple[Path, list[str]]:
    """Return the file of a dotted name, and the names within it."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        path = HOME.joinpath(*parts[:end]).with_suffix(".py")
        if path.is_file():
            return path, parts[end:]
    raise ValueError(f"no module has {name}")


def code_of(path: Path, names: list[str]) -> str:
    """Return the source of a function or a method without its docstring, from the left margin."""
    text = path.read_text("utf-8")
    node: Any = ast.parse(text)
    for name in names:
        node = next(each for each in node.body if getattr(each, "name", None) == name)
    lines = text.splitlines()
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    left_out: range = range(0)
    if ast.get_docstring(node) is not None:
        left_out = range(node.body[0].lineno, node.body[0].end_lineno + 1)
    kept = [lines[number - 1] for number in range(first, node.end_lineno + 1) if number not in left_out]
    return "\n".join(line[node.col_offset :] for line in kept)


def with_outputs(text: str, chapter: Path) -> tuple[str, dict[str, Any]]:
    """Run the Python of a chapter in its folder; return the text with what it printed, and the names that it left."""
    names: dict[str, Any] = {"__name__": "chapter"}

    def run(block: re.Match[str]) -> str:
        printed = output_of(block[1], names, chapter)
        if printed and MEASURED.search(block[1]):
            printed += f"({date.today()}, {machine()})\n"
        return f"```python\n{block[1]}```\n" + (f"\n```text\n{printed}```\n" if printed else "")

    os.chdir(chapter.parent)
    return PYTHON.sub(run, text), names


def output_of(block: str, names: dict[str, Any], chapter: Path) -> str:
    """Run a block, and return what it printed."""
    printed, file = io.StringIO(), str(chapter.with_name(f"{chapter.stem}-{len(linecache.cache)}.py"))
    linecache.cache[file] = (len(block), None, block.splitlines(keepends=True), file)  # for who asks for a source
    with contextlib.redirect_stdout(printed):
        exec(compile(block, file, "exec"), names)
    return printed.getvalue()


def take_picture(chapter: Path, page: str) -> None:
    """Save the section of a page that a chapter shows, with a cell of a map pointed at, as a small PNG."""
    from PIL.PngImagePlugin import PngImageFile
    from playwright.sync_api import sync_playwright

    chosen = PICTURES[chapter.name[0]]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file, png = Path(folder, "page.html"), Path(folder, "page.png")
        file.write_text(page, "utf-8")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 900, "height": chosen.height})
        tab.goto(file.as_uri())
        top = tab.locator("figure", has=tab.locator(f"canvas[data-map='{chosen.top}']"))
        top = top if top.count() else tab.locator("h1, h2", has_text=chosen.top)
        top.first.evaluate("node => window.scrollTo(0, node.getBoundingClientRect().top - 8)")
        if chosen.map:
            canvas = tab.locator(f"canvas[data-map='{chosen.map}']")
            box, (down, right) = canvas.bounding_box(), chosen.cell
            canvas.hover(position={"x": box["width"] * right, "y": box["height"] * down})
        tab.screenshot(path=png)
        browser.close()
        PngImageFile(str(png)).convert("RGB").quantize(64).save(
            TOUR / "pictures" / f"{chapter.stem}.png", optimize=True
        )


def machine() -> str:
    """Return the cores and the processor of this machine."""
    from scripts.readme import machine

    return machine()


def parsed() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="N", help="these chapters, by number")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a source is out of date")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    main()
