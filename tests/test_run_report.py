"""report.html of a run, and runs side by side: parsed back and compared with what the run folder holds."""

import csv
import json
import re

import numpy as np
import pytest
from parsed_page import ParsedPage
from typer.testing import CliRunner

import dnn
from dnn.cli import app
from dnn.pages.flat import flat

SCRIPT = "<script>alert(1)</script>"
HOSTILE = {SCRIPT: "$x$", "$x$": "</title>", "</svg></style>": '" onload="alert(1)'}
LARGEST = 3_000_000


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def trained(folder, name, rows, *options):
    """The run folder of a short training on these rows."""
    path = folder / f"{name}.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    code, output = run("train", path, "--out", folder / name, "--epochs", 3, "--no-baselines", *options)
    assert code == 0, output
    return folder / name


def hostile_rows(classes):
    """Columns and classes whose names would break a page, or matplotlib."""
    random = np.random.default_rng(0)
    rows = [[*HOSTILE, "number", "</textarea>"]]
    for row in range(240):
        words = [f"{word}{random.integers(0, 3) or ''}" for word in HOSTILE.values()]
        rows.append([*words, round(float(random.normal()), 3), f"{SCRIPT}{row % classes}"])
    return rows


def amount_rows():
    random = np.random.default_rng(0)
    numbers = random.normal(size=(200, 2)).round(3).tolist()
    return [["a", "b"], *([a, round(3 * a + b, 3)] for a, b in numbers)]


def many_classes():
    """Of 40 classes, and with a column that is nearly always empty."""
    rows = [[row % 40, round(row / 7, 2), 1 if row == 41 else "", f"class {row % 40}"] for row in range(800)]
    return [["a", "b", "empty", "y"], *rows]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    return {
        "two": trained(folder, "two", hostile_rows(2), "--target", "</textarea>"),
        "three": trained(folder, "three", hostile_rows(3), "--target", "</textarea>", "--hidden", 5),
        "amounts": trained(folder, "amounts", amount_rows(), "--target", "b", "--task", "regression"),
    }


@pytest.fixture(scope="module")
def pages(runs):
    return {name: ParsedPage((folder / "report.html").read_text("utf-8")) for name, folder in runs.items()}


@pytest.mark.parametrize("name", ["two", "three", "amounts"])
def test_every_number_of_metrics_json_stands_in_the_page(runs, pages, name):
    metrics = json.loads((runs[name] / "metrics.json").read_text("utf-8"))
    shown = {row[0]: row[1] for row in pages[name].tables["all-figures"][1:]}
    for figure, value in flat(metrics):
        assert shown[figure] == ("not given" if value is None else value)
    assert len(shown) == len(list(flat(metrics)))
    test = metrics["test"]
    header, network = pages[name].tables["results"][:2]
    assert dict(zip(header[1:], network[1:], strict=True)).items() <= test.items()
    if "confusion_matrix" in test:
        assert [row[1:] for row in pages[name].tables["confusion"][1:]] == test["confusion_matrix"]


@pytest.mark.parametrize("name", ["two", "three", "amounts"])
def test_a_page_is_small_loads_nothing_and_tells_each_chart_in_words(runs, pages, name):
    source = (runs[name] / "report.html").read_text("utf-8")
    assert len(source.encode("utf-8")) < LARGEST
    attributes = [(key, value) for _, each in pages[name].elements for key, value in each.items()]
    assert not [key for key, _ in attributes if key in ("src", "onload", "xmlns")]
    assert all(value.startswith("#") for key, value in attributes if key.endswith("href"))
    assert not re.search(r"@import|url\((?!#)", source)
    tags = [tag for tag, _ in pages[name].elements]
    assert tags.count("script") == (name == "two")  # of the thresholds
    assert tags.count("svg") == tags.count("desc") >= 8
    assert not {"link", "img", "iframe", "object", "image"} & set(tags)
    ids = [value for key, value in attributes if key == "id"]
    assert len(ids) == len(set(ids))


def test_what_the_data_say_stays_text(runs, pages):
    told = pages["two"].text_of("td") + pages["two"].text_of("th")
    for text in (*HOSTILE, *HOSTILE.values(), SCRIPT, "</textarea>"):
        assert text in told
    assert SCRIPT in pages["two"].text_of("text")  # of the charts
    assert "$x$" in pages["two"].text_of("text")
    assert "</textarea>" in pages["two"].text_of("title")


def test_the_thresholds_are_those_of_the_test_rows(runs, pages):
    header, *rows = pages["two"].tables["thresholds"]
    assert header[1:5] == ["true positives", "false positives", "false negatives", "true negatives"]
    test = json.loads((runs["two"] / "metrics.json").read_text("utf-8"))["test"]
    (no, alarm), (miss, yes) = test["confusion_matrix"]
    at_half = [row for row in rows if row[0] >= 0.5][-1]
    assert at_half[1:5] == [yes, alarm, miss, no]
    assert {sum(row[1:5]) for row in rows} == {test["rows"]}
    source = (runs["two"] / "report.html").read_text("utf-8")
    shown = re.search(r'id="thresholds">.*?<tbody>\s*<tr>(.*?)</tr>\s*<tr>(.*?)</tr>', source, re.DOTALL)
    first, second = (re.search(r">([^<]+)</td>", row)[1] for row in shown.groups())
    assert first == f"above {second}"
    assert rows[0][0] > rows[1][0]


