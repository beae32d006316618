"""A SavedModel with a C++ op: what it says without its library, and that it runs with it, without this package."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from needs_compiler import needs_compiler
from registering import registering, written

import dnn
from dnn.ops.library import library_in

ALONE = """
import sys

sys.modules["dnn"] = None  # every import of it fails
import tensorflow as tf

folder = sys.argv[1]
try:
    tf.saved_model.load(folder)
except Exception as error:
    print(str(error).partition(" in binary")[0])
tf.load_op_library(folder + "/assets.extra/plus_one.so")
print(tf.saved_model.load(folder).serve([[1.0, 2.0, 3.0]]).numpy().tolist())
"""


@needs_compiler
def test_the_library_is_carried_and_enough(tmp_path):
    source = Path(__file__).with_name("plus_one.cc")
    ops, model, folder = dnn.ops.load(source), tf.Module(), tmp_path / "exported"
    model.serve = tf.function(ops.dnn_test_plus_one, input_signature=[tf.TensorSpec([None, 3])])
    tf.saved_model.save(model, str(folder))
    carried = dnn.ops.carry(source, folder)
    assert carried == folder / "assets.extra" / "plus_one.so"
    command = [sys.executable, "-c", ALONE, str(folder)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, cwd=tmp_path)
    assert done.stdout.splitlines() == ["Op type not registered 'DnnTestPlusOne'", "[[2.0, 3.0, 4.0]]"], done.stderr
    assert dnn.ops.load(carried) is ops
    carried.write_bytes(b"another")
    with pytest.raises(FileExistsError, match="plus_one.so is another library"):
        dnn.ops.carry(source, folder)


@needs_compiler
def test_another_kernel_than_the_one_that_is_loaded_is_not_carried(tmp_path):
    tmp_path.joinpath("saved_model.pb").touch()
    source = written(tmp_path / "mine.cc", registering("DnnTestMine", more='#include "mine.h"\n'))
    header = written(tmp_path / "mine.h", "")
    dnn.ops.load(source)
    carried = tmp_path / "assets.extra" / "mine.so"

    def refused(message, path=source, **options):
        with pytest.raises(ValueError, match=rf"{path}: the op DnnTestMine is registered already, by {message}"):
            dnn.ops.carry(path, tmp_path, **options)
        assert not carried.exists()

    written(header, "int more = 1;\n")
    refused("this file as it was loaded before; since then mine.h changed. Start a new process")
    written(header, "")
    refused(r"this file .* the flags changed from \(\) to \('-O1',\)", flags=("-O1",))
    refused(f"{source}. Rename it", path=Path(shutil.copy(source, tmp_path / "copy.cc")))
    assert dnn.ops.carry(source, tmp_path) == carried
    assert library_in(carried.read_bytes(), carried).ops == ("DnnTestMine",)
    assert dnn.ops.load(carried) is dnn.ops.load(source)


def test_a_folder_that_is_no_saved_model_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a SavedModel: it has no saved_model.pb"):
        dnn.ops.carry("name.cc", tmp_path)
    tmp_path.joinpath("saved_model.pb").touch()
    with pytest.raises(FileNotFoundError, match=f"no such file to load ops from: '{Path.cwd() / 'name.cc'}'"):
        dnn.ops.carry("name.cc", tmp_path)
