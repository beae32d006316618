"""Arrays come back from an .npz file as they were, or not at all; nothing in a file is run."""

import os
import pickle
import re
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from modes import THOROUGH

from dnn.data.arrays import load_arrays, load_part, save_arrays, save_part

ARRAYS = st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.bool_]).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=0, min_side=0, max_side=4))
)
NAMES = st.from_regex(r"[a-z_]{1,8}(/[0-9]/[a-z]{1,8})?", fullmatch=True).filter(lambda name: name != "file")
INPUTS = np.array([[0.5, -1], [2, 3], [0, 1e-30]], np.float32)
TARGETS = np.array([0, 2, 1], np.int32)


class Payload:
    """Unpickled, it makes a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def part(tmp_path):
    """The .npz file of a part with 2 inputs and 3 classes."""
    save_part(tmp_path / "part.npz", INPUTS, TARGETS)
    return tmp_path / "part.npz"


def load(path):
    return load_part(path, width=2, classes=3)


@given(st.dictionaries(NAMES, ARRAYS, max_size=4))
def test_arrays_come_back_with_every_bit_dtype_and_shape(folder, named):
    save_arrays(folder / "any.npz", **named)
    found = load_arrays(folder / "any.npz")
    assert list(found) == list(named)
    for name, array in named.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()


@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.just(2)), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_a_part_comes_back_as_float32_and_int32(folder, inputs):
    targets = np.arange(len(inputs)) % 3
    save_part(folder / "part.npz", inputs.astype(np.float64), targets)
    found = load(folder / "part.npz")
    assert [array.dtype for array in found] == [np.float32, np.int32]
    assert found[0].tobytes() == inputs.tobytes()
    np.testing.assert_array_equal(found[1], targets)


def test_a_file_appears_complete_or_not_at_all(tmp_path, monkeypatch):
    def fails(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    save_arrays(tmp_path / "part.npz", x=INPUTS)
    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(OSError, match="disk full"):
        save_arrays(tmp_path / "part.npz", x=TARGETS)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["part.npz"]
    np.testing.assert_array_equal(load_arrays(tmp_path / "part.npz")["x"], INPUTS)


def test_a_file_cut_anywhere_is_refused(part):
    whole = part.read_bytes()
    for end in range(len(whole)):
        part.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"part\.npz is (truncated, or not an \.npz file|damaged: )"):
            load(part)


def test_a_flipped_bit_anywhere_is_refused_or_changes_nothing(part):
    """Every bit of the file, those of the zip's own tables too, which no checksum covers; or one bit in nine."""
    whole = part.read_bytes()
    bits = range(0, 8 * len(whole), 1 if THOROUGH else 9)  # nine, so that each bit of a byte has its turn
    refused = 0
    for bit in bits:
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        part.write_bytes(damaged)
        try:
            inputs, targets = load(part)
        except ValueError as error:
            assert str(part) in str(error)  # noqa: PT017
            refused += 1
        else:
            assert inputs.tobytes() == INPUTS.tobytes()
            assert targets.tobytes() == TARGETS.tobytes()
    assert refused > len(bits) * (INPUTS.nbytes + TARGETS.nbytes) / len(whole)


def test_a_shape_that_hides_rows_is_refused(part):
    """NumPy would read the rows that the shape tells, and never reach the checksum."""
    whole = part.read_bytes()
    for name in (b"(3, 2)", b"(3,)"):
        whole = whole.replace(name, name.replace(b"3", b"2"))
    part.write_bytes(whole)
    with pytest.raises(ValueError, match="is damaged: Bad CRC-32 for file 'inputs.npy'"):
        load(part)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"a,b\n1,2\n", b"\x80\x04", bytes(1000)])
def test_a_file_that_is_not_a_zip_is_refused(tmp_path, content):
    path = tmp_path / "part.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"part\.npz is truncated, or not an \.npz file"):
        load(path)


def test_pickled_objects_are_refused_and_not_run(tmp_path):
    path, mark = tmp_path / "part.npz", tmp_path / "it was run"
    np.savez(path, inputs=np.array([Payload(mark)], dtype=object), targets=TARGETS)
    with pytest.raises(ValueError, match="holds pickled objects; only plain arrays are read"):
        load(path)
    path.write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises(ValueError, match=r"is truncated, or not an \.npz file"):
        load(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("inputs", pickle.dumps(Payload(mark)))
    with pytest.raises(ValueError, match=r"is not an \.npz file: inputs is not an array"):
        load(path)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Payload(mark)))
    assert mark.exists()  # the payload works where it is run


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": None}, "has no array 'inputs'; it has targets"),
        ({"targets": None}, "has no array 'targets'; it has inputs"),
        ({"inputs": None, "targets": None}, "has no array 'inputs'; it has none"),
        ({"inputs": INPUTS.astype(np.float64)}, "inputs must be float32[rows, 2], got float64[3, 2]"),
        ({"inputs": INPUTS.astype(">f4")}, "inputs must be float32[rows, 2], got >f4[3, 2]"),
        ({"inputs": INPUTS[:, :1]}, "inputs must be float32[rows, 2], got float32[3, 1]"),
        ({"inputs": INPUTS[0]}, "inputs must be float32[rows, 2], got float32[2]"),
        ({"targets": TARGETS.astype(np.int64)}, "targets must be int32[3], got int64[3]"),
        ({"targets": TARGETS.astype(np.float32)}, "targets must be int32[3], got float32[3]"),
        ({"targets": TARGETS[:2]}, "targets must be int32[3], got int32[2]"),
        ({"targets": TARGETS[:, None]}, "targets must be int32[3], got int32[3, 1]"),
        ({"inputs": INPUTS[:0], "targets": TARGETS[:0]}, "has no rows"),
        ({"inputs": np.where(INPUTS == 3, np.float32("nan"), INPUTS)}, "inputs hold a NaN or an infinity in row 2"),
        ({"inputs": np.where(INPUTS == 0, np.float32("inf"), INPUTS)}, "inputs hold a NaN or an infinity in row 3"),
        ({"targets": TARGETS + 1}, "targets must be in [0, 3), got values from 1 to 3"),
        ({"targets": TARGETS - 1}, "targets must be in [0, 3), got values from -1 to 1"),
    ],
)
def test_a_part_of_another_kind_is_refused(tmp_path, change, message):
    named = {"inputs": INPUTS, "targets": TARGETS} | change
    path = tmp_path / "part.npz"
    np.savez(path, **{name: array for name, array in named.items() if array is not None})
    with pytest.raises(ValueError, match=re.escape(str(path)) + ":? " + re.escape(message)):
        load(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.npz"):
        load(tmp_path / "absent.npz")
    with pytest.raises(IsADirectoryError, match=re.escape(str(tmp_path))):
        load(tmp_path)
