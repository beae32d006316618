"""The command `dnn`, also as `python -m dnn`. Ctrl-C ends it with one line from here on, while modules are imported."""

from dnn.quick_end import quick_end
from dnn.startup import interrupt_ends, open_closed_streams


def main() -> None:
    """Run the console script."""
    open_closed_streams()
    with interrupt_ends(), quick_end():
        from dnn.cli import main as run

        run()


if __name__ == "__main__":
    main()
