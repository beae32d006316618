"""What a table means to a network: which columns are its features, which is the label, and what was learnt of both.

It is written beside the weights, or beside prepared arrays, as features.json.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dnn.data.features import Features
from dnn.data.labels import Labels
from dnn.data.table import Table, column_names, read_table

FORMAT = 1
FILE = "features.json"


class Encoding(NamedTuple):
    """features: of the columns. labels: of the target. target: its column's name. dropped: columns to leave out."""

    features: Features
    labels: Labels
    target: str
    dropped: tuple[str, ...] = ()

    def read(self, path: str | Path, *, with_target: bool = True) -> Table:
        """The table in a file, its columns of the kinds they had in training, without those that were dropped.

        with_target: False leaves out the target too, if it is there.
        Raises: ValueError as `read_table`.
        """
        kinds = dict(self.features.kinds) | ({} if self.labels.numeric else {self.target: "category"})
        there = column_names(path)
        drop = self.dropped if with_target else (*self.dropped, self.target)
        return read_table(path, kinds=kinds, drop=[name for name in drop if name in there])

    def save(self, folder: str | Path) -> None:
        """Write features.json into an existing folder. Raises: ValueError as `Features.state`."""
        Path(folder, FILE).write_text(json.dumps(self.state(), indent=1) + "\n")

    def state(self) -> dict:
        """All of it, as plain lists and texts for JSON. Raises: ValueError as `Features.state`."""
        return {
            "format": FORMAT,
            "target": self.target,
            "classes": self.labels.names,
            "dropped": list(self.dropped),
            "features": self.features.state(),
        }


def load_encoding(folder: str | Path) -> Encoding:
    """The encoding in a run folder or a prepared folder. Raises: ValueError if it is neither, or is damaged."""
    path = Path(folder, FILE)
    if not path.is_file():
        raise ValueError(f"{folder} is neither a run folder nor a prepared one: it has no {FILE}")
    try:
        state = json.loads(path.read_text())
        found = state["format"]
        if found == FORMAT:
            return _encoding(state)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error!r}") from None
    raise ValueError(f"{path} has format {found!r}, and this version reads format {FORMAT}")


def _encoding(state: Mapping) -> Encoding:
    labels = Labels(np.array(state["classes"], dtype=object))
    encoding = Encoding(Features.from_state(state["features"]), labels, state["target"], tuple(state["dropped"]))
    if encoding.state() != state or not all(isinstance(name, str) for name in (encoding.target, *encoding.dropped)):
        raise ValueError("it holds something else than it should")
    return encoding
