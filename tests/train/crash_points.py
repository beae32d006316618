"""A program, run with faults.c preloaded: each call of a save fails, and each prefix of its calls is left by a crash.

It prints, as JSON, how many calls a save makes, how often the state before it, or the new one, was found, and what a
power cut could lose, which takes what was written but not flushed.
"""

import ctypes
import errno
import json
import logging
import shutil
import sys
from collections import Counter
from pathlib import Path

import tensorflow as tf

import dnn
from dnn.files.durable import write_durably
from dnn.train.checkpoint import Checkpoints
from dnn.train.fit_state import FitState
from dnn.train.history import History
from dnn.train.keeper import Keeper

FAILURES = [("ENOSPC", errno.ENOSPC, 0), ("EIO", errno.EIO, 0), ("EACCES", errno.EACCES, 0), ("crash", errno.EIO, 1)]
FAULTS = ctypes.CDLL(None)
FAULTS.faults_calls.restype = ctypes.c_char_p
MODEL = dnn.Dense(2, 3, seed=0)
OPTIMIZER = dnn.SGD(MODEL.trainable_variables, 0.1)


def keeper(folder):
    return Keeper(Checkpoints(folder, keep=1), MODEL, OPTIMIZER, [], {"fit": "this"})


def state(epoch):
    """Assign what the variables are after an epoch, and return the rest of its state."""
    for variable in MODEL.variables:
        variable.assign(tf.fill(variable.shape, float(epoch)))
    return FitState(History([{"epoch": i + 1} for i in range(epoch)]))


def save(folder):
    with keeper(folder) as saves:
        saves.save(state(2))


def found(folder):
    """Return the epoch of the state that is there, which must be whole."""
    with keeper(folder) as saves:
        epoch = len(saves.resumed().history.epochs)
        names = [path.name for path in folder.iterdir()]
    values = {float(value) for variable in MODEL.variables for value in tf.reshape(variable, [-1])}
    assert values == {float(epoch)}, (epoch, values)
    assert all(name == ".lock" or name.startswith("state-") for name in names), names
    return epoch


def replace(folder):
    write_durably(folder / "file", b"new")


def content(folder):
    return (folder / "file").read_bytes().decode()


def tried(before, change, look, work):
    """Return (calls of a change, {kind of fault: {what was found after it: times}})."""
    results, calls = {}, 1
    for name, number, lasting in FAILURES:
        counts, call = Counter(), 0
        while call < calls:
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(before, work)
            FAULTS.faults_arm(str(work).encode(), ctypes.c_long(call), number, lasting)
            failed = False
            try:
                change(work)
            except (OSError, ValueError, tf.errors.OpError):
                failed = True
            calls = max(calls, FAULTS.faults_disarm())
            counts[f"{look(work)}{', told' if failed else ''}"] += 1
            call += 1
        results[name] = counts
    return calls, results


def lost_by_a_power_cut(before, change, work):
    """Return what could be lost, if the disk keeps only what `fsync` was called for, and any part of the rest.

    Nothing may be, when a name appears that does not begin with a dot; nor may that name, when another one goes or the
    change has returned.
    """
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(before, work)
    FAULTS.faults_arm(str(work).encode(), ctypes.c_long(1 << 40), 0, 0)
    change(work)
    FAULTS.faults_disarm()
    lost, unflushed, new_names = [], set(), set()
    for line in FAULTS.faults_calls().decode().splitlines():
        call, path, to = line.split("\t")
        path, to = Path(path), Path(to)
        if call == "fsync":
            unflushed.discard(path)
            new_names -= {name for name in new_names if name.parent == path}
        elif call in ("open", "write", "mkdir"):
            unflushed |= {path, path.parent} if call != "write" else {path}
        elif call == "rename" and not is_final(to, work):
            unflushed = {to if name == path else name for name in unflushed} | {path.parent, to.parent}
        elif call in ("unlink", "rmdir", "unlinkat"):
            gone = path / to if call == "unlinkat" else path
            unflushed = unflushed - {gone} | {gone.parent}
        if call in ("rename", "unlink", "rmdir") and is_final(path, work):
            lost += [f"{name.name}, when {path.name} goes" for name in new_names]
        if call == "rename" and is_final(to, work):
            lost += [f"{part.name} of {to.name}" for part in unflushed if part == path or path in part.parents]
            new_names.add(to)
    return lost + [f"{name.name}, in the end" for name in new_names]


def is_final(path, work):
    return path.parent == work and not path.name.startswith(".")


def main(folder):
    logging.disable()
    before = folder / "before"
    before.mkdir()
    with keeper(before) as saves:
        saves.save(state(1))
    calls, results = tried(before, save, found, folder / "work")
    (folder / "plain").mkdir()
    (folder / "plain" / "file").write_bytes(b"old")
    more, files = tried(folder / "plain", replace, content, folder / "work")
    lost = lost_by_a_power_cut(before, save, folder / "work")
    lost += lost_by_a_power_cut(folder / "plain", replace, folder / "work")
    print(json.dumps({"state": [calls, results], "file": [more, files], "lost": lost}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
