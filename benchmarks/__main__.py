"""How fast is `dnn`, beside the tools that one would take instead?

    python -m benchmarks [--quick] [--only QUESTION …] [--data FILE --target COLUMN] [--out FOLDER] [--rows N]
                         [--refuse-loaded]
    python -m benchmarks --list     # the questions, and who takes part
    python -m benchmarks --show     # the main table of the last run of all questions, without running anything

Every tool that is installed takes part, each in a process of its own. All must have learnt the same from the same
weights and rows before anything is timed (with more than 100,000 rows, a smaller network of the kind shows it). What is
compared is measured in turn, and a ratio is one of two neighbours in time, measured again and again until its interval
of 95 % is narrow and off the aim, or a cap is reached. A tool that fails is a line with its error; the others go on.
The results go to FOLDER after each question: results.json, table.md and plot.png. Progress goes to stderr.
"""

import argparse
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # of the processes that this one begins

import dnn
from benchmarks.answers import Findings
from benchmarks.comparison import Run
from benchmarks.contenders import PREDICTORS, TRAINERS, TREES, installed, skipped
from benchmarks.data import prepared, sampled_table
from benchmarks.load import Watch, idle_load
from benchmarks.machine import commit, described, machine, print_any_sign, threads, versions
from benchmarks.plot import draw
from benchmarks.processes import Processes
from benchmarks.questions import QUESTIONS, module_of, question_of
from benchmarks.repetitions import reason, tell
from benchmarks.table import loaded, main_table, markdown
from benchmarks.timing import Phases
from dnn.files.durable import write_durably
from dnn.settings import default_target

CONTENDERS = (*TRAINERS, *TREES, *PREDICTORS)
LAST = Path(__file__).parent / "last"  # the last run of all questions


def main() -> None:
    """Do what the command line says."""
    print_any_sign()
    arguments = parsed()
    if arguments.list:
        print(listed())
    elif arguments.show and not (LAST / "results.json").exists():
        raise SystemExit(f"there is no run of all questions yet in {LAST}: python -m benchmarks makes one")
    elif arguments.show:
        print(shown(json.loads((LAST / "results.json").read_text("utf-8")), main_table))
    else:
        run(arguments)


def run(arguments: argparse.Namespace) -> None:
    """Measure, and write after each question, so that an interrupted run keeps its answers."""
    if arguments.refuse_loaded and (busy := idle_load().reason):
        raise SystemExit(f"refused, nothing was measured: {busy}")
    is_whole = not (arguments.out or arguments.only or arguments.quick)
    out = arguments.out or Path("runs") / f"benchmarks-{datetime.now():%Y%m%d-%H%M%S}"
    results: dict[str, Any] = {}
    try:
        for results in measured(arguments):
            write(results, out)
    except KeyboardInterrupt:
        raise SystemExit(f"interrupted; results: {out}" if results else "interrupted; nothing was measured") from None
    if is_whole and not results["failed"]:
        write(results, LAST)  # only now, so that a run that was interrupted leaves the last whole one
    print(shown(results, markdown))
    tell(f"results: {LAST if is_whole and not results['failed'] else out}")
    if results["failed"]:
        raise SystemExit("".join(f"{name} failed: {why}\n" for name, why in results["failed"].items()).rstrip())


