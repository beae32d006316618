"""Run the tests as on other machines: another processor, one core, no compiler, not as root, …

    python scripts/anywhere.py [--quick] [--only CONDITION …] [--python PATH …] [--out docs/anywhere.md]

The suite runs once under each condition, in processes of its own, and a table in Markdown tells what passed, failed
and was skipped. With --quick only the tests that depend on the machine run, in about a quarter of the time: see QUICK.
With --python a virtual environment is made for that Python, and the suite runs there too. Exit code 1 if a test failed.
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
from benchmarks.machine import print_any_sign, processor, versions  # noqa: E402

# the tests that depend on the machine
QUICK = (
    "tests/bench/test_traffic.py",  # what TensorFlow makes of a graph here
    "tests/benchmarks/test_conformance.py",  # last places
    "tests/data/test_csv_file.py",  # encodings
    "tests/kernels/test_compiled.py",
    "tests/kernels/test_fused_adam.py",
    "tests/kernels/test_mlp_adam.py",
    "tests/kernels/test_one_thread.py",
    "tests/kernels/test_product.py",
    "tests/kernels/test_threads.py",
    "tests/kernels/test_wide.py",  # the compiler's vectors
    "tests/nn/test_activations.py",  # last places, in graphs and under XLA too
    "tests/ops/test_build.py",
    "tests/ops/test_cache.py",  # the home
    "tests/ops/test_compiler.py",
    "tests/ops/test_loading.py",
    "tests/ops/test_saved_model.py",
    "tests/report",  # folders
    "tests/test_cli.py",
    "tests/test_new_op.py",
    "tests/test_structure.py",  # that every text is in UTF-8
    "tests/testing/ops/test_check_cpp.py",  # races
    "tests/testing/ops/test_threads.py",
    "tests/train/test_callbacks.py",  # signals
    "tests/train/test_fit_against_keras.py",  # last places
    "tests/train/test_runtime.py",
)
COMPILERS = re.compile(r"(.*-)?(c\+\+|g\+\+|clang\+\+)(-\d+)?")
NOBODY = 65534
COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?)\b")
SUMMARY = re.compile(r" in \d+\.\d+s( \([\d:]+\))?( =+)?$")


@dataclass(frozen=True)
class Condition:
    """What is different from this machine.

    Args:
        name: What the table calls it.
        variables: Of the environment; None removes one.
        prefix: A command that runs the command behind it.
        impossible: Why it cannot be had here; nothing if it can.
        python: Another interpreter, in whose virtual environment the suite runs.
    """

    name: str
    variables: Mapping[str, str | None] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    impossible: str = ""
    python: str = ""


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
        failed = sum(self.counts.get(name, 0) for name in ("failed", "error", "errors")) or len(self.failures[:1])
        passed, skipped = self.counts.get("passed", 0), self.counts.get("skipped", 0)
        return f"| {self.condition} | {passed:,} | {failed:,} | {skipped:,} | {self.seconds:.0f} |"


def main() -> None:
    """Run the suite under each condition, and print the table."""
    print_any_sign()
    parser = made_parser()
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # nobody reads it too
        conditions = [*all_conditions(Path(folder)), *map(of_python, arguments.python)]
        try:
            conditions = chosen(conditions, arguments.only)
        except ValueError as error:
            parser.error(str(error))
        results = [*tested(conditions, arguments, Path(folder))]
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
        not_as_root(folder),
    ]


def not_as_root(folder: Path) -> Condition:
    """Return the condition of one who may not write everywhere: nobody, or root without what root may do."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return Condition("not as root", impossible="all of the above are not as root")
    home = folder / "nobody"
    home.mkdir()
    home.chmod(0o777)
    users = {
        "nobody": ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        "root without capabilities": ("setpriv", "--bounding-set=-all", "--inh-caps=-all"),
    }
    able = (name for name, prefix in users.items() if shutil.which(prefix[0]) and runs_python(prefix))
    user = next(able, None)  # nobody cannot execute a Python in root's own folder
    if user is None:
        return Condition("not as root", impossible=f"setpriv cannot run {sys.executable} for another user")
    return Condition(f"not as root, but {user}", {"HOME": str(home), "TMPDIR": str(home)}, users[user])


def runs_python(prefix: Sequence[str]) -> bool:
    """Whether the command can run this Python, with its packages, and that one can run itself again."""
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import numpy'], check=True)"
    return not subprocess.run([*prefix, sys.executable, "-c", program], cwd=HOME, capture_output=True).returncode


