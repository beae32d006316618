"""README.md and docs/ are true: their Python runs, their commands run, and their generated parts are there."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import dnn
from dnn.cli import app
from dnn.testing import PIECES
from scripts import excerpts, pieces

HOME = Path(__file__).parent.parent
README = (HOME / "README.md").read_text("utf-8")
PAGES = {path.stem: path.read_text("utf-8") for path in [HOME / "README.md", *sorted((HOME / "docs").glob("*.md"))]}
RUN_ELSEWHERE = ("serving",)  # tests/test_serving.py, which asks its server


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which the `dnn` commands of all pages were run, in order."""
    folder = tmp_path_factory.mktemp("docs")
    lines = [line.split("#")[0] for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    commands = [shlex.split(line.split("&&")[-1]) for line in lines if "dnn " in line]
    assert len(commands) >= 9
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("clients.csv", "heldout.csv", "new.csv"):
            shutil.copy(dnn.sample_path(), name)
        for _, *arguments in commands:
            beside = ["--no-report", "--no-baselines"] if arguments[0] == "train" and "run" not in arguments else []
            beside += ["--epochs", "2"] if beside and "--epochs" not in arguments else []  # that they run, not how well
            result = CliRunner().invoke(app, arguments + beside)
            assert result.exit_code == 0, (arguments, result.output)
    return folder


def test_the_dnn_commands_run_in_order(folder):
    made = {path.name for path in folder.iterdir()}
    assert made >= {"clients.csv", "prepared", "run", "predictions.csv", "saved_model", "my_op.py"}


def test_most_pages_with_python_are_run_here():
    assert {page for page in PAGES if blocks(page, "python")} == {
        "README",
        "guide",
        "custom-ops",
        "encodings",
        "explain",
        "ensembles",
        "resume",
        "scale",
        *RUN_ELSEWHERE,
    }


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "python") and page not in RUN_ELSEWHERE], ids=str
)
def test_the_python_blocks_of_a_page_run_in_order_after_the_commands(page, folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {"__name__": page.replace("-", "_")}
    for block in blocks(page, "python"):
        exec(compile(block, page, "exec"), names)


def test_every_generated_part_is_there_once():
    parts = re.findall(r"<!-- (\w+): .+? -->\n(.*?)<!-- end -->", "".join(PAGES.values()), re.DOTALL)
    names = ["accuracy", "command", "conformance", "ensembles", "figures", "pieces", "ranks", "run", "speed", "train"]
    assert sorted(name for name, _ in parts) == names
    assert all(len(part) > 100 for _, part in parts)
    assert "epoch   1* loss 0." in dict(parts)["train"]


def test_the_table_of_pieces_has_every_piece():
    """If not: python scripts/readme.py --only pieces."""
    assert pieces.table() in PAGES["guide"]
    assert [name for name in PIECES if f"`{name.split(',')[0]}`" not in pieces.table()] == []


def test_the_readme_shows_excerpts_of_the_run_and_of_the_last_benchmark():
    """If not: python scripts/readme.py --only run figures."""
    assert excerpts.shortened_run() in README
    assert excerpts.figures() in README
    assert excerpts.figures().count(" × (") > 5  # what is faster, and where a peer is
    assert "| JAX" in excerpts.figures()
    assert not re.search(r"\baims?\b", README)
    for line in excerpts.shortened_run().splitlines():
        assert line in PAGES["quickstart"]


def test_the_page_of_accuracy_has_the_ranks_of_the_last_comparison():
    """If not: python scripts/readme.py --only ranks."""
    assert excerpts.ranks() in PAGES["accuracy"]
    assert "| dnn, TabM |" in excerpts.ranks()


def test_the_page_of_ensembles_has_the_speeds_that_were_measured_last():
    """If not: python scripts/readme.py --only ensembles."""
    assert excerpts.ensembles() in PAGES["ensembles"]
    assert "| dnn, XLA |" in excerpts.ensembles()


def test_each_difference_on_purpose_names_a_test_that_is_there():
    part = PAGES["fidelity"].partition("## What differs on purpose")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .+ \| \[(.+)\]\(\.\./(tests/.+\.py)\) \|$", part, re.MULTILINE)
    assert len(rows) == part.count("\n| ") - 1  # but for the heading
    assert len(rows) >= 25
    missing = [
        name for name, path in rows if f"def test_{name.replace(' ', '_')}(" not in (HOME / path).read_text("utf-8")
    ]
    assert missing == []


def test_the_readme_is_short():
    assert len(README.encode()) <= 8_192


def test_the_set_up_is_the_two_commands_of_ci():
    set_up = blocks("README", "sh")[0]
    assert set_up.startswith("pip install -e . && dnn train ")
    script = (HOME / ".ci" / "run").read_text("utf-8").replace("--quiet ", "")
    assert 'pip install -e ".[test]"\npytest -n 2\n' in script  # two lines: `set -e` does not see a failure before &&
    assert 'pip install -e ".[test]" && pytest -n 2' in set_up


def test_no_link_of_the_page_on_pypi_is_relative():
    """The README of the distribution is this one, with the substitutions of pyproject.toml."""
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 reads no TOML")
    project = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))
    text = README
    for one in project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(one["pattern"], one["replacement"], text)
    assert "](https://github.com/dnn-tables/dnn/blob/main/docs/guide.md#your-own-data)" in text
    assert "](https://raw.githubusercontent.com/dnn-tables/dnn/main/scripts/curves.png)" in text
    assert re.findall(r"\]\((?!https://)[^)]*\)", text) == []
