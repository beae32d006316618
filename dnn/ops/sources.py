"""What a C++ source consists of: its text, that of the files beside it which it includes, and the ops it registers."""

import re
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
REGISTERED = re.compile(r'\bREGISTER_OP\(\s*"([\w>]+)"')


def sources_of(path: Path) -> dict[Path, str]:
    """File -> text: the source, and every file that it or they include in quotes and that stands beside the includer.

    Raises: FileNotFoundError if there is no such source.
    """
    found, waiting = {}, [path]
    while waiting:
        file = waiting.pop().resolve()
        if file not in found:
            found[file] = file.read_text(encoding="utf-8")
            beside = (file.parent / name for name in INCLUDE.findall(found[file]))
            waiting += [included for included in beside if included.is_file()]
    return found


def ops_of(sources: dict[Path, str]) -> tuple[str, ...]:
    """The names that stand in REGISTER_OP("…"), sorted."""
    return tuple(sorted({name for text in sources.values() for name in REGISTERED.findall(text)}))
