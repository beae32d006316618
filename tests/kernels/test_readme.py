"""The README of the kernels is true: its Python runs."""

import re
from pathlib import Path

from needs_compiler import needs_compiler

import dnn

README = Path(dnn.kernels.__file__).with_name("README.md")
TEXT = README.read_text("utf-8")


@needs_compiler
def test_the_python_blocks_run_in_order():
    names = {"__name__": "readme"}
    blocks = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)


def test_every_public_name_is_in_the_table():
    assert set(dnn.kernels.__all__) <= set(re.findall(r"`(\w+)`", TEXT.replace(", ", "`, `")))