def of_python(path: str) -> Condition:
    """Return the condition of another Python, named by its version."""
    asked = [path, "-c", "import platform; print(platform.python_version())"]
    try:
        version = subprocess.run(asked, capture_output=True, encoding="utf-8", check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # run_python tells
        version = f"at {path}"
    return Condition(f"Python {version}", python=path)


def without_compilers(folder: Path) -> Iterator[Path]:
    """Yield folders that have all commands of the PATH but the C++ compilers, as links."""
    for i, source in enumerate(dict.fromkeys(os.environ["PATH"].split(os.pathsep))):
        commands = [path for path in Path(source).glob("*") if not COMPILERS.fullmatch(path.name)]
        copy = folder / str(i)
        copy.mkdir(parents=True)
        for command in commands:
            (copy / command.name).symlink_to(command.absolute())
        yield copy


def chosen(conditions: Sequence[Condition], words: Sequence[str]) -> list[Condition]:
    """Return the conditions whose names hold one of the words; without any, every condition.

    Raises:
        ValueError: If no name holds a word.
    """
    holding = {word: [c for c in conditions if word.lower() in c.name.lower()] for word in words}
    if lost := [word for word, found in holding.items() if not found]:
        names = "; ".join(condition.name for condition in conditions)
        raise ValueError(f"--only: no condition's name holds {', '.join(map(repr, lost))}; they are: {names}")
    return [c for c in conditions if not words or any(c in found for found in holding.values())]


def tested(conditions: Sequence[Condition], arguments: argparse.Namespace, folder: Path) -> Iterator[Result]:
    """Yield the result under each condition as soon as it is there."""
    for condition in conditions:
        if condition.impossible:
            result = Result(condition.name, left_out=condition.impossible)
        elif condition.python:
            result = run_python(condition, arguments, folder)
        else:
            result = run(condition, sys.executable, arguments, folder)
        print(result.line(), *result.failures, sep="\n  ", file=sys.stderr, flush=True)
        yield result


def run_python(condition: Condition, arguments: argparse.Namespace, folder: Path) -> Result:
    """Run the suite with another Python, in a virtual environment that has the extra `test`."""
    venv = Path(tempfile.mkdtemp(dir=folder))
    own = str(venv / "bin" / "python")
    for command in (
        [condition.python, "-m", "venv", str(venv)],
        [own, "-m", "pip", "install", "--quiet", "-e", f"{HOME}[test]"],
    ):
        try:
            subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
        except OSError as error:
            return Result(condition.name, failures=[str(error)])
        except subprocess.CalledProcessError as error:
            return Result(condition.name, failures=[str(error), *decoded(error.stdout)[-20:]])
    return run(condition, own, arguments, folder)


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
    lines = decoded(done.stdout)
    counts = counted(lines)
    failures = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if not failures and (done.returncode or not counts):
        failures = [f"exit code {done.returncode}", *lines[-20:]]
    return Result(condition.name, counts, time.monotonic() - began, failures)


def decoded(output: bytes) -> list[str]:
    """Return the lines of a program's output."""
    return output.decode(errors="replace").splitlines()


def counted(lines: Sequence[str]) -> dict[str, int]:
    """Return the counts of pytest's summary, the last line that ends in the seconds; {} if no test ran."""
    summary = next((line for line in reversed(lines) if SUMMARY.search(line)), "")
    return {name: int(count) for count, name in COUNT.findall(summary)}


def markdown(results: Sequence[Result], quick: bool) -> str:
    """Return the page: the table, what failed, and where and with what it ran."""
    command = "python scripts/anywhere.py" + (" --quick" if quick else "")
    libraries = ", ".join(f"{name} {version}" for name, version in versions().items() if name != "dnn")
    part = "The tests that depend on the machine" if quick else "All tests"
    lines = [
        "# The tests, anywhere",
        "",
        f"{part}, under other conditions: `{command}`, on {date.today()}, on {os.cpu_count()} cores of {processor()},",
        f"{platform.system()}; {libraries}.",
        "",
        "| condition | passed | failed | skipped | seconds |",
        "|---|---|---|---|---|",
        *(result.line() for result in results),
    ]
    failures = [f"- {result.condition}: `{line}`" for result in results for line in result.failures]
    return "\n".join([*lines, *([""] if failures else []), *failures]) + "\n"


def made_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only the tests that depend on the machine")
    parser.add_argument("--only", nargs="+", default=(), metavar="WORD", help="conditions whose names hold a word")
    parser.add_argument("--python", action="append", default=[], metavar="PATH", help="another Python; may be repeated")
    parser.add_argument("--out", type=Path, help="a Markdown file for the table, such as docs/anywhere.md")
    parser.add_argument("-n", type=int, default=2, help="processes (default: 2)")
    return parser


if __name__ == "__main__":
    main()
