"""The command `dnn`: options and help. TensorFlow is imported when a command has something to do with it."""

import gc
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.core import TyperCommand

import dnn

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

CHATTER = re.compile(r"[IW]\d{4} |E\d{4} .*cuInit|WARNING: All log messages before|To enable the following instr")


PREDICTIONS = Path("predictions.csv")


class Scale(str, Enum):
    standardize = "standardize"
    rescale = "rescale"
    normalize = "normalize"
    binarize = "binarize"


class SeveralNumbers(TyperCommand):
    """Lets `--hidden 64 32` mean `--hidden 64 --hidden 32`: an option here takes one value otherwise."""

    def parse_args(self, ctx, args):
        spread, option = [], None
        for arg in args:
            if arg.startswith("--"):
                option = arg
            elif option == "--hidden" and spread[-1] != "--hidden" and re.fullmatch(r"-?\d+", arg):
                spread.append("--hidden")
            spread.append(arg)
        return super().parse_args(ctx, spread)


Data = Annotated[
    Path | None,
    typer.Option(
        help="CSV (comma, semicolon or tab; gzip or not), Parquet, or a folder made by `dnn prepare`.",
        show_default="the embedded sample: 4,521 clients of a bank",
    ),
]
Target = Annotated[
    str | None, typer.Option(help="Column to predict.", show_default="deposit, else y, else the last column")
]
Drop = Annotated[list[str], typer.Option(help="Column to leave out; may be given several times.", show_default="none")]
ScaleOption = Annotated[
    Scale | None, typer.Option(help="How the numeric columns are brought to one scale.", show_default="standardize")
]
Validation = Annotated[
    float | None, typer.Option(help="Share of the rows for validation, in (0, 1).", show_default="0.1")
]
Test = Annotated[float | None, typer.Option(help="Share of the rows for the test, in (0, 1).", show_default="0.1")]
Seed = Annotated[int, typer.Option(help="Decides split, first weights and row order.", min=0, max=2**63 - 1)]
Run = Annotated[Path, typer.Argument(help="Folder that `dnn train` made.", show_default=False)]
NewData = Annotated[Path, typer.Option(help="CSV or Parquet file.", show_default=False)]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@app.command(cls=SeveralNumbers)
def train(
    data: Data = None,
    target: Target = None,
    drop: Drop = [],  # noqa: B006  typer copies it
    out: Annotated[
        Path | None, typer.Option(help="Run folder to make; never overwritten.", show_default="runs/DATE-TIME")
    ] = None,
    scale: ScaleOption = None,
    validation: Validation = None,
    test: Test = None,
    hidden: Annotated[list[int], typer.Option(help="Units of each hidden layer: --hidden 64 32", min=1)] = [30, 30],  # noqa: B006
    learning_rate: Annotated[float, typer.Option(help="Adam's step size, > 0.")] = 0.001,
    batch_size: Annotated[int, typer.Option(help="Rows of a step.", min=1)] = 100,
    epochs: Annotated[int, typer.Option(help="Passes over the training rows at most.", min=1)] = 100,
    patience: Annotated[int, typer.Option(help="Epochs without a lower validation loss to stop after.", min=1)] = 2,
    min_delta: Annotated[float, typer.Option(help="Nats by which a loss must be lower to count.", min=0)] = 0.0,
    restore_best: Annotated[bool, typer.Option(help="End with the weights of the best epoch.")] = True,
    jit: Annotated[
        bool | None, typer.Option(help="Compile with XLA at once, or never; by default, once it pays.")
    ] = None,
    seed: Seed = 0,
    debug: Debug = False,
) -> None:
    """Learn, test, and leave a run folder: weights, curves, history, metrics, and all that repeats the run."""
    arguments = {name: value for name, value in locals().items() if name != "debug"}
    with ready(debug) as commands:
        commands.train(**arguments)


@app.command()
def prepare(
    out: Annotated[Path, typer.Option(help="Folder to make; it must not exist.", show_default=False)],
    data: Data = None,
    target: Target = None,
    drop: Drop = [],  # noqa: B006
    scale: ScaleOption = None,
    validation: Validation = None,
    test: Test = None,
    seed: Seed = 0,
    debug: Debug = False,
) -> None:
    """Preprocess and split, and save train.npz, validation.npz and test.npz for `dnn train --data FOLDER`."""
    arguments = {name: value for name, value in locals().items() if name != "debug"}
    with ready(debug) as commands:
        commands.prepare(**arguments)


