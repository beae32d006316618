"""Export: a SavedModel names the ops that it calls, and holds none of them. Here it gets the library that does."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from dnn.ops.build import build, recipe
from dnn.ops.cache import cache_folder
from dnn.ops.loaded import check_unchanged, module_of
from dnn.ops.sources import SOURCES, existing


def carry(
    path: str | Path, saved_model: str | Path, *, flags: Sequence[str] = (), cache: str | Path | None = None
) -> Path:
    """The library of a C++ source, copied into the `assets.extra` of a SavedModel: saved_model/assets.extra/name.so.

    Where the model is used, without `dnn`, first `tf.load_op_library` of that file, then `tf.saved_model.load`. It
    needs the same version of TensorFlow, and a machine of the same kind and no older C library. A process that has the
    op already must not: a second kernel would spoil the op there. `load` of it gives the module that is there.
    An op that only a loss or an optimizer calls is in no SavedModel, and need not be carried.
    path, flags, cache: as `load` had them. saved_model: a folder that tf.saved_model.save wrote.
    Raises: FileNotFoundError if it is none, FileExistsError for another library in its place, and as `load`: also
    ValueError if the source, a header, the flags or the compiler are not those of the library that this process has
    loaded.
    """
    folder = Path(saved_model)
    if not folder.joinpath(tf.saved_model.SAVED_MODEL_FILENAME_PB).is_file():
        raise FileNotFoundError(f"{folder} is no SavedModel: it has no {tf.saved_model.SAVED_MODEL_FILENAME_PB}")
    source = existing(path, SOURCES)
    wanted = recipe(source, flags, cache_folder(cache))
    check_unchanged(source, wanted)
    library, stamp = build(wanted)
    module_of(source, stamp)  # refuses a library that is another one than the process has
    extra = folder / "assets.extra"  # TensorFlow's name for what a model brings along and TensorFlow does not read
    extra.mkdir(exist_ok=True)
    carried = extra / f"{wanted.source.stem}.so"
    if carried.exists() and library.read_bytes() != carried.read_bytes():
        raise FileExistsError(f"{carried} is another library: remove it, or give the source another name")
    return Path(shutil.copyfile(library, carried))
