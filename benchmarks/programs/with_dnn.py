"""Learn from a file with `dnn`: python -m benchmarks.programs.with_dnn FILE TARGET [xla|as-the-command]

as-the-command: TensorFlow imports neither Keras nor JAX nor SciPy, and Python does not search for garbage while it
imports, which takes half a second then and again at the end. The command `dnn` decides so, as any program may for its
own process.
Prints JSON: the seconds of each phase, the validation loss of each epoch, and the loss of the test rows.
"""

import gc
import json
import sys
from typing import Any

from benchmarks.jobs import Job
from benchmarks.programs.settings import BATCH, EPOCHS, HIDDEN
from benchmarks.timing import Laps, Phases


def main(file: str, target: str, *options: str) -> None:
    """Read, prepare, train, evaluate, and print what it took."""
    phases, laps = Phases(), Laps()
    as_the_command = "as-the-command" in options
    if as_the_command:
        sys.modules["keras"] = None
        gc.disable()
    import dnn
    from dnn.startup import UNUSED, absent

    with absent(UNUSED if as_the_command else ()):
        fit = dnn.fit  # `import dnn` alone loads nothing: the first name that needs it imports TensorFlow
    if as_the_command:
        gc.freeze()
        gc.enable()
    phases.end("import")
    parts = dnn.split(dnn.read_table(file, kinds={target: "category"}), target)
    features, labels = dnn.Features(parts[0].columns), dnn.Labels(parts[0].target)
    train, validation, test = ((features(part.columns), labels(part.target)) for part in parts)
    phases.end("read, prepare")

    sizes = (features.width, *HIDDEN, labels.classes)
    jit_compile = "xla" in options or "auto"
    model = dnn.mlp(sizes, seed=0)
    for variable, value in zip(dnn.weights(model), Job("", sizes, BATCH, 1).weights(), strict=True):
        variable.assign(value)
    optimizer = dnn.Adam(model.trainable_variables)
    phases.end("make the model")
    trace(model, optimizer, train, validation, jit_compile)
    phases.end("trace")
    history = fit(
        model,
        train,
        validation,
        loss=dnn.sparse_softmax_cross_entropy,
        optimizer=optimizer,
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=False,
        callbacks=[laps.lap],
        jit_compile=jit_compile,
    )
    phases.end("compile")
    phases.move("compile", "first epoch", laps.median)
    phases.move("compile", "other epochs", laps.total)
    score = dnn.evaluate(model, test, loss=dnn.sparse_softmax_cross_entropy)
    phases.end("evaluate")
    print(json.dumps({"phases": phases.seconds, "val_loss": history["val_loss"], "test_loss": score["loss"]}))


def trace(model: Any, optimizer: Any, train: Any, validation: Any, jit_compile: bool | str) -> None:
    """Trace what `fit` begins with. It finds it traced, so the program does no more than without this function."""
    import dnn
    from dnn.train.border import checked_data
    from dnn.train.epoch import trace_training, training_program
    from dnn.train.evaluate import evaluator

    loss = dnn.sparse_softmax_cross_entropy
    train, validation = (checked_data(model, part, "") for part in (train, validation))
    program = training_program(model, loss, optimizer, (dnn.accuracy,), BATCH, train.specs)
    trace_training(program, jit_compile is True)
    evaluator(model, validation, loss=loss, metrics={"accuracy": dnn.accuracy})


if __name__ == "__main__":
    main(*sys.argv[1:])
