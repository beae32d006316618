"""Tables: named columns of equal length."""

import numpy as np
import pytest

from dnn.data.table import Table


def test_unknown_columns_are_refused_with_those_there_are():
    table = Table({"a": np.zeros(2), "b": np.ones(2)}, source="bank.csv")
    for name in (table.column, table.without):
        with pytest.raises(ValueError, match=r"bank\.csv has no column 'c'; its columns are a, b"):
            name("c")
    assert list(table.without("a").columns) == ["b"]
