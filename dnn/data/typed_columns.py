"""Which columns of a large CSV file Arrow may convert while it reads, in several threads, and in less memory.

Text is needed where something has to be told of a cell as it is written, and then the file is read again as text. What
comes out is the same either way.
"""

from collections.abc import Collection

import numpy as np
import pyarrow as pa

from dnn.data.cells import SAMPLE, is_cast, told_codes

WORDS = pa.dictionary(pa.int32(), pa.string())


def types_of(sample: pa.Table, numbers: Collection[str], words: Collection[str]) -> dict[str, pa.DataType]:
    """Return the types of the columns that the first rows show to be plain numbers, or not all numbers.

    Args:
        sample: The first rows as strings, 100 of them or more.
        numbers: Names of columns that may be converted to numbers.
        words: Names of columns that may be converted to a dictionary of their different strings.
    """
    if sample.num_rows < SAMPLE:
        return {}
    types: dict[str, pa.DataType] = {}
    for name in sample.column_names:
        column = sample.column(name)
        values = is_cast(column)
        if values is None and name in words:
            types[name] = WORDS
        elif values is not None and name in numbers and np.isfinite(values).any() and not told_codes(name, column):
            types[name] = pa.float64()
    return types


def are_plain(table: pa.Table) -> bool:
    """Whether all numbers are finite, but for empty cells: of "nan" and "inf" is to be told how they are written."""
    numbers = [column for column in table.columns if pa.types.is_floating(column.type)]
    return all(np.isfinite(each.to_numpy()).sum() == len(each) - each.null_count for each in numbers)
