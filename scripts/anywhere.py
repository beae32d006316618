"""Run the tests as on other machines: another processor, one core, no compiler, not as root, …

    python scripts/anywhere.py [--quick] [--only CONDITION …] [--python PATH …] [--out docs/anywhere.md]

The suite runs once under each condition, in processes of its own, and a table in Markdown tells what passed, failed
and was skipped. With --quick only the tests that depend on the machine run, about a tenth of all: see QUICK. With
--python a virtual environment is made for that Python, and the suite runs there too. Exit code 1 if a test failed.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))
from benchmarks.machine import processor, versions  # noqa: E402

# the tests that depend on the machine: last places, threads, XLA's code, signals, encodings, folders, the compiler
QUICK = (
    "tests/benchmarks/test_conformance.py",
    "tests/data/test_csv_file.py",
    "tests/kernels/test_fused_adam.py",
    "tests/kernels/test_mlp_adam.py",
    "tests/kernels/test_one_thread.py",
    "tests/nn/test_activations.py",
    "tests/nn/test_layers.py",
    "tests/nn/test_normalization.py",
    "tests/nn/test_softmax.py",
    "tests/ops",
    "tests/report",
    "tests/test_cli.py",
    "tests/train/test_callbacks.py",
    "tests/train/test_fit_against_keras.py",
    "tests/train/test_fresh_process.py",
)
COMPILERS = re.compile(r"(.*-)?(c\+\+|g\+\+|clang\+\+)(-\d+)?")
NOBODY = 65534
COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?)\b")


@dataclass(frozen=True)
class Condition:
    """What is different from this machine.

    Args:
        name: What the table calls it.
        variables: Of the environment; None removes one.
        prefix: A command that runs the command behind it.
        impossible: Why it cannot be had here; nothing if it can.
    """

    name: str
    variables: Mapping[str, str | None] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    impossible: str = ""


@dataclass(frozen=True)
class Result:
    """What pytest reported.

    Args:
        condition: Its name.
        counts: passed, failed, skipped, error or errors -> how many.
        seconds: On the wall.
        failures: A line for each test that failed, or the end of the output if pytest itself did.
        left_out: Why nothing was run.
    """

    condition: str
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    failures: Sequence[str] = ()
    left_out: str = ""

    def line(self) -> str:
        """A row of the table."""
        if self.left_out:
            return f"| {self.condition} | left out: {self.left_out} | | | |"
        failed = sum(self.counts.get(name, 0) for name in ("failed", "error", "errors"))
        passed, skipped = self.counts.get("passed", 0), self.counts.get("skipped", 0)
        return f"| {self.condition} | {passed:,} | {failed:,} | {skipped:,} | {self.seconds:.0f} |"


def main() -> None:
    """Run the suite under each condition, and print the table."""
    arguments = parsed()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # nobody reads it too
        conditions = [condition for condition in all_conditions(Path(folder)) if is_chosen(condition, arguments.only)]
        results = [*tested(conditions, sys.executable, arguments, Path(folder))]
        for python in arguments.python:
            results += tested_with(python, arguments, Path(folder))
    page = markdown(results, arguments.quick)
    print(page)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(page, "utf-8")
    sys.exit(1 if any(result.failures for result in results) else 0)


def all_conditions(folder: Path) -> list[Condition]:
    """Return every condition that the suite must pass under; files that they need are made in the folder."""
    unwritable = folder / "a file"
    unwritable.touch()
    no_home = {"HOME": str(unwritable), "XDG_CACHE_HOME": None, "XDG_CONFIG_HOME": None, "MPLCONFIGDIR": None}
    no_compiler = {"PATH": os.pathsep.join(map(str, without_compilers(folder / "commands"))), "CXX": None}
    nobody = folder / "nobody"
    nobody.mkdir(mode=0o777)
    nobody.chmod(0o777)
    as_nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return [
        Condition("this machine"),
        Condition("oneDNN as on AVX2", {"ONEDNN_MAX_CPU_ISA": "AVX2"}),
        Condition("oneDNN as on SSE4.1", {"ONEDNN_MAX_CPU_ISA": "SSE41"}),
        Condition("without oneDNN", {"TF_ENABLE_ONEDNN_OPTS": "0"}),
        Condition("XLA as on AVX2", {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}),
        Condition("XLA as on SSE4.2", {"XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2"}),
        Condition("one core", {}, ("taskset", "-c", "0"), "" if shutil.which("taskset") else "no taskset"),
        Condition("in the background, SIGINT ignored", {}, ("sh", "-c", 'trap "" INT; exec "$@"', "sh")),
        Condition("LANG=C", {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
        Condition("a home that cannot be written", no_home),
        Condition("no C++ compiler", no_compiler),
        Condition("not as root", {"HOME": str(nobody), "TMPDIR": str(nobody)}, as_nobody, why_not_as_nobody(as_nobody)),
    ]


def why_not_as_nobody(prefix: Sequence[str]) -> str:
    """Return why no test can run as nobody; nothing if they can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "all of the above are not as root"
    if not shutil.which(prefix[0]):
        return f"no {prefix[0]}"
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import numpy'], check=True)"
    tried = subprocess.run([*prefix, sys.executable, "-c", program], cwd=HOME, capture_output=True, encoding="utf-8")
    return f"user `nobody` cannot execute {sys.executable}" if tried.returncode else ""


