"""What the schema of an Arrow table says of its columns: their kinds, and which of them are pandas' index."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa

from dnn.data.cells import float_texts, kind_of_type
from dnn.data.sources import Contents
from dnn.data.table import Kind


@dataclass(frozen=True)
class Columns:
    """The columns of an Arrow table.

    stored: their names as stored, by the names without white space around. categorical: pandas' categories.
    """

    kinds: dict[str, Kind | None]
    stored: dict[str, str]
    index: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of the columns, pandas' index not among them."""
        return [name for name in self.kinds if name not in self.index]

    def contents(self, table: pa.Table, title: str, keep: Collection[str]) -> Contents:
        """Return the columns of a table of this schema, of the index only what is in `keep`."""
        left_out = [name for name in self.index if name not in keep]
        notes = [f"{title}: pandas' index{_named(name)} is left out (write with index=False)" for name in left_out]
        kept = [name for name in self.kinds if name not in left_out]
        table = table.select([self.stored[name] for name in kept]).rename_columns(kept)
        for name in self.categorical:  # a Parquet file has them as plain numbers
            if name in kept and pa.types.is_floating(table.column(name).type):
                table = table.set_column(kept.index(name), name, float_texts(table.column(name)))
        return Contents(table, self.kinds, notes)


def _named(index: str) -> str:
    return " without a name" if index.startswith("__index_level_") else f" {index!r}"


def columns_of(schema: pa.Schema, title: str) -> Columns:
    """Read a schema. Raises: ValueError if two columns have one name."""
    names = [name.strip() for name in schema.names]
    for name, columns in Counter(names).items():
        if columns > 1:
            raise ValueError(f"{title}: two columns are named {name!r}")
    index, categorical = _pandas_says(schema)
    kinds: dict[str, Kind | None] = {
        name: "category" if column.name in categorical else kind_of_type(column.type)
        for name, column in zip(names, schema, strict=True)
    }
    stored = dict(zip(names, schema.names, strict=True))
    are_categorical = tuple(name for name in names if stored[name] in categorical)
    return Columns(kinds, stored, tuple(name for name in names if stored[name] in index), are_categorical)


def _pandas_says(schema: pa.Schema) -> tuple[set[str], set[str]]:
    """Return the columns that are pandas' index, and those that are categories in pandas."""
    try:
        said = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
        index = {name for name in said.get("index_columns", []) if isinstance(name, str)}
        columns = [column for column in said.get("columns", []) if column.get("pandas_type") == "categorical"]
        return index, {str(column.get("field_name") or column.get("name")) for column in columns}
    except (ValueError, AttributeError, TypeError):  # metadata that another writer left
        return set(), set()
