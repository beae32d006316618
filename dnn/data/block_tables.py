"""The blocks of many rows as tables that follow each other: the first decides how all are read.

Its cells show the kinds and the notations of the columns, as those of a file in memory do. A later cell that does not
fit is an error with its file, its row and a remedy, never a guess.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from dnn.data.names import shell_quoted
from dnn.data.options import ReadOptions
from dnn.data.reading import read
from dnn.data.row_files import Block, RowFiles
from dnn.data.table import Kind, Table, kinds_of
from dnn.data.too_large import refuse_too_large


@dataclass(frozen=True)
class BlockTables:
    """How the blocks of files are read.

    first: the table of the first block, with what the reader decided. kinds: of the columns. options: as they hold for
    all blocks.
    """

    files: RowFiles
    drop: Collection[str]
    first: Table
    kinds: Mapping[str, Kind]
    options: ReadOptions

    def __iter__(self) -> Iterator[tuple[int, Table]]:
        """Yield the number of each block's first row, from 0, with its table. Raises: ValueError for a bad cell."""
        before = 0
        for block in self.files.blocks():
            table = self._table(block)
            yield before, table
            before += table.rows

    def _table(self, block: Block) -> Table:
        drop = [name for name in self.drop if name in block.names]
        kinds = {name: kind for name, kind in self.kinds.items() if name in block.names}
        try:
            table = read(block, kinds=kinds, drop=drop, options=self.options)
        except ValueError as error:
            raise ValueError("\n".join(map(self._with_remedy, str(error).splitlines()))) from None
        refuse_too_large(table)
        return replace(table, columns={name: table.columns[name] for name in self.kinds})

    def _with_remedy(self, line: str) -> str:
        """Add to a line about a cell that is no number what makes its column a category."""
        for name in self.kinds if "is not a number" in line else ():
            if f"column {name!r}:" in line:
                why = f"the first {self.first.rows:,} rows have numbers there"
                return f"{line}; {why}: --kind {shell_quoted(f'{name}=category')} makes it a category"
        return line


def block_tables(
    files: RowFiles, *, kinds: Mapping[str, Kind], drop: Collection[str], options: ReadOptions
) -> BlockTables:
    """Read the first block, and return how all are read.

    Args:
        files: Where the rows are.
        kinds: "numeric" or "category" for columns whose kind is known.
        drop: Names of columns to leave out.
        options: How a file is read.

    Raises:
        ValueError: If there are no rows, or as `read_table`.
    """
    block = next(files.blocks(), None)
    if block is None:
        raise ValueError(f"{files.title} has no rows")
    first = read(block, kinds=kinds, drop=drop, options=options)
    refuse_too_large(first)
    found = kinds_of(first.columns)
    return BlockTables(files, tuple(drop), first, found, first.options.fixed(found))
