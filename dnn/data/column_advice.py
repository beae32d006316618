"""What is suspicious in one column by itself: an identifier, an index, dates, codes, a constant, not quite numbers.

Each check gets a column's name, all its cells, and some drawn at random, and returns a note or None. It looks at all
cells only where the drawn ones suggest a note that a single row could refute.
"""

import re
from collections import Counter

import numpy as np
import numpy.typing as npt

from dnn.data.dates import is_date
from dnn.data.names import quoted
from dnn.data.notes import Note, Remedy
from dnn.data.table import Column, numbers_among, numbers_of

MOST_CODES = 12  # different integers of a column that may be codes
MOST_NAMED_CODES = 1_000  # the same, of a column whose name says so
FEWEST = 20  # rows; of fewer, chance may give each another text
MOST_MARKERS = 3  # different words that may all mean "missing"

INDEX = re.compile(r"|unnamed: ?\d+|__index_level_\d+__|index|level_0|id|row[ _]?(names?|id|number|num|no)", re.I)
NUMBERED = re.compile(r"(^|_)(id|ids|no|nr|number|num|key|uuid|guid|code|index)(_|$)")
CODE = re.compile(r"(^|_)(codes?|branch|zip|zipcode|postcode|postal|plz|ids?|region|district|department|store)(_|$)")


def constant_note(name: str, cells: Column, some: Column) -> Note | None:
    """Tell of a column with one value, or without any."""
    first = cells[0]
    if first != first:
        if not np.isnan(some).all() or not np.isnan(cells).all():
            return None
        return _dropped(name, "constant", "is empty in all rows")
    if not (some == first).all() or not (cells == first).all():
        return None
    value = quoted(first) if isinstance(first, str) else f"{first:g}"
    return _dropped(name, "constant", f"is {value} in all rows" if first != "" else "is empty in all rows")


def nearly_numeric(name: str, cells: Column, some: Column) -> Note | None:
    """Tell of a category of which most cells are numbers: a marker of missing values is among them, most often."""
    if cells.dtype.kind != "O" or 2 * numbers_among(some)[0] <= np.count_nonzero(some != ""):
        return None
    counts = Counter(cells.tolist())
    numbers = numbers_of(counts)
    words = {string: count for string, count in counts.items() if string and string not in numbers}
    if not words:
        return _numbers_as_text(name, numbers)
    word = max(words, key=words.__getitem__)
    total = sum(counts[string] for string in numbers)
    problem = f"{quoted(name)} is a category, though {total:,} of {_rows(len(cells))} are numbers, for {quoted(word)}"
    problem += f" in {_rows(words[word])}" + (
        f" and {_counted(len(words) - 1, 'other text')}" if len(words) > 1 else ""
    )
    if len(words) > MOST_MARKERS or any(re.search(r"\d|,", text) for text in words):
        return Note(name, "nearly numeric", f"{problem}; correct the cells that should be numbers")
    return Note(
        name, "nearly numeric", f"{problem}; if it stands for a missing number", Remedy("missing", ",".join(words))
    )


def identifier(name: str, cells: Column, some: Column) -> Note | None:
    """Tell of a column that numbers or names the rows: integers that count them, or a text of its own in most."""
    if cells.dtype.kind == "O":
        return _texts_of_rows(name, cells, some)
    if not _whole(some) or len(np.unique(some)) < len(some):
        return None
    least, most, steps = cells.min(), cells.max(), np.diff(some)
    counts, moves = most - least == len(cells) - 1, (steps > 0).all() or (steps < 0).all()
    if not (counts or moves or _hinted(NUMBERED, name)) or not _whole(cells) or len(np.unique(cells)) < len(cells):
        return None
    how = "has another whole number in each row, as an identifier has"
    if counts:
        how = f"counts the rows from {least:,.0f} to {most:,.0f}, as an identifier does"
    elif moves:
        how = f"{'rises' if steps[0] > 0 else 'falls'} from row to row, as a row number or a date does"
    return _dropped(name, "identifier", f"{how}: it tells next to nothing of new rows")


def index(name: str, cells: Column, some: Column) -> Note | None:
    """Tell of a column that is named as a writer names an index."""
    if not INDEX.fullmatch(name.strip()):
        return None
    return _dropped(name, "index", "is named like an index or an identifier of the rows")