def test_the_settings_of_a_page_are_texts_and_its_moment_is_legible(runs):
    source = (runs["two"] / "report.html").read_text("utf-8")
    configuration = re.search(r"<h2>Configuration</h2>.*?</section>", source, re.DOTALL)[0]
    assert 'class="number"' not in configuration
    assert "<td>arguments.hidden</td>" in configuration
    assert re.search(r"finished \d{4}-\d\d-\d\d, \d\d:\d\d \S+\.</p>", source)


def test_importance_is_that_of_scikit_learn_on_the_test_rows(runs):
    from sklearn.inspection import permutation_importance

    report = json.loads((runs["amounts"] / "report.json").read_text("utf-8"))["importance"]
    regressor = dnn.load(runs["amounts"])
    table = dnn.read_csv(runs["amounts"].with_suffix(".csv"))
    test = dnn.split(table, "b", fractions=(0.8, 0.1, 0.1), seed=0, stratify=False)[2]
    theirs = permutation_importance(
        regressor,
        test.columns["a"][:, None],
        test.target,
        scoring=lambda model, x, y: -model.evaluate({"a": np.ravel(x)}, y)["rmse"],
        n_repeats=5,
        random_state=0,
    )
    assert report["columns"]["a"] == pytest.approx(theirs.importances[0].tolist(), rel=1e-9)


def test_many_classes_and_an_empty_column_have_a_page_of_limited_size(tmp_path):
    folder = trained(tmp_path, "many", many_classes(), "--hidden", 4)
    page = (folder / "report.html").read_text("utf-8")
    assert len(page) < LARGEST / 3
    assert "The confusion matrix of 40 classes is in metrics.json" in page
    assert "of more than 8 classes, here 40, they are not drawn" in page
    assert "confusion_matrix" not in {row[0].partition(".")[2] for row in ParsedPage(page).tables["all-figures"]}


def test_report_makes_the_same_page_again(runs):
    page = runs["three"] / "report.html"
    before = page.read_bytes()
    page.unlink()
    assert run("report", runs["three"], "--quiet") == (0, f"{page}\n")
    assert page.read_bytes() == before


def test_no_report_leaves_none_and_report_says_so(tmp_path):
    folder = trained(tmp_path, "plain", amount_rows(), "--task", "regression", "--no-report")
    assert not [path.name for path in folder.iterdir() if path.name.startswith("report")]
    code, output = run("report", folder)
    assert code == 2
    assert "has no report.json: dnn train leaves it there, but for --no-report" in output
    assert "is not there" in run("report", tmp_path / "nosuch")[1]


@pytest.mark.parametrize(
    "damage", ["{", "[]", '{"format": 2}', '{"format": 1}', '{"format": 1, "data": {"target": 1}}']
)
def test_a_damaged_report_json_is_named(tmp_path, damage):
    (tmp_path / "report.json").write_text(damage, "utf-8")
    code, output = run("report", tmp_path)
    assert code == 2
    assert re.search(r"report\.json\s+is\s+(damaged|not\s+of\s+format\s+1)", output)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_prepared_folder_has_a_page_without_its_columns(tmp_path, runs):
    folder, out = tmp_path / "prepared", tmp_path / "run"
    data = runs["two"].with_suffix(".csv")
    assert run("prepare", data, "--target", "</textarea>", "--out", folder)[0] == 0
    assert run("train", folder, "--epochs", 1, "--no-baselines", "--out", out)[0] == 0
    assert "keeps the encoded arrays and not the columns" in (out / "report.html").read_text("utf-8")


def test_runs_stand_side_by_side(tmp_path, runs):
    out = tmp_path / "compare.html"
    assert run("compare", runs["two"], runs["three"], "--out", out, "--quiet") == (0, f"{out}\n")
    parsed = ParsedPage(out.read_text("utf-8"))
    header, *rows = parsed.tables["scores"]
    assert header == ["figure", "two", "three"]
    scores = {row[0]: row[1:] for row in rows}
    for column, name in enumerate(("two", "three")):
        test = json.loads((runs[name] / "metrics.json").read_text("utf-8"))["test"]
        for figure, value in flat(test):
            assert figure.startswith(("classes.", "confusion_matrix.")) or (
                scores[figure][column] == value
                if value is not None
                else figure not in scores or not scores[figure][column]
            )
    assert all(any(cell != "" for cell in row[1:]) for row in rows)
    settings = {row[0]: row[1:] for row in parsed.tables["settings"][1:]}
    assert settings["arguments.hidden"] == ["30, 30", "5"]
    assert "arguments.seed" not in settings
    assert "not tested on the same rows" in parsed.text_of("p")
    assert [tag for tag, _ in parsed.elements].count("svg") == 4


def test_compare_refuses_what_it_cannot_compare(tmp_path, runs):
    for arguments, message in (
        ((runs["two"],), "two run folders or more"),
        ((runs["two"], runs["two"]), "each once"),
        ((runs["two"], tmp_path), "it has no metrics.json"),
        ((runs["two"], tmp_path / "nope"), "nope is not the folder of a run of dnn train: there is no such folder"),
    ):
        code, output = run("compare", *arguments, "--out", tmp_path / "new.html")
        assert code == 2
        assert message in re.sub(r"\s+", " ", output)
    (tmp_path / "there.html").write_text("", "utf-8")
    assert run("compare", runs["two"], runs["three"], "--out", tmp_path / "there.html")[0] == 2
    code, output = run("compare", runs["two"], tmp_path / "nope", "--out", tmp_path / "there.html")
    assert "no such folder" in re.sub(r"\s+", " ", output), "a run that is not there is told before a page that is"
