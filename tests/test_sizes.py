"""A file of the package is short enough to be read in one go."""

from pathlib import Path

import dnn


def test_no_file_of_the_package_has_more_than_256_lines():
    files = (path for path in Path(dnn.__file__).parent.rglob("*.py") if "templates" not in path.parts)
    lines = {str(path): path.read_text("utf-8").count("\n") for path in files}
    assert {path: count for path, count in lines.items() if count > 256} == {}
