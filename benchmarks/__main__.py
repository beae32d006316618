"""How fast is `dnn`, beside the tools that one would take instead?

    python -m benchmarks [--quick] [--only QUESTION …] [--data FILE --target COLUMN] [--out FOLDER]
    python -m benchmarks --list     # the questions, and who takes part
    python -m benchmarks --show     # the main table of the last run of all questions, without running anything

Every tool that is installed takes part, each in a process of its own; no figure is told of tools that have not learnt
the same from the same weights and rows (with more than 100,000, from the first networks of the same kind). What is
compared is measured in turn, repetition by repetition, and the ratios
are those of one repetition. The results go to FOLDER: results.json, table.md and plot.png.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # of the processes that this one begins

from benchmarks.answers import Findings
from benchmarks.comparison import Run
from benchmarks.contenders import PREDICTORS, TRAINERS, installed, skipped
from benchmarks.data import prepared, sampled_table
from benchmarks.machine import commit, machine, threads, versions
from benchmarks.plot import draw
from benchmarks.processes import Processes
from benchmarks.questions import QUESTIONS, module_of, question_of
from benchmarks.table import main_table, markdown
from benchmarks.timing import Phases

CONTENDERS = (*TRAINERS, *PREDICTORS)
LAST = Path(__file__).parent / "last"  # the last run of all questions


def main() -> None:
    arguments = parsed()
    if arguments.list:
        print(listed())
    elif arguments.show and not (LAST / "results.json").exists():
        raise SystemExit(f"there is no run of all questions yet in {LAST}: python -m benchmarks makes one")
    elif arguments.show:
        print(shown(json.loads((LAST / "results.json").read_text()), main_table))
    else:
        out = arguments.out or (None if arguments.only or arguments.quick else LAST)
        for results in measured(arguments):
            if out:
                write(results, out)
        print(shown(results, markdown))


def measured(arguments: argparse.Namespace) -> Iterator[dict]:
    """All that is written into results.json, after each question that was answered."""
    results = {
        "command": " ".join(["python -m benchmarks", *sys.argv[1:]]), "date": str(date.today()),
        "machine": machine(), "versions": versions(), "commit": commit(), "threads": threads(),
        "skipped": skipped(CONTENDERS), "questions": {}, "seconds": {},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, Processes() as processes:
        run = begun(arguments, processes, Path(folder))
        for name in arguments.only or QUESTIONS:
            clock = Phases()
            print(f"{name}: {question_of(name)}", file=sys.stderr)
            results["questions"][name] = module_of(name).findings(run).to_json()
            clock.end(name)
            results["seconds"] |= clock.seconds
            results["roof"] = run.roof.rates()
            print(f"{name}: answered in {clock.seconds[name]:.0f} s", file=sys.stderr)
            yield results


def begun(arguments: argparse.Namespace, processes: Processes, folder: Path) -> Run:
    roof = processes.made("ours", "roof", "Roof", 0.02 if arguments.quick else 0.1)
    table = (str(arguments.data.resolve()), arguments.target) if arguments.data else sampled_table(folder)
    rows = prepared(*table, folder) if arguments.data else None
    return Run(processes, roof, table, rows, arguments.quick)


def shown(results: dict, tables_of: Callable) -> str:
    """The tables, and below them who did not take part, and how and where they were measured."""
    tables = tables_of(map(Findings.from_json, results["questions"].values()))
    left_out = "".join(f"\nLeft out: {name}: {reason}." for name, reason in results["skipped"].items())
    where = f"{results['machine']['cores']} cores of {results['machine']['processor']}"
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    of = f", at {results['commit']}" if results.get("commit") else ""
    return f"{tables}\n{left_out}\n`{results['command']}` on {results['date']}{of}, {where}; {versions}."


def write(results: dict, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / "table.md").write_text(shown(results, markdown) + "\n")
    draw([Findings.from_json(plain) for plain in results["questions"].values()], folder / "plot.png")


def listed() -> str:
    lines = [f"{name}: {question_of(name)}" for name in QUESTIONS]
    lines += ["", *(f"takes part: {contender.name}" for contender in installed(CONTENDERS))]
    return "\n".join([*lines, *(f"left out: {name}: {reason}" for name, reason in skipped(CONTENDERS).items())])


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rows and repetitions, in a fifth of the time")
    parser.add_argument("--only", nargs="+", choices=QUESTIONS, metavar="QUESTION", help=", ".join(QUESTIONS))
    parser.add_argument("--data", type=Path, help="a CSV to learn from; else rows are drawn")
    parser.add_argument("--target", help="its column to predict: deposit, if none is named")
    parser.add_argument("--out", type=Path, help="a folder for the results; of a run of all, benchmarks/last")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    if arguments.data and not arguments.data.is_file():
        parser.error(f"--data: there is no file {arguments.data}")
    if arguments.target and not arguments.data:
        parser.error("--target is a column of --data, which is not given")
    arguments.target = arguments.target or "deposit"
    return arguments


if __name__ == "__main__":
    main()