def measured(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what results.json holds, after each question."""
    results: dict[str, Any] = {
        "command": " ".join(["python -m benchmarks", *sys.argv[1:]]),
        "date": str(date.today()),
        "began": f"{datetime.now():%H:%M}",
        "machine": machine(),
        "versions": versions(),
        "commit": commit(),
        "threads": threads(),
        "skipped": skipped(CONTENDERS),
        "questions": {},
        "failed": {},
        "seconds": {},
    }
    with tempfile.TemporaryDirectory() as folder, Processes() as processes:
        run = begun(arguments, processes, Path(folder))
        for name in arguments.only or QUESTIONS:
            clock = Phases()
            tell(f"{name}: {question_of(name)}")
            try:
                results["questions"][name] = answered(name, run, arguments.refuse_loaded).to_json()
            except KeyboardInterrupt:
                results["failed"][name] = "interrupted"
                yield results
                raise
            except Exception as error:  # of one question: the others are asked all the same
                results["failed"][name] = reason(error)
                tell(f"{name}: failed: {results['failed'][name]}")
            clock.end(name)
            results["seconds"] |= clock.seconds
            results["roof"] = run.roof.rates()
            tell(f"{name}: done in {clock.seconds[name]:.0f} s")
            yield results


def answered(name: str, run: Run, refuse_loaded: bool) -> Findings:
    """Return what a question finds, and the load of the machine meanwhile.

    Raises:
        RuntimeError: If the machine was loaded, and that is refused.
    """
    with Watch() as watch:
        found: Findings = module_of(name).findings(run)
    if watch.load.reason:
        tell(f"{name}: the machine was loaded: {watch.load.reason}")
        if refuse_loaded:
            raise RuntimeError(f"refused: {watch.load.reason}")
    found.load = watch.load.to_json()
    return found


def begun(arguments: argparse.Namespace, processes: Processes, folder: Path) -> Run:
    """Return the run, with its rows prepared."""
    roof = processes.made("ours", "roof", "Roof", 0.005 if arguments.quick else 0.02)
    table = (str(arguments.data.resolve()), arguments.target) if arguments.data else sampled_table(folder)
    rows = prepared(*table, folder) if arguments.data else None
    return Run(processes, roof, table, rows, arguments.quick, arguments.rows)


def shown(results: dict[str, Any], tables_of: Callable[[Iterable[Findings]], str]) -> str:
    """Return the tables, and below them who did not take part, and how and where they were measured."""
    tables = tables_of(map(Findings.from_json, results["questions"].values()))
    left_out = "".join(f"\nLeft out: {name}: {reason}." for name, reason in results["skipped"].items())
    left_out += "".join(f"\nFailed: {name}: {why}." for name, why in results.get("failed", {}).items())
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    of = f", at {results['commit']}" if results.get("commit") else ""
    where = f"`{results['command']}` on {results['date']}{of}, {described(results['machine'])}; {versions}."
    return f"{tables}\n{left_out}\n{where}{loaded(results['questions'])}"


def write(results: dict[str, Any], folder: Path) -> None:
    """Write results.json, table.md and plot.png, each of them whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_durably(folder / "results.json", (json.dumps(results, indent=1) + "\n").encode())
    write_durably(folder / "table.md", (shown(results, markdown) + "\n").encode())
    picture = io.BytesIO()
    if draw([Findings.from_json(plain) for plain in results["questions"].values()], picture):
        write_durably(folder / "plot.png", picture.getvalue())


def listed() -> str:
    """Return the questions, who takes part, and who does not and why."""
    lines = [f"{name}: {question_of(name)}" for name in QUESTIONS]
    lines += ["", *(f"takes part: {contender.name}" for contender in installed(CONTENDERS))]
    return "\n".join([*lines, *(f"left out: {name}: {reason}" for name, reason in skipped(CONTENDERS).items())])


def parsed() -> argparse.Namespace:
    """Return the arguments of the command line; wrong ones end the process."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rows and repetitions")
    parser.add_argument("--only", nargs="+", choices=QUESTIONS, metavar="QUESTION", help=", ".join(QUESTIONS))
    parser.add_argument("--data", type=Path, help="a CSV to learn from; else rows are drawn")
    parser.add_argument("--target", help="its column to predict; else deposit, y, or the last one")
    parser.add_argument(
        "--out", type=Path, help="a folder for the results; else runs/benchmarks-TIME, and of all, benchmarks/last"
    )
    parser.add_argument("--rows", type=int, help="of the file of the question large_file; else a million")
    parser.add_argument("--refuse-loaded", action="store_true", help="measure nothing while the machine has other work")
    parser.add_argument("--list", action="store_true", help="the questions, and who takes part")
    parser.add_argument("--show", action="store_true", help="the main table of the last run of all questions")
    arguments = parser.parse_args()
    if arguments.rows is not None and arguments.rows < 1:
        parser.error(f"--rows must be at least 1, got {arguments.rows}")
    try:
        arguments.target = target_of(arguments.data, arguments.target)
        if arguments.out:
            arguments.out.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    arguments.only = list(dict.fromkeys(arguments.only or ()))
    return arguments


def target_of(data: Path | None, target: str | None) -> str | None:
    """Return the column of the file to predict; None without a file.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it has no such column, or is no table.
    """
    if not data:
        if target:
            raise ValueError("--target is a column of --data, which is not given")
        return None
    names = dnn.column_names(data)
    target = target or default_target(names)
    if target not in names:
        raise ValueError(f"--target: {data} has no column {target!r}; its columns are {', '.join(names)}")
    dnn.read_table(data, kinds={target: "category"})  # what is wrong with the file is told before anything is measured
    return target


if __name__ == "__main__":
    main()
