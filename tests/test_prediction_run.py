"""Rows that are read in blocks are predicted, tested and trained with as those of one table."""

import csv
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

import dnn
from dnn import streamed_run, training_run
from dnn.cli import app
from dnn.cluster import Member
from dnn.data import row_files, shards
from dnn.estimator import streamed
from dnn.report.score_sums import AmountScoreSums, ClassScoreSums
from dnn.report.scores import regression_scores, scores


def command(*arguments):
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments):
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 2
    return result.output + getattr(result, "stderr", "")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The sample in three files, a folder prepared of them, and a run that read its rows in each epoch."""
    home = tmp_path_factory.mktemp("home")
    table = pa.table(dnn.read_csv(dnn.sample_path()).columns)
    (home / "parts").mkdir()
    for number, (first, last) in enumerate([(0, 1), (1, 3000), (3000, 4521)]):
        pa.parquet.write_table(table.slice(first, last - first), home / "parts" / f"part-{number}.parquet")
    pa.parquet.write_table(table, home / "whole.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "MOST_SHARD_ROWS", 500)
        patch.setattr(row_files, "BLOCK_ROWS", 700)
        command("prepare", home / "parts", "--out", home / "prepared", "--scale", "standardize")
    options = ["--epochs", 1, "--no-jit", "--hidden", 8, "--no-baselines", "--no-report", "--class-weight", "balanced"]
    in_blocks = ["--min-recall", 0.8, "--max-bytes", 10_000, "--out", home / "disk"]
    assert "its rows are read in each epoch" in command("train", home / "prepared", *options, *in_blocks)
    return home


def test_a_run_on_the_disk_says_so_and_tests_and_weighs_as_one_in_memory(home):
    run = json.loads((home / "disk" / "metrics.json").read_text("utf-8"))["test"]
    assert run["rows"] == dnn.open_prepared(home / "prepared").test.rows
    assert run["threshold"]
    estimator = dnn.load(home / "disk")
    x, y = dnn.open_prepared(home / "prepared", check=True).test.arrays()
    figures, _ = estimator.evaluate_arrays((x, y))
    assert run.keys() == figures.keys()
    for name in ("loss", "accuracy"):
        assert run[name] == pytest.approx(figures[name], rel=1e-6)
    assert run["confusion_matrix"] == figures["confusion_matrix"]
    assert run["roc_auc"] == pytest.approx(figures["roc_auc"], abs=1e-3)


def test_what_needs_all_rows_at_once_is_left_out_or_refused(home, tmp_path):
    options = ["train", home / "prepared", "--epochs", 1, "--no-jit", "--max-bytes", 10_000, "--out", tmp_path / "run"]
    assert "each network has an order of the rows for itself" in refused(*options, "--ensemble", 2)
    assert not (tmp_path / "run").exists()
    assert "left out, since the rows stay on the disk: baselines, report.html" in command(*options)


def test_rows_on_the_disk_are_ranked_as_those_in_memory(home, tmp_path):
    options = ["--epochs", 1, "--no-jit", "--monitor", "val_roc_auc", "--class-weight", "balanced"]
    command("train", home / "prepared", *options, "--max-bytes", 10_000, "--out", tmp_path / "disk")
    (record,) = csv.DictReader((tmp_path / "disk" / "history.csv").read_text("utf-8").splitlines())
    x, y = dnn.open_prepared(home / "prepared").validation.arrays()
    logits = dnn.load(tmp_path / "disk").predictor_.model_outputs(x)
    expected = dnn.roc_auc_score(y, logits[:, 1] - logits[:, 0])
    assert float(record["val_roc_auc"]) == pytest.approx(expected, abs=1e-9)


def test_predictions_and_tests_of_many_files_are_those_of_one(home, tmp_path, monkeypatch):
    monkeypatch.setattr(row_files, "BLOCK_ROWS", 999)
    for name, data in (("one", home / "whole.parquet"), ("many", home / "parts" / "part-*.parquet")):
        command("predict", home / "disk", "--data", data, "--keep", "job", "--out", tmp_path / f"{name}.csv")
    assert (tmp_path / "one.csv").read_text("utf-8") == (tmp_path / "many.csv").read_text("utf-8")
    one, many = (
        json.loads(command("evaluate", home / "disk", "--data", home / name, "--json"))
        for name in ("whole.parquet", "parts")
    )
    assert one["test"]["confusion_matrix"] == many["test"]["confusion_matrix"]
    assert many["test"]["loss"] == pytest.approx(one["test"]["loss"], rel=1e-9)
    assert "roc_auc is right within" in many["notes"][-1]


def test_rows_without_a_target_that_are_left_out_are_counted_over_all_blocks(home, tmp_path, monkeypatch):
    monkeypatch.setattr(row_files, "BLOCK_ROWS", 999)
    folder = shutil.copytree(home / "parts", tmp_path / "parts")
    last = pa.parquet.read_table(folder / "part-2.parquet")
    unlabelled = last.set_column(last.column_names.index("y"), "y", pa.nulls(1521, pa.string()))
    pa.parquet.write_table(unlabelled, folder / "part-2.parquet")
    told = "1,521 of 4,521 rows have no target 'y' and are left out"
    tested = json.loads(command("evaluate", home / "disk", "--data", folder, "--skip-unlabelled", "--json"))
    assert (tested["test"]["rows"], tested["notes"][0]) == (3000, told)
    prepared = command("prepare", folder, "--target", "y", "--skip-unlabelled", "--out", tmp_path / "prepared")
    assert f"note: {told}" in prepared


def test_edges_of_embeddings_are_learnt_of_rows_of_all_shards(home, monkeypatch):
    folder = dnn.open_prepared(home / "prepared")
    seen = []
    monkeypatch.setattr(streamed, "first_layer", lambda features, x, *rest: seen.append(x))
    options = {"epochs": 1, "hidden": (4,), "jit": False, "embedding_size": 2}
    for embedding in ("piecewise", "linear"):
        streamed.fit_on_disk(dnn.Classifier(embedding=embedding, **options), folder)
    np.testing.assert_array_equal(seen[0], folder.train.arrays()[0])
    assert len(seen[1]) < 20


def test_a_worker_leaves_its_rows_on_the_disk_if_the_chief_does(home, monkeypatch):
    where = []
    monkeypatch.setattr(training_run, "cluster_member", lambda: Member(2, 1, "b:2"))
    monkeypatch.setattr(streamed_run, "fit_rows", lambda *rest: where.append("disk"))
    monkeypatch.setattr(training_run, "_train", lambda *rest: where.append("memory"))
    for on_disk, max_bytes in ((True, 10**9), (False, 10_000_000)):
        monkeypatch.setattr(training_run, "as_chief_decides", lambda flag, told=on_disk: told)
        command("train", home / "prepared", "--max-bytes", max_bytes)
    assert where == ["disk", "memory"]


def test_predictions_replace_no_file_of_those_that_are_read(home, tmp_path):
    copy = shutil.copytree(home / "parts", tmp_path / "parts")
    for data in (copy, copy / "part-*.parquet"):
        told = refused("predict", home / "disk", "--data", data, "--out", copy / "part-1.parquet", "--force")
        assert "part-1.parquet is the data; write the predictions to another file" in told


def test_rows_that_stay_on_the_disk_are_compared_with_their_sha_256(home, tmp_path):
    copy = shutil.copytree(home / "prepared", tmp_path / "copy")
    content = bytearray((copy / "test-00000.npz").read_bytes())
    content[-1000] ^= 1
    (copy / "test-00000.npz").write_bytes(content)
    assert "its SHA-256 is another" in refused("train", copy, "--max-bytes", 10_000, "--out", tmp_path / "run")


def test_a_file_that_cannot_be_read_to_its_end_leaves_no_predictions(home, tmp_path):
    (tmp_path / "parts").mkdir()
    text = dnn.sample_path().read_text("utf-8").splitlines()
    (tmp_path / "parts" / "a.csv").write_text("\n".join(text[:900]), "utf-8")
    (tmp_path / "parts" / "b.csv").write_text("\n".join([text[0], "many," + text[1].partition(",")[2]]), "utf-8")
    told = refused("predict", home / "disk", "--data", tmp_path / "parts", "--out", tmp_path / "p.csv")
    assert "b.csv, line 2, column 'age': 'many' is not a number" in told
    assert [path.name for path in tmp_path.iterdir()] == ["parts"]


def test_a_table_beyond_memory_is_refused_before_it_is_read_with_its_rows_and_a_remedy(home, tmp_path):
    told = refused("train", home / "whole.parquet", "--max-bytes", 100_000, "--out", tmp_path / "run")
    assert "whole.parquet has 4,521 rows × 17 columns" in told
    assert "more than the 0.0 GB that it may take" in told
    assert "dnn prepare reads it in blocks" in told
    assert "dnn prepare --data" in refused("train", home / "parts" / "*.parquet", "--out", tmp_path / "run")
    told = command("prepare", home / "whole.parquet", "--max-bytes", 100_000, "--out", tmp_path / "prepared")
    assert (tmp_path / "prepared" / "index.json").is_file()
    assert "4,521 rows, read in blocks" in told


@pytest.mark.parametrize("threshold", [None, 0.3])
def test_sums_of_blocks_are_the_scores_of_all_rows(threshold):
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 5000).astype(np.int32)
    logits = (random.normal(size=(5000, 2)) + np.eye(2)[labels]).astype(np.float32)
    sums = ClassScoreSums(["no", "yes"], threshold)
    for first in range(0, 5000, 777):
        sums.add(labels[first : first + 777], logits[first : first + 777])
    found, exact = sums.scores(), scores(labels, logits, ["no", "yes"], threshold=threshold)
    ranks = [{name: each.pop(name) for name in ("roc_auc", "average_precision")} for each in (found, exact)]
    assert found.pop("loss") == pytest.approx(exact.pop("loss"), rel=1e-12)
    assert found == exact
    assert 0 < abs(ranks[0]["roc_auc"] - ranks[1]["roc_auc"]) <= sums.roc_auc_error < 1e-3
    assert ranks[0]["average_precision"] == pytest.approx(ranks[1]["average_precision"], abs=1e-3)
    target = random.normal(70, 3, 5000)
    predicted, amounts = target + random.normal(size=5000), AmountScoreSums(71.0, 69.5)
    for first in range(0, 5000, 777):
        amounts.add(target[first : first + 777], predicted[first : first + 777])
    assert amounts.scores() == pytest.approx(regression_scores(target, predicted, mean=71.0, median=69.5), rel=1e-9)
