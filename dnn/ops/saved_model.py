"""Export: a SavedModel names the ops that it calls, and holds none of them. `carry` gives it the library."""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from dnn.ops.compiler import SOURCES
from dnn.ops.loading import absolute, check_file, check_ops, library_of
from dnn.ops.trust import read_trusted


def carry(
    path: str | Path, saved_model: str | Path, *, flags: Sequence[str] = (), cache: str | Path | None = None
) -> Path:
    """Copy the library of a C++ source into a SavedModel, as assets.extra/name.so.

    Where the model is used, without `dnn`, first `tf.load_op_library` of that file, then `tf.saved_model.load`. It
    needs the same version of TensorFlow, and a machine of the same kind with no older C library. A process that has the
    op already must not: a second kernel would break the op there. `load` of the file returns the module that is there.
    An op that only a loss or an optimizer calls is in no SavedModel, and need not be carried.

    Args:
        path: The source, as `load` has it.
        saved_model: The folder that tf.saved_model.save wrote.
        flags: For the compiler, as `load` has them.
        cache: The folder for libraries, as `load` has it.

    Returns:
        The path of the copy.

    Raises:
        FileNotFoundError: If there is no such source, or the folder is not a SavedModel.
        FileExistsError: If another library is in the way of the copy.
        ValueError: If the source, a header, the flags or the compiler differ from those of the library that this
            process has loaded, and as `load`.
        RuntimeError: As `load`.
        OSError: As `load`.
    """
    folder, file = Path(saved_model), absolute(path)
    if not folder.joinpath(tf.saved_model.SAVED_MODEL_FILENAME_PB).is_file():
        raise FileNotFoundError(f"{folder} is not a SavedModel: it has no {tf.saved_model.SAVED_MODEL_FILENAME_PB}")
    check_file(file, SOURCES)
    library = library_of(file, flags, cache)
    check_ops(file, library)
    extra = folder / "assets.extra"  # TensorFlow's name for files that belong to a model and that it does not read
    extra.mkdir(exist_ok=True)
    copy = extra / f"{file.resolve().stem}.so"
    data = read_trusted(library.file)
    if data is None:
        raise RuntimeError(f"{library.file} was changed meanwhile: carry it again")
    if copy.exists() and data != copy.read_bytes():
        raise FileExistsError(f"{copy} is another library: remove it, or give the source another name")
    copy.write_bytes(data)
    return copy
