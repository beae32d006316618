"""A new op in a folder: its source, its Python function and its test, which pass as they stand."""

import builtins
import importlib.util
import keyword
import re
from pathlib import Path

RESERVED = (
    "op",
    "reference",
    "inputs",
    "size",
    "x",
    "formula",
    "np",
    "tf",
    "dnn",
    "Path",
    "ModuleType",
    "pytest",
    "conftest",
)
TEMPLATES = Path(__file__).parent / "ops" / "templates"


def write_new_op(name: str, folder: Path, *, cpp: bool = False) -> list[Path]:
    """Write name.py and test_name.py, and with `cpp` name.cc, into an existing folder.

    In C++ the op is called MyNameOp, for name and my_name, since no op of TensorFlow's begins with My, and its gradient
    MyNameOpGrad.

    Args:
        name: An identifier of ASCII letters, digits and _ that begins with a letter, and is not a module's.
        folder: Where to write.
        cpp: Whether the op is in C++.

    Returns:
        The paths that were written.

    Raises:
        ValueError: If the name cannot be used.
        FileExistsError: If one of the files exists: then nothing is written.
    """
    _check_name(name)
    templates = sorted(path for path in (TEMPLATES / ("cpp" if cpp else "python")).iterdir() if path.is_file())
    contents = {folder / _renamed(path.name, name): path.read_text(encoding="utf-8") for path in templates}
    for path in (*contents, folder / name / "__init__.py"):  # a package of the name would be imported instead
        if path.exists():
            raise FileExistsError(17, "exists already: nothing was written", str(path))
    for path, text in contents.items():
        path.write_text(_renamed(text, name), encoding="utf-8")
    return list(contents)


def _renamed(text: str, name: str) -> str:
    camel = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    names = {"new_name": name, "MyNewName": camel if camel.startswith("My") else f"My{camel}"}
    return re.sub("|".join(names), lambda match: names[match[0]], text)


def _check_name(name: str) -> None:
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(f"NAME must be ASCII letters, digits and _, and begin with a letter, got {name!r}")
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise ValueError(f"NAME must not be a keyword of Python, got {name!r}")
    if name in RESERVED or name.startswith("test") or hasattr(builtins, name):  # pytest takes test… for a test
        raise ValueError(f"NAME must not be one that the files themselves use, got {name!r}")
    if importlib.util.find_spec(name):
        raise ValueError(f"NAME must not be a module's, which {name}.py would hide or be hidden by, got {name!r}")
