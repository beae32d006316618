"""The commands for a custom op of one's own: start one, time one."""

from pathlib import Path
from typing import Annotated

import typer

from dnn.control import without_control
from dnn.startup import end_with, ready

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


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
    with ready(debug, runs_file=True) as commands:
        commands.time_op(file, quick=quick)


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
        typer.echo(without_control(f"wrote {path}"))
    typer.echo(f"test it: pytest test_{name}.py\ntime it: dnn bench-op {name}.py")