@app.command()
def evaluate(run: Run, data: NewData, debug: Debug = False) -> None:
    """Test a trained network on a file that has the target column too."""
    with ready(debug) as commands:
        commands.evaluate(run, data)


@app.command()
def predict(
    run: Run,
    data: NewData,
    out: Annotated[Path, typer.Option(help="CSV to write: label, probability of each class.")] = PREDICTIONS,
    force: Annotated[bool, typer.Option("--force", help="Replace the file --out if it exists.")] = False,
    debug: Debug = False,
) -> None:
    """Predict each row of a file, in its order; the file need not have the target column."""
    with ready(debug) as commands:
        commands.predict(run, data, out, force=force)


@app.command()
def export(
    run: Run,
    out: Annotated[Path, typer.Option(help="Folder to make; it must not exist.", show_default=False)],
    debug: Debug = False,
) -> None:
    """Write a TensorFlow SavedModel, from columns to probabilities, that runs where `dnn` is not installed."""
    with ready(debug) as commands:
        commands.export(run, out)


@app.command()
def bench_op(
    file: Annotated[
        Path,
        typer.Argument(
            help="Python file with op, reference (both in TensorFlow), inputs(size), and SIZES if you like.",
            show_default=False,
        ),
    ],
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and shorter repetitions.")] = False,
    debug: Debug = False,
) -> None:
    """Time a custom op beside its reference, over sizes, and beside the traffic of memory: a Markdown table."""
    with ready(debug) as commands:
        commands.bench_op(file, quick=quick)


@app.command()
def new_op(
    name: Annotated[str, typer.Argument(help="Of the function and its files.", show_default=False)],
    cpp: Annotated[bool, typer.Option("--cpp", help="In C++, with its gradient.")] = False,
) -> None:
    """Write a small, complete custom op into the current folder: its source and its test, to be changed into yours."""
    from dnn.new_op import write_new_op

    try:
        written = write_new_op(name, Path(), cpp=cpp)
    except (ValueError, OSError) as error:
        _end_with(error)
    for path in written:
        typer.echo(f"wrote {path}")
    typer.echo(f"test it: pytest test_{name}.py\ntime it: dnn bench-op {name}.py")


@app.callback(invoke_without_command=True)
def version(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Show the version.")] = False,
) -> None:
    """Learn to predict a column of a table, with a neural network written from scratch in TensorFlow."""
    if version:
        typer.echo(f"dnn {dnn.__version__}")
        raise typer.Exit


@contextmanager
def ready(debug: bool) -> Iterator:
    """The module of the commands, with TensorFlow started; bad input ends with its message alone, and exit code 2."""
    gc.disable()  # what is imported stays to the end: to search it for cycles, now and then, would take a second
    with quiet_start():
        from dnn import commands
    gc.freeze()
    gc.enable()
    try:
        yield commands
    except KeyboardInterrupt:
        typer.echo("interrupted: nothing was saved", err=True)
        raise typer.Exit(130) from None
    except (ValueError, OSError, MemoryError, commands.tf.errors.OpError) as error:
        if debug:
            raise
        _end_with(error)


@contextmanager
def quiet_start() -> Iterator[None]:
    """Import TensorFlow here: what it says on standard error while it starts is kept back, unless it is an error.

    It writes through the file descriptor, so the descriptor is what must be caught.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # from then on: errors only
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(screen, 2)
            os.close(screen)
            caught.seek(0)
            for line in caught.read().decode(errors="replace").splitlines():
                if not CHATTER.match(line):
                    print(line, file=sys.stderr)


def _end_with(error: Exception) -> NoReturn:
    """The message of the error alone, and exit code 2."""
    typer.secho("error: ", fg="red", bold=True, nl=False, err=True)
    typer.echo(_message(error), err=True)
    raise typer.Exit(2) from None


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"not enough memory: {error}"
    return getattr(error, "message", str(error))[:2000]  # TensorFlow's errors may hold a whole graph


def main() -> None:
    """The console script. Its own process does without Keras, whose import would take 1 s and 50 MB for nothing."""
    sys.modules.setdefault("keras", None)
    app()
