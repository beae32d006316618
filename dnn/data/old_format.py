"""features.json of format 1, whose names and categories had white space around them and truth values as written."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa

from dnn.data.options import ReadOptions
from dnn.data.text_cells import clean


def from_format_1(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state in format 2; names, categories and classes are spelt as the reader spells them now.

    Where two would become one they stay as they were.
    """
    features = dict(state["features"])
    columns = _respelt(features["kinds"], _stripped)
    features["kinds"] = {columns[name]: kind for name, kind in features["kinds"].items()}
    features["categories"] = {
        columns[name]: list(_respelt(categories, _cleaned).values())
        for name, categories in features["categories"].items()
    }
    changed = {"format": 2, "options": ReadOptions().state(), "features": features}
    changed["target"] = state["target"].strip()
    changed["dropped"] = [name.strip() for name in state["dropped"]]
    changed["classes"] = list(_respelt(state["classes"], _cleaned).values())
    return {**state, **changed}


def _respelt(strings: Iterable[str], respell: Callable[[list[str]], list[str]]) -> dict[str, str]:
    """Return the new spelling of each string; the old ones where two would be equal."""
    old = list(strings)
    new = respell(old)
    return dict(zip(old, new if len(set(new)) == len(set(old)) else old, strict=True))


def _stripped(names: list[str]) -> list[str]:
    return [name.strip() for name in names]


def _cleaned(strings: list[str]) -> list[str]:
    cleaned: list[str] = clean(pa.array(strings, pa.string())).to_pylist()
    return cleaned
