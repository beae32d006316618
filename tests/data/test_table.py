"""Tables: named columns of equal length."""

import numpy as np
import pytest

from dnn.data.table import Table


def test_unknown_columns_are_refused_with_those_there_are():
    table = Table({"a": np.zeros(2), "b": np.ones(2)}, source="bank.csv")
    for name in (table.column, table.without):
        with pytest.raises(ValueError, match=r"bank\.csv has no column 'c'; its columns are 'a', 'b'"):
            name("c")
    assert list(table.without("a").columns) == ["b"]


def test_a_repr_names_the_rows_the_columns_and_their_kinds_and_is_short():
    table = Table({"age": np.zeros(2), "job": np.array(["cook", ""], object)}, source="bank.csv")
    assert repr(table) == "Table(2 rows, 2 columns: age (numeric), job (category); source='bank.csv')"
    wide = repr(Table({f"x{number}": np.zeros(1) for number in range(1_000)}))
    assert len(wide) < 300
    assert "x11 (numeric), … (1,000 in all); source='table')" in wide
    assert repr(Table({})) == "Table(0 rows, 0 columns: ; source='table')"
