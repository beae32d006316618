"""What is suspicious is told, and ordinary tables are left in peace."""

import numpy as np
import pytest
import sklearn.datasets
from hypothesis import given
from hypothesis import strategies as st

from dnn.data.advice import suspicions
from dnn.data.files import read_table, sample_path
from dnn.data.notes import KINDS, Note, Remedy, note_lines
from dnn.data.table import Table

ROWS = 400
RANDOM = np.random.default_rng(0)
NUMBER = RANDOM.normal(size=ROWS).round(2)
LABELS = np.array(["no", "yes"], object)[RANDOM.integers(0, 2, ROWS)]


def texts(values) -> np.ndarray:
    return np.array([str(value) for value in values], object)


def told(target: str | None = "y", **columns) -> list[tuple[str, str]]:
    """(column, kind) of each note on a table of these columns, an ordinary one and a target."""
    table = Table({"ordinary": NUMBER, **columns, "y": LABELS})
    return [(note.column, note.kind) for note in suspicions(table, target)]


def table_of(name: str) -> Table:
    data = getattr(sklearn.datasets, f"load_{name}")()
    columns = dict(zip(data.feature_names, data.data.T.astype(np.float64), strict=True))
    return Table({**columns, "target": data.target.astype(np.float64)})


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_an_ordinary_table_is_not_suspicious(name):
    assert suspicions(table_of(name), "target") == []


def test_the_embedded_sample_is_not_suspicious():
    assert suspicions(read_table(sample_path()), "y") == []


SHUFFLED = RANDOM.permutation(ROWS).astype(np.float64)
IDENTIFIERS = {
    "from 0": SHUFFLED,
    "from 1": SHUFFLED + 1,
    "from 5000": SHUFFLED + 5000,
    "rising": np.cumsum(RANDOM.integers(1, 9, ROWS)).astype(float),
    "client_id": RANDOM.permutation(10 * ROWS)[:ROWS].astype(float),
    "names": texts(f"client {number}" for number in range(ROWS)),
    "mostly different": texts(f"client {number * 2 // 3}" for number in range(ROWS)),
}


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_an_identifier_is_told(name):
    assert told(**{name: IDENTIFIERS[name]}) == [(name, "identifier")]


def test_different_numbers_are_not_identifiers():
    amounts = RANDOM.permutation(10 * ROWS)[:ROWS].astype(float)
    assert told(amounts=amounts, measured=np.sort(RANDOM.normal(size=ROWS)), almost=np.append(SHUFFLED[:-1], 0.5)) == []


@pytest.mark.parametrize("name", ["Unnamed: 0", "index", "ID", "rownames", "__index_level_0__", ""])
def test_a_column_named_like_an_index_is_told(name):
    assert told(**{name: RANDOM.normal(size=ROWS)}) == [(name, "index")]


