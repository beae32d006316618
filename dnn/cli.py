"""The command `dnn`: options and help. TensorFlow is imported when a command has something to do with it."""

import io
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

import dnn
from dnn.settings import DEFAULTS, SCALE, SHARE, USUAL_TARGETS, PrepareSettings, Scale, TrainSettings
from dnn.startup import end_with, interrupt_ends, ready

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

PREDICTIONS = Path("predictions.csv")


class SeveralNumbers(TyperCommand):
    """Lets `--hidden 64 32` mean `--hidden 64 --hidden 32`: in click an option takes one value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        repeated: list[str] = []
        option = ""
        for arg in args:
            if arg.startswith("--"):
                option = arg
            elif option == "--hidden" and repeated[-1] != "--hidden" and re.fullmatch(r"-?\d+", arg):
                repeated.append("--hidden")
            repeated.append(arg)
        return super().parse_args(ctx, repeated)


Data = Annotated[
    Path | None,
    typer.Option(
        help="CSV (comma, semicolon or tab; gzip or not), Parquet, or a folder made by `dnn prepare`.",
        show_default="the embedded sample: 4,521 clients of a bank",
    ),
]
Target = Annotated[
    str | None,
    typer.Option(help="Column to predict.", show_default=", else ".join((*USUAL_TARGETS, "the last column"))),
]
Drop = Annotated[list[str], typer.Option(help="Column to leave out; may be given several times.", show_default="none")]
ScaleOption = Annotated[Scale | None, typer.Option(help="How to scale the numeric columns.", show_default=SCALE.value)]
Validation = Annotated[
    float | None, typer.Option(help="Share of the rows for validation, in (0, 1).", show_default=str(SHARE))
]
Test = Annotated[float | None, typer.Option(help="Share of the rows for the test, in (0, 1).", show_default=str(SHARE))]
Seed = Annotated[
    int, typer.Option(help="Seed of the split, the first weights and the order of the rows.", min=0, max=2**63 - 1)
]
RunFolder = Annotated[Path, typer.Argument(help="Folder that `dnn train` made.", show_default=False)]
NewFolder = Annotated[Path, typer.Option(help="Folder to make; it must not exist.", show_default=False)]
NewData = Annotated[Path, typer.Option(help="CSV or Parquet file.", show_default=False)]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@app.command("train", cls=SeveralNumbers)
def train_command(
    data: Data = DEFAULTS.data,
    target: Target = DEFAULTS.target,
    drop: Drop = DEFAULTS.drop,
    out: Annotated[
        Path | None, typer.Option(help="Run folder to make; it must not exist.", show_default="runs/DATE-TIME")
    ] = DEFAULTS.out,
    scale: ScaleOption = DEFAULTS.scale,
    validation: Validation = DEFAULTS.validation,
    test: Test = DEFAULTS.test,
    hidden: Annotated[
        list[int], typer.Option(help="Units of each hidden layer: --hidden 64 32", min=1)
    ] = DEFAULTS.hidden,
    learning_rate: Annotated[float, typer.Option(help="Adam's step size, > 0.")] = DEFAULTS.learning_rate,
    batch_size: Annotated[int, typer.Option(help="Rows per step.", min=1)] = DEFAULTS.batch_size,
    epochs: Annotated[
        int, typer.Option(help="Maximum number of passes over the training rows.", min=1)
    ] = DEFAULTS.epochs,
    patience: Annotated[
        int, typer.Option(help="Stop after this many epochs without a lower validation loss.", min=1)
    ] = DEFAULTS.patience,
    min_delta: Annotated[
        float, typer.Option(help="Nats by which a validation loss must be lower to count.", min=0)
    ] = DEFAULTS.min_delta,
    restore_best: Annotated[bool, typer.Option(help="Keep the weights of the best epoch.")] = DEFAULTS.restore_best,
    jit: Annotated[
        bool | None, typer.Option(help="Compile with XLA from the start, or never; by default, as soon as it pays off.")
    ] = DEFAULTS.jit,
    seed: Seed = DEFAULTS.seed,
    debug: Debug = False,
) -> None:
    """Train and test a network; write weights, curves, history, metrics and configuration to a run folder."""
    settings = TrainSettings(
        data=data,
        target=target,
        drop=drop,
        out=out,
        scale=scale,
        validation=validation,
        test=test,
        hidden=hidden,
        learning_rate=learning_rate,
        batch_size=batch_size,
        epochs=epochs,
        patience=patience,
        min_delta=min_delta,
        restore_best=restore_best,
        jit=jit,
        seed=seed,
    )
    with ready(debug) as commands:
        commands.run_training(settings)


@app.command("prepare")
def prepare_command(
    out: NewFolder,
    data: Data = DEFAULTS.data,
    target: Target = DEFAULTS.target,
    drop: Drop = DEFAULTS.drop,
    scale: ScaleOption = DEFAULTS.scale,
    validation: Validation = DEFAULTS.validation,
    test: Test = DEFAULTS.test,
    seed: Seed = DEFAULTS.seed,
    debug: Debug = False,
) -> None:
    """Split and preprocess a file; save train.npz, validation.npz and test.npz for `dnn train --data FOLDER`."""
    settings = PrepareSettings(
        out=out, data=data, target=target, drop=drop, scale=scale, validation=validation, test=test, seed=seed
    )
    with ready(debug) as commands:
        commands.prepare_folder(settings)


@app.command("evaluate")
def evaluate_command(run: RunFolder, data: NewData, debug: Debug = False) -> None:
    """Test a trained network on a file that has the target column."""
    with ready(debug) as commands:
        commands.evaluate_run(run, data)


@app.command("predict")
def predict_command(
    run: RunFolder,
    data: NewData,
    out: Annotated[
        Path, typer.Option(help="CSV file to write: the label and the probability of each class.")
    ] = PREDICTIONS,
    force: Annotated[bool, typer.Option("--force", help="Replace the file --out if it exists.")] = False,
    debug: Debug = False,
) -> None:
    """Predict each row of a file, in its order; the file need not have the target column."""
    with ready(debug) as commands:
        commands.predict_file(run, data, out, force=force)


@app.command("export")
def export_command(run: RunFolder, out: NewFolder, debug: Debug = False) -> None:
    """Write a TensorFlow SavedModel, from columns to probabilities, that runs where `dnn` is not installed."""
    with ready(debug) as commands:
        commands.export_run(run, out)


@app.command("bench-op")
def bench_op_command(
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
    """Time a custom op against its reference and the memory bandwidth, for several sizes, as a Markdown table."""
    with ready(debug) as commands:
        commands.time_op(file, quick=quick)


@app.command("new-op")
def new_op_command(
    name: Annotated[str, typer.Argument(help="Name of the function and of its files.", show_default=False)],
    cpp: Annotated[bool, typer.Option("--cpp", help="Write the op in C++, with its gradient.")] = False,
) -> None:
    """Write a small, complete custom op into the current folder, source and test, to start your own from."""
    from dnn.new_op import write_new_op

    try:
        written = write_new_op(name, Path(), cpp=cpp)
    except (ValueError, OSError) as error:
        end_with(error)
    for path in written:
        typer.echo(f"wrote {path}")
    typer.echo(f"test it: pytest test_{name}.py\ntime it: dnn bench-op {name}.py")


@app.callback(invoke_without_command=True)
def describe(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Show the version.")] = False,
) -> None:
    """Learn to predict a column of a table, with a neural network written from scratch in TensorFlow."""
    if version:
        typer.echo(f"dnn {dnn.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the console script. Its own process does without Keras, whose import would take 1 s and 50 MB for nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console without the sign "→" shows "?" instead of an error
    sys.modules.setdefault("keras", None)  # type: ignore[arg-type]  # what Python documents to block an import
    with interrupt_ends():
        app()