def date(name: str, cells: Column, some: Column) -> Note | None:
    """Tell of dates written as text, which become one category for each day."""
    if cells.dtype.kind != "O":
        return None
    texts = [text for text in dict.fromkeys(some[:10_000].tolist()) if text][:100]
    if len(texts) < 2 or sum(map(is_date, texts)) < 0.9 * len(texts):
        return None
    problem = f"holds dates as text ({quoted(texts[0])}), each a category of its own; "
    problem += "make numbers of them, such as days since the first, or"
    return _dropped(name, "date", problem)


def codes(name: str, cells: Column, some: Column) -> Note | None:
    """Tell of a few whole numbers that may be codes: named so, or like 101, 205 and 312.

    Quiet for 0 and 1, for counts (0, 1, 2, 5), steps (10, 20, 40), ages and years.
    """
    if cells.dtype.kind == "O":
        return None
    distinct = np.unique(some[~np.isnan(some)])
    if not 2 < len(distinct) <= MOST_NAMED_CODES or len(some) < 10 * len(distinct) or not _whole(distinct):
        return None
    if not _hinted(CODE, name) and not _look_like_codes(distinct):
        return None
    problem = f"{quoted(name)} has {len(distinct):,} different whole numbers; if they are codes and not amounts"
    return Note(name, "codes", problem, Remedy("kind", "category", name))


def spelling(name: str, cells: Column, some: Column) -> Note | None:
    """Tell of categories that differ by case alone, as `Basic` and `basic` do."""
    if cells.dtype.kind != "O":
        return None
    spellings: dict[str, set[str]] = {}
    for text in set(some.tolist()):
        spellings.setdefault(text.casefold(), set()).add(text)
    pairs = sorted(sorted(each)[:2] for each in spellings.values() if len(each) > 1)
    if not pairs:
        return None
    one, other = map(quoted, pairs[0])
    more = f", and {_counted(len(pairs) - 1, 'other pair')}" if len(pairs) > 1 else ""
    problem = f"{one} and {other} of {quoted(name)} differ by case only{more}; if they are one, spell them alike"
    return Note(name, "spelling", problem)


# each is asked of each column; `KINDS` says which answer is told
CHECKS = (constant_note, nearly_numeric, date, identifier, index, codes, spelling)


def _numbers_as_text(name: str, numbers: dict[str, float]) -> Note | None:
    """Tell of a category of numbers alone, unless they are few or have leading zeros, as codes have."""
    if len(numbers) <= MOST_CODES or any(re.match(r"[+-]?0\d", string) for string in numbers):
        return None
    problem = f"{quoted(name)} is a category, though all its texts are numbers"
    return Note(name, "nearly numeric", problem, Remedy("kind", "numeric", name))


def _texts_of_rows(name: str, cells: Column, some: Column) -> Note | None:
    """Tell of a category with about as many values as rows: more than half as many."""
    filled = np.count_nonzero(some != "")
    if filled < FEWEST or 2 * len(set(some.tolist())) <= filled:
        return None
    values, filled = len(set(cells.tolist()) - {""}), np.count_nonzero(cells != "")
    if 2 * values <= filled:
        return None
    how = f"has {values:,} different texts in {_rows(int(filled))}"
    if values == len(cells):
        how = "has another text in each row"
    return _dropped(name, "identifier", f"{how}, as an identifier has: it tells next to nothing of new rows")


def _look_like_codes(distinct: npt.NDArray[np.float64]) -> bool:
    """Whether numbers have three digits or more, all as many, are neither years nor rounded to 5, and go by no step."""
    least, most = distinct[0], distinct[-1]
    if len(distinct) > MOST_CODES or least < 100 or len(f"{least:.0f}") < len(f"{most:.0f}"):
        return False
    steps = np.diff(distinct)
    return bool((distinct % 5).any() and (steps % steps.min()).any() and not (least >= 1500 and most <= 2100))


def _whole(numbers: Column) -> bool:
    return bool((np.trunc(numbers) == numbers).all())  # NaN is not


def _hinted(pattern: re.Pattern[str], name: str) -> bool:
    """Whether a word of the name is one of the pattern's: of "zipCode", "zip_code" and "ZIP code" alike."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[^\w]+", "_", name)
    return pattern.search(words.lower()) is not None


def _dropped(name: str, kind: str, problem: str) -> Note:
    return Note(name, kind, f"{quoted(name)} {problem}", Remedy("drop", column=name))


def _rows(count: int) -> str:
    return _counted(count, "row")


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