CONSTANTS = {
    "number": np.full(ROWS, 3.0),
    "text": texts(["same"] * ROWS),
    "no number": np.full(ROWS, np.nan),
    "no text": texts([""] * ROWS),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_is_told(name):
    assert told(**{name: CONSTANTS[name]}) == [(name, "constant")]


@pytest.mark.parametrize("first", [0, ROWS - 1])
def test_one_other_cell_makes_no_constant(first):
    number, text, gap = np.full(ROWS, 3.0), texts(["same"] * ROWS), np.full(ROWS, np.nan)
    number[first], text[first], gap[first] = 4, "other", 1
    assert told(number=number, text=text) == []
    assert told(gap=gap) == []


FORMATS = {
    "ISO": "2024-01-{:02}",
    "with time": "2024-01-{:02} 12:30:00",
    "T": "2024-01-{:02}T12:30:00Z",
    "German": "{}.1.2024",
    "English": "1/{}/2024",
    "short": "1/{}/24",
    "named": "{}-Jan-2024",
    "long": "January {}, 2024",
}


@pytest.mark.parametrize("name", FORMATS)
def test_dates_written_as_text_are_told(name):
    days = texts(FORMATS[name].format(day) for day in RANDOM.integers(1, 29, ROWS))
    assert told(**{name: days}) == [(name, "date")]


def test_a_date_of_its_own_in_each_row_is_told_as_a_date_and_not_as_an_identifier():
    days = texts(np.datetime64("2020-01-01") + RANDOM.permutation(ROWS))
    (note,) = [note for note in suspicions(Table({"day": days, "ordinary": NUMBER})) if note.column == "day"]
    assert (note.kind, note.remedy) == ("date", Remedy("drop", column="day"))
    assert "holds dates as text" in note.problem


def test_a_date_among_numbers_is_not_proposed_as_a_marker():
    mixed = texts(["2020-11-02", *range(ROWS - 1)])
    (note,) = [note for note in suspicions(Table({"mixed": mixed, "ordinary": NUMBER})) if note.column == "mixed"]
    assert note.remedy is None
    assert "'2020-11-02' in 1 row" in note.problem


def test_what_is_no_date_is_not_told():
    assert told(size=texts(f"10-{kind}" for kind in RANDOM.integers(0, 9, ROWS))) == []
    assert told(version=texts(f"{kind}.1.2" for kind in RANDOM.integers(0, 9, ROWS))) == []


def test_a_marker_among_numbers_is_told_with_its_count_and_remedy():
    cells = texts(NUMBER)
    cells[:3] = "?"
    (note,) = suspicions(Table({"age": cells, "y": LABELS}), "y")
    assert note.sentence == (
        "'age' is a category, though 397 of 400 rows are numbers, for '?' in 3 rows; "
        'if it stands for a missing number: --missing "?"'
    )
    cells[0] = "NA"
    (note,) = suspicions(Table({"age": cells, "y": LABELS}), "y")
    assert note.remedy == Remedy("missing", "NA,?")
    cells[:5] = ["12,5", "1 m", "2 m", "3 m", "4 m"]
    (note,) = suspicions(Table({"age": cells, "y": LABELS}), "y")
    assert note.remedy is None


def test_numbers_as_text_are_told_but_codes_with_leading_zeros_are_not():
    assert told(amount=texts(RANDOM.normal(size=ROWS))) == [("amount", "nearly numeric")]
    assert told(code=texts(f"{number:04}" for number in RANDOM.integers(0, 99, ROWS))) == []
    table = Table({"amount": texts(RANDOM.integers(0, 50, ROWS) / 4), "y": LABELS})
    assert [note.kind for note in suspicions(table, "y")] == ["nearly numeric"]
    assert suspicions(table, "y", decided=["amount"]) == []


@pytest.mark.parametrize(
    ("name", "values", "suspicious"),
    [
        ("branch", [1, 2, 3, 4], True),
        ("zipCode", [1010, 1020, 1030], True),
        ("product", [101, 205, 307, 412], True),
        ("children", [0, 1, 2, 3, 5], False),
        ("flag", [0, 1], False),
        ("dose", [10, 20, 40, 80], False),
        ("speed", [100, 120, 125, 150], False),
        ("age", [18, 21, 27, 33], False),
        ("year", [2019, 2020, 2022, 2023], False),
        ("cylinders", [3, 4, 5, 6, 8], False),
        ("barcode", [1, 2, 3, 4], False),
    ],
)
def test_whole_numbers_that_may_be_codes_are_told(name, values, suspicious):
    cells = RANDOM.choice(np.array(values, np.float64), ROWS)
    assert told(**{name: cells}) == [(name, "codes")] * suspicious
    assert suspicions(Table({name: cells, "y": LABELS}), "y", decided=[name]) == []


CLASS = (LABELS == "yes").astype(np.float64)
LEAKS = {
    "copy": CLASS,
    "other words": np.where(CLASS, texts(["good"] * ROWS), "bad"),
    "finer": texts(np.where(CLASS, 10, 20) + RANDOM.integers(0, 5, ROWS)),
    "threshold": CLASS + RANDOM.uniform(0, 0.9, ROWS),
    "falling": -CLASS - RANDOM.uniform(0, 0.9, ROWS),
    "nearly": np.where(np.arange(ROWS) == CLASS.argmax(), 0.095, CLASS + RANDOM.uniform(0, 0.1, ROWS)),
    "nearly, falling": -np.where(np.arange(ROWS) == CLASS.argmax(), 0.095, CLASS + RANDOM.uniform(0, 0.1, ROWS)),
    "empty": np.where(CLASS, NUMBER, np.nan),
    "empty text": np.where(CLASS, LABELS[::-1], ""),
    "empty in some": np.where(np.arange(ROWS) < 50, np.nan, CLASS + RANDOM.uniform(0, 0.9, ROWS)),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_column_that_alone_decides_the_target_is_told(name):
    assert told(**{name: LEAKS[name]}) == [(name, "leakage")]
    assert (name, "leakage") not in told(target=None, **{name: LEAKS[name]})


def test_a_good_column_is_not_a_leak():
    good = CLASS + RANDOM.normal(size=ROWS)
    kind = np.where(RANDOM.random(ROWS) < 0.95, LABELS, "no")
    assert told(good=good, kind=kind) == []


def test_nothing_decides_a_target_of_one_class():
    table = Table({"x": NUMBER, "job": LABELS, "y": np.zeros(ROWS)})
    assert suspicions(table, "y") == []


def test_a_few_frequent_values_among_many_decide_nothing():
    names = texts(f"client {number // 4}" for number in range(ROWS))
    names[np.flatnonzero(CLASS)[:20]], names[np.flatnonzero(CLASS == 0)[:20]] = "a", "b"
    assert ("name", "leakage") not in told(name=names)


def test_a_text_of_its_own_in_each_row_is_an_identifier_and_no_leak():
    assert (
        told(name=texts(f"client {number // 2} {label}" for number, label in enumerate(LABELS)))[0][1] == "identifier"
    )


@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(2, 30))
def test_a_column_drawn_by_chance_is_no_leak(seed, classes, values):
    random = np.random.default_rng(seed)
    target = random.integers(0, classes, 60).astype(np.float64)
    table = Table({"a": random.integers(0, values, 60).astype(float), "b": random.normal(size=60), "y": target})
    assert "leakage" not in [note.kind for note in suspicions(table, "y")]


@pytest.mark.parametrize("leak", [lambda y: 3 - 2 * y, np.exp, lambda y: np.where(y < -1, np.nan, y)])
def test_a_column_that_follows_the_amounts_is_a_leak(leak):
    amounts = RANDOM.normal(size=ROWS)
    table = Table({"leak": leak(amounts), "near": amounts + RANDOM.normal(size=ROWS) / 20, "y": amounts})
    expected = [] if np.isnan(table.columns["leak"]).mean() > 0.1 else [("leak", "leakage")]
    assert [(note.column, note.kind) for note in suspicions(table, "y")] == expected


def test_amounts_taken_for_classes_are_told_and_the_reverse():
    table = Table(
        {"x": NUMBER, "price": RANDOM.normal(300, 50, ROWS).round(2), "rating": RANDOM.integers(1, 6, ROWS) * 1.0}
    )
    assert [note.remedy for note in suspicions(table, "price", task="classification")] == [Remedy("task", "regression")]
    assert [note.remedy for note in suspicions(table, "rating", task="regression")] == [
        Remedy("task", "classification")
    ]
    assert suspicions(table, "price", task="regression") == suspicions(table, "rating", task="classification") == []


@pytest.mark.parametrize(
    ("classes", "rarest", "suspicious"), [(2, 19, True), (2, 20, False), (10, 3, True), (10, 5, False)]
)
def test_a_rare_class_is_told(classes, rarest, suspicious):
    target = np.arange(ROWS) % classes
    target[target == 0] = 1
    target[RANDOM.permutation(ROWS)[:rarest]] = 0
    notes = suspicions(Table({"x": NUMBER, "y": texts(target)}), "y")
    assert [note.remedy for note in notes] == [Remedy("class_weight", "balanced")] * suspicious


def test_repeated_rows_are_told_where_rows_could_all_differ():
    table = Table({"a": NUMBER, "b": RANDOM.normal(size=ROWS), "c": LABELS})
    again = RANDOM.integers(0, ROWS, 100)
    repeated = Table({name: np.concatenate([cells, cells[again]]) for name, cells in table.columns.items()})
    assert suspicions(table) == []
    (note,) = suspicions(repeated)
    assert (note.kind, note.problem.startswith("20 % of the rows repeat another")) == ("duplicates", True)
    coarse = Table({"a": RANDOM.integers(0, 3, ROWS).astype(float), "c": LABELS})
    assert suspicions(coarse) == []


def test_the_most_important_is_told_first_and_each_column_once():
    copy_named_id = {"id": CLASS, "constant": CONSTANTS["number"], "when": texts(["2024-01-01", "2024-01-02"] * 200)}
    assert told(**copy_named_id) == [("id", "leakage"), ("when", "date"), ("constant", "constant")]


def test_a_few_rows_and_no_columns_are_not_suspicious():
    assert suspicions(Table({"id": np.arange(19.0), "y": LABELS[:19]}), "y") == []
    assert suspicions(Table({})) == []


def test_what_one_row_could_refute_is_confirmed_on_all_rows():
    """Of 250,000 rows 100,000 are drawn."""
    rows = 250_000
    constant, identifier = np.zeros(rows), np.arange(rows, dtype=np.float64)
    table = Table({"constant": constant, "identifier": identifier})
    assert [note.kind for note in suspicions(table)] == ["identifier", "constant"]
    for row in range(4):  # one of them at least is not drawn
        constant[row], identifier[row] = 1, 0.5
        assert suspicions(table) == []
        constant[row], identifier[row] = 0, row


def test_twelve_lines_and_the_number_of_the_rest():
    notes = [Note(str(number), "constant", "…") for number in range(17)]
    assert note_lines(notes)[12:] == ["… and 5 more: --notes all"]
    assert len(note_lines(notes, most=None)) == 17
    assert len(note_lines(notes[:12])) == 12


def test_a_remedy_is_an_option_of_the_command_or_an_argument_in_python():
    assert Remedy("kind", "category", "my branch").option() == '--kind "my branch=category"'
    assert Remedy("kind", "category", "branch").argument() == "kinds={'branch': 'category'}"
    assert Remedy("class_weight", "balanced").option() == "--class-weight balanced"
    assert Remedy("class_weight", "balanced").argument() == "class_weight='balanced'"
    assert Note("a", "constant", "'a' is 0", Remedy("drop", column="a")).sentence == "'a' is 0: --drop a"
    assert all(kind in KINDS for kind in ("task", "constant"))


def test_categories_that_differ_by_case_only_are_told():
    plans = texts(np.array(["Basic", "basic", "Gold", "gold", "Silver"], object)[RANDOM.integers(0, 5, ROWS)])
    (note,) = suspicions(Table({"plan": plans, "ordinary": NUMBER}))
    assert note.sentence == (
        "'Basic' and 'basic' of 'plan' differ by case only, and 1 other pair; if they are one, spell them alike"
    )
    assert suspicions(Table({"plan": texts(map(str.lower, plans)), "ordinary": NUMBER})) == []
