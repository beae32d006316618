"""The README is true: its Python runs, its commands run, and its links lead somewhere."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import dnn
from dnn.cli import app

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_python_blocks_run_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(app, ["train", "--epochs", "1", "--out", "run"])
    names = {"__name__": "readme"}
    assert blocks("python")
    for block in blocks("python"):
        exec(compile(block, str(README), "exec"), names)


def test_the_dnn_commands_run_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(dnn.sample_path(), "clients.csv")
    lines = [line.split("#")[0] for block in blocks("sh") for line in block.splitlines()]
    commands = [shlex.split(line.split("&&")[-1]) for line in lines if "dnn " in line]
    assert len(commands) >= 4
    for _, *arguments in commands:
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, (arguments, result.output)


def test_every_generated_part_is_there():
    parts = re.findall(r"<!-- \w+: .+? -->\n(.*?)<!-- end -->", TEXT, re.DOTALL)
    assert len(parts) == 5
    assert all(len(part) > 100 for part in parts)
    assert "epoch   1* loss 0." in parts[0]


@pytest.mark.parametrize("target", sorted(set(re.findall(r'\[[^\]"]+\]\((?!http)([^)#]+)\)', TEXT))))
def test_a_link_leads_to_a_file(target):
    assert (README.parent / target).exists()


def test_the_set_up_is_the_two_commands_of_ci():
    assert blocks("sh")[0].startswith("pip install -e . && dnn train ")
    script = (README.parent / ".ci" / "run").read_text().replace("--quiet ", "")
    assert 'pip install -e ".[test]"\npytest -n 2\n' in script  # two lines: `set -e` does not see a failure before &&
    assert 'pip install -e ".[test]" && pytest -n 2' in blocks("sh")[0]
