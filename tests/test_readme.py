"""The README is true: its Python runs, its commands run, and its links lead somewhere."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import dnn
from dnn.cli import app
from dnn.testing import PIECES
from scripts import pieces

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which the `dnn` commands were run, in order."""
    folder = tmp_path_factory.mktemp("readme")
    lines = [line.split("#")[0] for block in blocks("sh") for line in block.splitlines()]
    commands = [shlex.split(line.split("&&")[-1]) for line in lines if "dnn " in line]
    assert len(commands) >= 4
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("clients.csv", "heldout.csv", "new.csv"):
            shutil.copy(dnn.sample_path(), name)
        for _, *arguments in commands:
            result = CliRunner().invoke(app, arguments)
            assert result.exit_code == 0, (arguments, result.output)
    return folder


def test_the_dnn_commands_run_in_order(folder):
    assert {path.name for path in folder.iterdir()} >= {
        "clients.csv",
        "prepared",
        "run",
        "predictions.csv",
        "saved_model",
    }


def test_the_python_blocks_run_in_order_after_the_commands(folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {"__name__": "readme"}
    assert blocks("python")
    for block in blocks("python"):
        exec(compile(block, str(README), "exec"), names)


def test_every_generated_part_is_there():
    parts = re.findall(r"<!-- \w+: .+? -->\n(.*?)<!-- end -->", TEXT, re.DOTALL)
    assert len(parts) == 6
    assert all(len(part) > 100 for part in parts)
    assert "epoch   1* loss 0." in parts[0]


def test_the_table_of_pieces_has_every_piece():
    """If not: python scripts/readme.py --only pieces."""
    assert pieces.table() in TEXT
    assert [name for name in PIECES if f"`{name.split(',')[0]}`" not in pieces.table()] == []


@pytest.mark.parametrize("target", sorted(set(re.findall(r'\[[^\]"]+\]\((?!http)([^)#]+)\)', TEXT))))
def test_a_link_leads_to_a_file(target):
    assert (README.parent / target).exists()


def test_the_set_up_is_the_two_commands_of_ci():
    assert blocks("sh")[0].startswith("pip install -e . && dnn train ")
    script = (README.parent / ".ci" / "run").read_text("utf-8").replace("--quiet ", "")
    assert 'pip install -e ".[test]"\npytest -n 2\n' in script  # two lines: `set -e` does not see a failure before &&
    assert 'pip install -e ".[test]" && pytest -n 2' in blocks("sh")[0]