def without_compilers(folder: Path) -> Iterator[Path]:
    """Yield folders that have all commands of the PATH but the C++ compilers, as links."""
    for i, source in enumerate(dict.fromkeys(os.environ["PATH"].split(os.pathsep))):
        commands = [path for path in Path(source).glob("*") if not COMPILERS.fullmatch(path.name)]
        copy = folder / str(i)
        copy.mkdir(parents=True)
        for command in commands:
            (copy / command.name).symlink_to(command.absolute())
        yield copy


def is_chosen(condition: Condition, only: Sequence[str]) -> bool:
    """Whether its name holds one of the given words; without any, every condition is chosen."""
    return not only or any(word.lower() in condition.name.lower() for word in only)


def tested(
    conditions: Sequence[Condition], python: str, arguments: argparse.Namespace, folder: Path
) -> Iterator[Result]:
    """Yield the result under each condition as soon as it is there."""
    for condition in conditions:
        if condition.impossible:
            result = Result(condition.name, left_out=condition.impossible)
        else:
            result = run(condition, python, arguments, folder)
        print(result.line(), *result.failures, sep="\n  ", file=sys.stderr, flush=True)
        yield result


def tested_with(python: str, arguments: argparse.Namespace, folder: Path) -> Iterator[Result]:
    """Yield the result with another Python, in a virtual environment that has the extra `test`."""
    venv = Path(tempfile.mkdtemp(dir=folder))
    own = venv / "bin" / "python"
    asked = [python, "-c", "import platform; print(platform.python_version())"]
    version = subprocess.run(asked, capture_output=True, encoding="utf-8", check=True).stdout.strip()
    subprocess.run([python, "-m", "venv", str(venv)], check=True)
    subprocess.run([str(own), "-m", "pip", "install", "--quiet", "-e", f"{HOME}[test]"], check=True)
    yield from tested([Condition(f"Python {version}")], str(own), arguments, folder)


def run(condition: Condition, python: str, arguments: argparse.Namespace, folder: Path) -> Result:
    """Run the suite, or its quick part, under one condition."""
    files = QUICK if arguments.quick else ("tests",)
    temporary = tempfile.mkdtemp(dir=condition.variables.get("TMPDIR") or folder)
    os.chmod(temporary, 0o777)
    options = ["-q", "-n", str(arguments.n), "-p", "no:cacheprovider", f"--basetemp={temporary}/pytest", "-rfE"]
    command = [*condition.prefix, python, "-m", "pytest", *options, *files]
    own = {"CI": "true", "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(HOME)}
    variables = {**os.environ, **own, **condition.variables}
    environment = {name: value for name, value in variables.items() if value is not None}
    began = time.monotonic()
    done = subprocess.run(command, cwd=HOME, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = done.stdout.decode(errors="replace").splitlines()
    counts = {name: int(count) for count, name in COUNT.findall(lines[-1] if lines else "")}
    failures = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if done.returncode and not failures:
        failures = lines[-20:] or [f"exit code {done.returncode}"]
    return Result(condition.name, counts, time.monotonic() - began, failures)


def markdown(results: Sequence[Result], quick: bool) -> str:
    """Return the page: the table, what failed, and where and with what it ran."""
    command = "python scripts/anywhere.py" + (" --quick" if quick else "")
    libraries = ", ".join(f"{name} {version}" for name, version in versions().items() if name != "dnn")
    part = "The tests that depend on the machine" if quick else "All tests"
    lines = [
        "# The tests, anywhere",
        "",
        f"{part}, under other conditions: `{command}`, on {date.today()}, on {os.cpu_count()} cores of {processor()}, ",
        f"{platform.system()}; {libraries}.",
        "",
        "| condition | passed | failed | skipped | seconds |",
        "|---|---|---|---|---|",
        *(result.line() for result in results),
    ]
    failures = [f"- {result.condition}: `{line}`" for result in results for line in result.failures]
    return "\n".join([*lines, *([""] if failures else []), *failures]) + "\n"


def parsed() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only the tests that depend on the machine")
    parser.add_argument("--only", nargs="+", default=(), metavar="WORD", help="conditions whose name holds a word")
    parser.add_argument("--python", action="append", default=[], metavar="PATH", help="another Python; may be repeated")
    parser.add_argument("--out", type=Path, help="a Markdown file for the table, such as docs/anywhere.md")
    parser.add_argument("-n", type=int, default=2, help="processes (default: 2)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
