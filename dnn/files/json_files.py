"""JSON as this package writes it, indented and of finite numbers alone, and read as strictly."""

import json
import math
from pathlib import Path
from typing import Any, NoReturn

from dnn.files.durable import write_durably


def json_bytes(value: Any) -> bytes:
    """Return indented JSON, with a line break at the end. Raises: ValueError for a NaN, which is not JSON."""
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode()


def write_json(path: str | Path, value: Any) -> None:
    """Write what `json_bytes` returns."""
    Path(path).write_bytes(json_bytes(value))


def write_json_durably(path: Path, value: Any) -> None:
    """Write what `json_bytes` returns, as `write_durably` does."""
    write_durably(path, json_bytes(value))


def parsed_json(content: str | bytes) -> Any:
    """Return the value of a JSON document.

    Raises:
        ValueError: If it is none, in UTF-8; also for NaN, an infinity, a number beyond float64, a name that an object
            has twice, and lists in lists too deep for Python.
    """
    text = content.decode("utf-8") if isinstance(content, bytes) else content
    try:
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole_number,
            object_pairs_hook=_each_once,
        )
    except RecursionError:
        raise ValueError("lists or objects are nested too deep") from None


def read_json(path: str | Path) -> Any:
    """Return the value in a JSON file. Raises: FileNotFoundError; ValueError that names the file if it is damaged."""
    try:
        return parsed_json(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name in found if sum(name == other for other, _ in pairs) > 1)
        raise ValueError(f"{twice!r} is there twice")
    return found


def _whole_number(text: str) -> int:
    _finite(text)
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:20]} is beyond float64")
    return value
