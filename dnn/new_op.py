"""A new op in a folder: its source, its Python face and its test, which pass as they stand."""

import builtins
import importlib.util
import keyword
import re
from pathlib import Path

TAKEN = ("op", "reference", "inputs", "size", "x", "formula", "np", "tf", "dnn", "Path", "pytest", "conftest")
TEMPLATES = Path(__file__).parent / "ops" / "templates"


def write_new_op(name: str, folder: Path, *, cpp: bool = False) -> list[Path]:
    """Write name.py and test_name.py, and with `cpp` name.cc, into an existing folder. Gives their paths.

    name: an identifier of ASCII letters, digits and _ that begins with a letter, and no module's. In C++ the op is
    called MyNameOp, for name and my_name, since no op of TensorFlow's begins with My, and its gradient MyNameOpGrad.
    Raises: ValueError for another name; FileExistsError if one of the files is there: then nothing is written.
    """
    _check(name)
    templates = sorted(path for path in (TEMPLATES / ("cpp" if cpp else "python")).iterdir() if path.is_file())
    written = {folder / _named(path.name, name): path.read_text(encoding="utf-8") for path in templates}
    for path in (*written, folder / name / "__init__.py"):  # a package of the name would be imported instead
        if path.exists():
            raise FileExistsError(17, "is there already: nothing was written", str(path))
    for path, text in written.items():
        path.write_text(_named(text, name), encoding="utf-8")
    return list(written)


def _named(text: str, name: str) -> str:
    camel = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    names = {"new_name": name, "MyNewName": camel if camel.startswith("My") else f"My{camel}"}
    return re.sub("|".join(names), lambda found: names[found[0]], text)


def _check(name: str) -> None:
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(f"NAME must be ASCII letters, digits and _, and begin with a letter, got {name!r}")
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise ValueError(f"NAME must not be a word of Python's own, got {name!r}")
    if name in TAKEN or name.startswith("test") or hasattr(builtins, name):  # pytest takes test… for a test
        raise ValueError(f"NAME must not be one that the files themselves use, got {name!r}")
    if importlib.util.find_spec(name):
        raise ValueError(f"NAME must not be a module's, which {name}.py would hide or be hidden by, got {name!r}")
