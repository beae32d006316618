"""What a table means to a network: which columns are its features, which is the label, and what was learnt of both.

It is written beside the weights, or beside prepared arrays, as features.json.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dnn.data import files
from dnn.data.features import Features
from dnn.data.labels import Labels
from dnn.data.table import Kind, Table

FORMAT = 1
FILE = "features.json"


class Encoding(NamedTuple):
    """What was learnt of a table.

    Args:
        features: Of the columns.
        labels: Of the target.
        target: Name of the target's column.
        dropped: Names of columns that were left out.
    """

    features: Features
    labels: Labels
    target: str
    dropped: tuple[str, ...] = ()

    def read(self, path: str | Path, *, with_target: bool = True) -> Table:
        """Read the table in a file, its columns of the kinds they had in training, without those that were dropped.

        Args:
            path: A CSV or Parquet file; it may have the dropped columns or not.
            with_target: False leaves out the target too, if it is there.

        Returns:
            The table.

        Raises:
            ValueError: As `read_table`.
        """
        kinds: dict[str, Kind] = dict(self.features.kinds)
        if not self.labels.numeric:
            kinds[self.target] = "category"
        source = files.sniff(path)
        unused = self.dropped if with_target else (*self.dropped, self.target)
        return files.read(source, kinds=kinds, drop=[name for name in unused if name in source.names])

    def save(self, folder: str | Path) -> None:
        """Write features.json into an existing folder. Raises: ValueError as `Features.state`."""
        Path(folder, FILE).write_text(json.dumps(self.state(), indent=1) + "\n", "utf-8")

    def state(self) -> dict[str, Any]:
        """Return all of it, as plain lists and strings for JSON. Raises: ValueError as `Features.state`."""
        return {
            "format": FORMAT,
            "target": self.target,
            "classes": self.labels.names,
            "dropped": list(self.dropped),
            "features": self.features.state(),
        }

    def __repr__(self) -> str:
        dropped = f", dropped={self.dropped}" if self.dropped else ""
        return f"Encoding({self.features}, {self.labels}, target={self.target!r}{dropped})"


def load_encoding(folder: str | Path) -> Encoding:
    """Read the encoding in a run folder or a prepared folder. Raises: ValueError if it is neither, or is damaged."""
    path = Path(folder, FILE)
    if not path.is_file():
        raise ValueError(f"{folder} is neither a run folder nor a prepared one: it has no {FILE}")
    try:
        state = json.loads(path.read_text("utf-8"))
        number = state["format"]
        if number == FORMAT:
            return _encoding(state)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error!r}") from None
    raise ValueError(f"{path} has format {number!r}, and this version reads format {FORMAT}")


def _encoding(state: Mapping[str, Any]) -> Encoding:
    labels = Labels(np.array(state["classes"], dtype=object))
    encoding = Encoding(Features.from_state(state["features"]), labels, state["target"], tuple(state["dropped"]))
    if encoding.state() != state or not all(isinstance(name, str) for name in (encoding.target, *encoding.dropped)):
        raise ValueError("its contents are inconsistent")
    return encoding
