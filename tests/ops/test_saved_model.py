"""A SavedModel with a C++ op: what it says without its library, and that it runs with it, without this package."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from needs_compiler import needs_compiler
from registering import registering, written

import dnn
from dnn.kernels import layer_normalization
from dnn.kernels.compiled import compiled_ops
from dnn.kernels.layer_normalization import FusedLayerNormalization
from dnn.ops.library import read_library

ALONE = """
import sys

sys.modules["dnn"] = None  # every import of it fails
import tensorflow as tf

folder, first = sys.argv[1:]
if first:
    tf.load_op_library(folder + "/assets.extra/layer_normalization.so")
model = tf.saved_model.load(folder)
print(model.serve([[1.0, 2.0, 3.0]]).numpy().tolist())
"""


@needs_compiler
def test_the_library_is_carried_and_enough(tmp_path):
    model = dnn.Sequential([FusedLayerNormalization(3), dnn.Dense(3, 2)])
    model.serve = tf.function(model.__call__, input_signature=[tf.TensorSpec([None, 3])])
    folder = tmp_path / "exported"
    tf.saved_model.save(model, str(folder))
    carried = dnn.ops.carry(Path(layer_normalization.__file__).with_suffix(".cc"), folder)
    assert carried == folder / "assets.extra" / "layer_normalization.so"

    def alone(first):
        command = [sys.executable, "-c", ALONE, str(folder), first]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)

    without, done = alone(""), alone("library first")
    assert "Op type not registered 'DnnLayerNormalization'" in without.stderr
    assert done.returncode == 0, done.stderr[-2000:]
    np.testing.assert_allclose(eval(done.stdout), model.serve([[1.0, 2.0, 3.0]]), rtol=1e-6)
    assert dnn.ops.load(carried) is compiled_ops(layer_normalization.SOURCE)
    carried.write_bytes(b"another")
    with pytest.raises(FileExistsError, match="layer_normalization.so is another library"):
        dnn.ops.carry(Path(layer_normalization.__file__).with_suffix(".cc"), folder)


@needs_compiler
def test_another_kernel_than_the_one_that_is_loaded_is_not_carried(tmp_path):
    tmp_path.joinpath("saved_model.pb").touch()
    source = written(tmp_path / "mine.cc", registering("DnnTestMine", more='#include "mine.h"\n'))
    header = written(tmp_path / "mine.h", "")
    dnn.ops.load(source, cache=tmp_path / "cache")
    carried = tmp_path / "assets.extra" / "mine.so"

    def refused(message, path=source, **options):
        with pytest.raises(ValueError, match=rf"{path}: the op DnnTestMine is registered already, by {message}"):
            dnn.ops.carry(path, tmp_path, cache=tmp_path / "cache", **options)
        assert not carried.exists()

    written(header, "int more = 1;\n")
    refused("this file as it was loaded before; since then mine.h changed. Start a new process")
    written(header, "")
    refused(r"this file .* the flags changed from \(\) to \('-O1',\)", flags=("-O1",))
    refused(f"{source}. Rename it", path=written(tmp_path / "copy.cc", source.read_text()))
    assert dnn.ops.carry(source, tmp_path, cache=tmp_path / "cache") == carried
    assert read_library(carried).ops == ("DnnTestMine",)
    assert dnn.ops.load(carried) is dnn.ops.load(source, cache=tmp_path / "cache")


def test_flags_in_one_text_are_refused(tmp_path):
    tmp_path.joinpath("saved_model.pb").touch()
    with pytest.raises(TypeError, match="flags must be a sequence of strings"):
        dnn.ops.carry(Path(layer_normalization.__file__).with_suffix(".cc"), tmp_path, flags="-O0")


def test_a_folder_that_is_no_saved_model_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a SavedModel: it has no saved_model.pb"):
        dnn.ops.carry("name.cc", tmp_path)
    tmp_path.joinpath("saved_model.pb").touch()
    with pytest.raises(FileNotFoundError, match=f"no such file to load ops from: '{Path.cwd() / 'name.cc'}'"):
        dnn.ops.carry("name.cc", tmp_path)
