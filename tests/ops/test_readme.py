"""The README of the custom ops is true: its Python and its commands run."""

import functools
import re
import shlex
import textwrap
from pathlib import Path

from modes import THOROUGH
from needs_compiler import needs_compiler
from typer.testing import CliRunner

import dnn
from dnn.cli import app

README = Path(dnn.ops.__file__).with_name("README.md")
TEXT = README.read_text("utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", TEXT, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


@needs_compiler
def test_the_python_blocks_run_in_order_beside_the_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if not THOROUGH:  # the same laws, of fewer examples and calls
        monkeypatch.setattr(dnn.testing, "check_op", functools.partial(dnn.testing.check_op, examples=4, calls=64))
    for block in blocks("cpp"):
        Path(re.match(r"// (\w+\.cc)\n", block)[1]).write_text(block, "utf-8")
    names = {"__name__": "readme"}
    assert len(blocks("python")) >= 9
    for block in blocks("python"):
        exec(compile(block, str(README), "exec"), names)
    assert Path("exported/assets.extra/cube.so").is_file()


def test_the_commands_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) == 3
    for command in commands:
        result = CliRunner().invoke(app, shlex.split(command)[1:])
        assert result.exit_code == 0, (command, result.output)
