"""Rows of a prepared folder are read in an order of each epoch, train as in memory, and go on at the very row."""

import json
import shutil

import numpy as np
import pytest

import dnn
from dnn.data import row_files, shards
from dnn.large_preparation import prepare_large
from dnn.settings import PrepareSettings
from dnn.train import stream
from dnn.train.interruption import FitInterrupted

LOSS = dnn.sparse_softmax_cross_entropy


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The sample in shards of 150 rows."""
    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "MOST_SHARD_ROWS", 150)
        patch.setattr(row_files, "BLOCK_ROWS", 1_000)
        prepare_large(PrepareSettings(data=dnn.sample_path(), target="y", scale="standardize"), 0).write(folder)
    return dnn.open_prepared(folder, check=True)


def read(rows, *of_epoch):
    batches = [(x.numpy(), y.numpy()) for x, y in rows.dataset(*of_epoch)]
    return np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])


def test_each_epoch_has_all_rows_in_an_order_of_its_own_and_begins_at_any_row(folder):
    rows = folder.train
    x, y = rows.arrays()
    number = {row.tobytes(): index for index, row in enumerate(np.column_stack([x, y]))}
    orders = []
    for epoch in (1, 2):
        of_epoch = np.column_stack(read(rows, 5, epoch))
        for first in (599, 600, rows.rows - 1):
            np.testing.assert_array_equal(np.column_stack(read(rows, 5, epoch, first)), of_epoch[first:])
        orders.append(np.array([number[row.tobytes()] for row in of_epoch]))
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(number[row.tobytes()] for row in np.column_stack([x, y]))
    assert np.corrcoef(*orders)[0, 1] < 0.5
    assert np.abs(np.corrcoef(orders[0], np.arange(rows.rows))[0, 1]) < 0.5
    assert len(set(orders[0][:48] // 150)) > 20  # each of 48 rows is of another place, in 25 shards
    for first in (0, 700):
        np.testing.assert_array_equal(read(rows, 5, 0, first)[0], x[first:])
    np.testing.assert_array_equal(rows.targets(), y)
    np.testing.assert_array_equal(rows.targets(7), y[::7])


@pytest.mark.parametrize("workers", [2, 3, 48])
def test_shares_take_turns_and_read_nothing_else(folder, monkeypatch, workers):
    rows, read_of_share = folder.train, []
    monkeypatch.setattr(shards, "_read_into", counting(shards._read_into, read_of_share))
    of_epoch, of_stored = np.column_stack(read(rows, 5, 1)), []
    everything = sum(read_of_share)
    for worker in range(workers):
        read_of_share.clear()
        share = np.column_stack(read(rows, 5, 1, 0, (worker, workers)))
        assert sum(read_of_share) == len(share) * (everything // rows.rows)
        np.testing.assert_array_equal(share, of_epoch[worker::workers])
        np.testing.assert_array_equal(np.column_stack(read(rows, 5, 1, 50, (worker, workers))), share[50:])
        read_of_share.clear()
        of_stored.append(np.column_stack(read(rows, 5, 0, 0, (worker, workers))))
        assert sum(read_of_share) == len(of_stored[-1]) * (everything // rows.rows)
    np.testing.assert_array_equal(np.concatenate(of_stored), np.column_stack(rows.arrays()))
    for share in ((0, 5), (2, 2), (0, 0)):
        with pytest.raises(ValueError, match="of n that divides 48"):
            rows.dataset(5, 1, 0, share)


def counting(function, counted):
    def counts(file, place, array):
        counted.append(array.nbytes)
        function(file, place, array)

    return counts


def test_a_sample_has_the_same_share_of_each_shard(folder):
    rows = folder.train
    x, _ = rows.arrays()
    np.testing.assert_array_equal(rows.sample(5, rows.rows), x)
    some = rows.sample(5, rows.rows // 10)
    number = {row.tobytes(): index for index, row in enumerate(x)}
    places = np.array([number[row.tobytes()] for row in some])
    counts = np.bincount(places // 150, minlength=len(rows.shards))
    assert set(counts[:-1]) == {15}
    assert 1 <= counts[-1] <= 15
    assert not np.array_equal(places[:15], places[15:30] - 150), "each shard has rows of its own"
    np.testing.assert_array_equal(rows.sample(5, rows.rows // 10), some)


def fitted(data, validation, remember=None, **options):
    model = dnn.mlp([51, 8, 2], seed=1)
    optimizer = dnn.Adam(model.trainable_variables, 0.01)
    options = {"loss": LOSS, "batch_size": 32, "epochs": 2, "seed": 5, "jit_compile": False, **options}
    if remember is not None:
        options["callbacks"] = [lambda record, history: remember.append([value.numpy() for value in model.variables])]
    return dnn.fit(model, data, validation, optimizer=optimizer, **options), model


def test_shards_train_to_the_weights_of_arrays_in_the_same_order_and_go_on_at_the_very_row(
    folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(stream, "CHUNK_NUMBERS", folder.train.width * 32 * 20)
    after_epochs = []
    straight, model = fitted(folder.train, folder.validation, remember=after_epochs)
    its, same = fitted(read(folder.train, 5, 1), folder.validation.arrays(), epochs=1, shuffle=False)
    assert straight.epochs[0] == pytest.approx(its.epochs[0], rel=1e-5)
    for value, other in zip(after_epochs[0], same.variables, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-4, atol=1e-5)
    pieces = []

    def killed(record, history):
        pieces.append(record)
        if len(pieces) == 9:
            raise KeyboardInterrupt

    keep = dnn.Checkpoints(tmp_path / "keep", every="20 steps")
    with pytest.raises((KeyboardInterrupt, FitInterrupted)):
        fitted(folder.train, folder.validation, checkpoint=keep, callbacks=[dnn.EverySteps(20, killed)])
    moved = shutil.copytree(folder.path, tmp_path / "moved")
    again = dnn.open_prepared(moved)
    resumed, same = fitted(again.train, again.validation, checkpoint=keep)
    assert resumed.epochs == [pytest.approx(record, rel=1e-5) for record in straight.epochs]
    for value, other in zip(model.variables, same.variables, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-4, atol=1e-5)
    x, y = folder.test.arrays()
    np.testing.assert_allclose(dnn.predict(model, folder.test), dnn.predict(model, x), rtol=1e-5, atol=1e-6)
    assert dnn.evaluate(model, folder.test, loss=LOSS) == pytest.approx(dnn.evaluate(model, (x, y), loss=LOSS))


def test_a_damaged_or_missing_shard_is_named(folder, tmp_path):
    copy = shutil.copytree(folder.path, tmp_path / "copy")
    shard = copy / folder.train.shards[3].file
    content = bytearray(shard.read_bytes())
    content[-200] ^= 1
    shard.write_bytes(content)
    assert repr(dnn.open_prepared(copy).train) == repr(folder.train)
    with pytest.raises(ValueError, match=f"{shard.name} is damaged: its SHA-256"):
        dnn.open_prepared(copy, check=True)
    shard.write_bytes(content[:-1])
    with pytest.raises(ValueError, match=f"{shard.name} is not the file of"):
        dnn.open_prepared(copy)
    with pytest.raises(ValueError, match="neither a run folder nor a prepared one"):
        dnn.open_prepared(tmp_path)


def test_a_folder_of_one_file_a_part_opens_too(folder, tmp_path):
    folder.encoding.save(tmp_path)
    for name, rows in (("train", folder.train), ("validation", folder.validation), ("test", folder.test)):
        dnn.save_part(tmp_path / f"{name}.npz", *rows.arrays())
    opened = dnn.open_prepared(tmp_path, check=True)
    assert not opened.train.trusted
    np.testing.assert_array_equal(read(opened.train, 0, 0)[0], folder.train.arrays()[0])
    (tmp_path / "test.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match="test.npz: .* it is no part that dnn prepare wrote"):
        dnn.open_prepared(tmp_path)
    x, y = folder.test.arrays()
    others = [(x[:, 1:], y, "inputs are"), (x, y[1:], "inputs are"), (x[:0], y[:0], "inputs are")]
    for inputs, targets, message in [*others, (x, y.astype(float), "'targets' is float32, and not int32")]:
        dnn.save_part(tmp_path / "test.npz", inputs, targets)
        with pytest.raises(ValueError, match=f"test.npz: {message}.*; it is no part that dnn prepare wrote"):
            dnn.open_prepared(tmp_path)
    np.savez_compressed(tmp_path / "test.npz", inputs=x, targets=y)
    with pytest.raises(ValueError, match="test.npz: has not one array 'inputs' that is not compressed"):
        dnn.open_prepared(tmp_path)


@pytest.mark.parametrize("shards_of_test", [None, []])
def test_an_index_that_lacks_a_part_is_damaged(folder, tmp_path, shards_of_test):
    copy = shutil.copytree(folder.path, tmp_path / "copy")
    index = json.loads((copy / "index.json").read_text("utf-8"))
    index["shards"]["test"], index["rows"]["test"] = shards_of_test, 0
    if shards_of_test is None:
        del index["shards"]["test"], index["rows"]["test"]
    (copy / "index.json").write_text(json.dumps(index), "utf-8")
    with pytest.raises(ValueError, match="index.json is damaged: its parts are not train, validation, test"):
        dnn.open_prepared(copy)
