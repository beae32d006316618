"""The command `dnn`: its commands and help. TensorFlow is imported when a command has something to do with it."""

import io
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

import dnn
from dnn.cli_ops import Debug, bench_op_command, new_op_command
from dnn.cli_options import PlainErrors, SeveralValues, choice_of, options_of, plain, use_config, use_preset
from dnn.cluster import cluster_member, cluster_strategy
from dnn.control import without_control
from dnn.early_checks import check_data, check_early, check_page
from dnn.presets import PRESETS
from dnn.settings import ExplainSettings, PrepareSettings, Settings, TrainSettings, listed
from dnn.startup import end_with, interrupt_ends, plain_traceback, ready

app = typer.Typer(cls=PlainErrors, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

PREDICTIONS, COMPARISON, RUNS = Path("predictions.csv"), Path("compare.html"), Path("runs")


class HowMany(str, Enum):
    """How many notes are printed."""

    first = "first"
    all = "all"


RunFolder = Annotated[Path, typer.Argument(help="Folder that `dnn train` made.", show_default=False)]
NewFolder = Annotated[Path, typer.Option(help="Folder to make; it must not exist.", show_default=False)]
NewData = Annotated[
    Path, typer.Option(help="CSV or Parquet file; or several: 'part-*.parquet', a folder.", show_default=False)
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print where the results are, and nothing else.")]
Json = Annotated[bool, typer.Option("--json", help="Print the results as one JSON document, and nothing else.")]
Notes = Annotated[HowMany, typer.Option(help="Print the first 12 notes on the data, or all.")]
Skip = Annotated[bool, typer.Option("--skip-unlabelled", help="Leave out rows without a target.")]
Keep = Annotated[
    list[str], typer.Option(help="Columns to copy to the output: --keep id, or --keep id,name.", show_default="none")
]
MaxBytes = Annotated[
    int | None,
    typer.Option(min=1, help="Memory that the file may take, in bytes; never more than is free.", show_default="16 GB"),
]
RawText = Annotated[bool, typer.Option("--raw-text", help="Write text as it is: no ' before a formula such as =1+1.")]
File = Annotated[Path | None, typer.Argument(help="The data, in place of --data.", show_default=False)]
Config = Annotated[
    Path | None,
    typer.Option(
        help="config.json of an earlier run: its options hold where they are not given anew.",
        is_eager=True,
        callback=use_config,
        show_default=False,
    ),
]
Preset: Any = Annotated[
    choice_of(tuple(PRESETS)) | None,
    typer.Option(
        help="Settings that go together: they hold where they are not given anew.",
        is_eager=True,
        callback=use_preset,
        show_default=False,
    ),
]
TABLE = {"file": (File, None), "config": (Config, None)}
SCREEN = {"notes": (Notes, "first"), "quiet": (Quiet, False), "json": (Json, False), "debug": (Debug, False)}


def settings_of(kind: type[Settings], given: Mapping[str, Any]) -> Settings:
    """Return the settings among the values of a command; the file may stand without --data."""
    settings = kind(**{each.name: plain(given[each.name]) for each in fields(kind)})
    if given["file"] is None:
        return settings
    if settings.data is not None and given["config"] is None:  # the file goes before the data of an earlier run
        end_with(ValueError(f"the data were given twice: {given['file']} and --data {settings.data}"))
    return replace(settings, data=given["file"])


def mode_of(quiet: bool, json: bool) -> str:
    """Return to whom the command speaks."""
    return "json" if json else "quiet" if quiet else "normal"


def say_reading(data: Path | None, given: Mapping[str, Any]) -> None:
    """Tell a person at once what is read: TensorFlow's import takes a second or two."""
    if mode_of(given["quiet"], given["json"]) == "normal":
        typer.echo(without_control(f"reading {data or 'the embedded sample'} …"))


def refused_early(check: Callable[[], None], debug: bool) -> None:
    """Run a check that needs no TensorFlow; what it refuses ends the command."""
    try:
        check()
    except (ValueError, OSError) as error:
        if debug:
            raise
        end_with(error)


@app.command("train", cls=SeveralValues)
@options_of(TrainSettings, preset=(Preset, None), **TABLE, **SCREEN)
def train_command(**given: Any) -> None:
    """Train and test a network; write weights, curves, history, metrics and configuration to a run folder."""
    settings, debug = settings_of(TrainSettings, given), given["debug"]
    refused_early(lambda: check_early(settings, _out_of_worker(settings)), debug)
    say_reading(settings.resume or settings.data, given)
    with ready(debug, cluster_strategy) as commands:
        voice = commands.Voice(mode_of(given["quiet"], given["json"]))
        command = commands.cross_validate if settings.folds else commands.run_training
        command(settings, voice, most_notes=None if plain(given["notes"]) == "all" else 12)


def _out_of_worker(settings: TrainSettings) -> Path | None:
    """Return the folder to make, which the chief of several workers makes. Raises: ValueError for a bad cluster."""
    member = cluster_member()
    if member.size > 1 and settings.folds:
        raise ValueError("--folds trains on one machine: unset TF_CONFIG")
    return None if member.rank else settings.out


@app.command("prepare", cls=SeveralValues)
@options_of(PrepareSettings, **TABLE, **SCREEN)
def prepare_command(**given: Any) -> None:
    """Split and preprocess a file; save train.npz, validation.npz and test.npz for `dnn train --data FOLDER`."""
    settings, debug = settings_of(PrepareSettings, given), given["debug"]
    refused_early(lambda: check_early(settings, settings.out), debug)
    say_reading(settings.data, given)
    with ready(debug) as commands:
        voice = commands.Voice(mode_of(given["quiet"], given["json"]))
        commands.prepare_folder(settings, voice, most_notes=None if plain(given["notes"]) == "all" else 12)


@app.command("explain", cls=SeveralValues)
@options_of(ExplainSettings, file=(File, None), debug=(Debug, False))
def explain_command(**given: Any) -> None:
    """Write one training step as a page: each number, the code that made it, and a check of each gradient."""
    settings, debug = settings_of(ExplainSettings, given | {"config": None}), given["debug"]
    refused_early(lambda: check_page(settings), debug)
    say_reading(settings.data or settings.run, given | {"quiet": False, "json": False})
    if sys.modules.get("keras", ...) is None:
        del sys.modules["keras"]  # as `main` left it: here Keras is compared with, where it is installed
    with ready(debug) as commands:
        from dnn.explain_run import explain_step  # here, since no other command needs it

        explain_step(settings, commands.Voice("normal"))


@app.command("evaluate")
def evaluate_command(
    run: RunFolder,
    data: NewData,
    skip_unlabelled: Skip = False,
    max_bytes: MaxBytes = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the scores of all rows, and nothing else.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Test a trained network on a file that has the target column."""
    refused_early(lambda: check_data(data, several=True), debug)
    with ready(debug) as commands:
        voice = commands.Voice(mode_of(quiet, json))
        commands.evaluate_run(run, data, voice, skip_unlabelled=skip_unlabelled, max_bytes=max_bytes)


@app.command("predict", cls=SeveralValues)
def predict_command(
    run: RunFolder,
    data: NewData,
    out: Annotated[
        Path, typer.Option(help="CSV file to write: the label and the probability of each class, or the amount.")
    ] = PREDICTIONS,
    keep: Keep = [],  # noqa: B006  # typer copies it
    max_bytes: MaxBytes = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file --out if it exists.")] = False,
    raw_text: RawText = False,
    quiet: Quiet = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Predict each row of a file, in its order; the file need not have the target column."""
    refused_early(lambda: check_data(data, several=True), debug)
    with ready(debug) as commands:
        voice = commands.Voice(mode_of(quiet, json))
        more: Any = {"keep": tuple(listed(keep)), "raw_text": raw_text, "max_bytes": max_bytes}
        commands.predict_file(run, data, out, voice, force=force, **more)


@app.command("export")
def export_command(
    run: RunFolder, out: NewFolder, quiet: Quiet = False, json: Json = False, debug: Debug = False
) -> None:
    """Write a TensorFlow SavedModel, from columns to probabilities or amounts, that needs no `dnn`."""
    with ready(debug) as commands:
        commands.export_run(run, out, commands.Voice(mode_of(quiet, json)))


@app.command("report")
def report_command(run: RunFolder, quiet: Quiet = False, debug: Debug = False) -> None:
    """Make report.html of a run again, of the numbers that its folder keeps."""
    with ready(debug) as commands:
        commands.report_run(run, commands.Voice(mode_of(quiet, False)))


@app.command("runs")
def runs_command(
    folder: Annotated[Path, typer.Argument(help="Folder that holds run folders, or one of them.")] = RUNS,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the runs in a folder: finished, running, interrupted, killed; and how to go on with one."""
    with ready(debug) as commands:
        commands.list_runs(folder, commands.Voice(mode_of(False, json)))


@app.command("compare")
def compare_command(
    runs: Annotated[list[Path], typer.Argument(help="Folders that `dnn train` made.", show_default=False)],
    out: Annotated[Path, typer.Option(help="HTML file to write.")] = COMPARISON,
    force: Annotated[bool, typer.Option("--force", help="Replace the file --out if it exists.")] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a page of several runs side by side: scores, curves, and the settings that differ."""
    with ready(debug) as commands:
        commands.compare_runs(runs, out, commands.Voice(mode_of(quiet, False)), force=force)


app.command("bench-op")(bench_op_command)
app.command("new-op")(new_op_command)


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
    with interrupt_ends(), plain_traceback():
        app()
