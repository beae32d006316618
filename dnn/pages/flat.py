"""Nested values as one row each, for tables: {"test": {"loss": 0.3}} is ("test.loss", 0.3)."""

import math
from collections.abc import Iterator
from typing import Any


def flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value that is no mapping and no list, with its path.

    Args:
        value: Of a JSON file.
        name: Its path.

    Yields:
        The path, with dots between names and indices, and the value.

    Example:
        >>> list(flat({"a": {"b": 1}, "c": [2, None]}))
        [('a.b', 1), ('c.0', 2), ('c.1', None)]
    """
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inside is None:
        yield name, value
        return
    for key, item in inside:
        yield from flat(item, f"{name}.{key}" if name else str(key))


def flat_settings(config: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings of a run, each with its path, and a list of plain values in one.

    Args:
        config: The contents of config.json, or a part of it.
        name: Its path.

    Yields:
        The path and the value; a list as the text of its values.

    Example:
        >>> list(flat_settings({"arguments": {"hidden": [64, 32], "drop": []}}))
        [('arguments.hidden', '64, 32'), ('arguments.drop', 'none')]
    """
    if isinstance(config, dict):
        for key, item in config.items():
            yield from flat_settings(item, f"{name}.{key}" if name else str(key))
    elif isinstance(config, list) and not any(isinstance(item, dict | list) for item in config):
        yield name, ", ".join(map(str, config)) or "none"
    else:
        yield from flat(config, name)


def shown_value(value: Any) -> Any:
    """Return a value as a table shows it.

    Args:
        value: A plain one.

    Returns:
        Numbers and strings as they are; of None and truth values a word.
    """
    return {None: "not given", True: "yes", False: "no"}[value] if value is None or isinstance(value, bool) else value


def finite(value: Any) -> Any:
    """Return plain values as JSON has them: None in place of NaN and infinities.

    Args:
        value: Nested dicts, lists and numbers.

    Returns:
        The same, without them.
    """
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
