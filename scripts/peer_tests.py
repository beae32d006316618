"""Run the installed peers' own tests on `dnn`, through the thin adapters in scripts/peer_adapters.

    python -m scripts.peer_tests [PEER …] [--select EXPRESSION] [--failures]

The peers are scikit-learn (its tests of sklearn.metrics), SciPy (scipy.special), Optax and Sonnet, whose wheels carry
their tests: `pip install pytest scikit-learn scipy optax dm-sonnet`, none of which `dnn` needs. It prints how many of
the tests that call `dnn` passed, failed on purpose, with the line of docs/fidelity.md that says so, lack a feature, and
failed; and ends with 1 if one failed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

HOME = Path(__file__).parent.parent
PEERS = {"scikit-learn": ("sklearn", "scikit_learn"), "scipy": ("scipy", "scipy_special")}
PEERS |= {"optax": ("optax", "optax_names"), "sonnet": ("sonnet", "sonnet_names")}
OUTCOMES = ("passed", "on purpose", "missing", "failed")


def main() -> int:
    """Run the suites, print a table and its reasons. Returns: the exit code."""
    arguments = parsed()
    results = {peer: run(peer, arguments.select) for peer in arguments.peers or PEERS if is_here(peer)}
    print(table(results))
    for peer, tests in results.items():
        print(reasons(peer, tests, each=arguments.failures))
    return int(any(test["outcome"] == "failed" for tests in results.values() for test in tests))


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument(
        "peers", nargs="*", metavar="PEER", help=f"{', '.join(PEERS)}; all that are installed by default"
    )
    parser.add_argument("--select", default="", metavar="EXPRESSION", help="as pytest's -k: only tests of these names")
    parser.add_argument("--failures", action="store_true", help="name each test that failed or lacks a feature")
    options = parser.parse_args(arguments)
    if unknown := [peer for peer in options.peers if peer not in PEERS]:
        parser.error(f"no peer {unknown[0]!r}: choose from {', '.join(PEERS)}")
    return options


def is_here(peer: str) -> bool:
    """Return whether the peer is installed; say so if it is not."""
    if find_spec(PEERS[peer][0]):
        return True
    print(f"{peer} is not installed, and left out", file=sys.stderr)
    return False


def run(peer: str, select: str) -> list[dict[str, str]]:
    """Return what became of each test that called `dnn`. They run in a process of their own, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.json"
        command = [sys.executable, "-m", "scripts.peer_adapters", PEERS[peer][1], str(path), select]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HOME), os.environ.get("PYTHONPATH", "")])}
        environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)
        if not path.exists():
            sys.exit(f"the tests of {peer} did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return list(json.loads(path.read_text("utf-8")))


def table(results: dict[str, list[dict[str, str]]]) -> str:
    """Return the counts of each outcome by peer, in Markdown."""
    lines = [f"| peer | tests that call dnn | {' | '.join(OUTCOMES)} |", f"|{'---|' * (len(OUTCOMES) + 2)}"]
    for peer, tests in results.items():
        counts = Counter(test["outcome"] for test in tests)
        lines.append(f"| {peer} | {len(tests)} | {' | '.join(str(counts[outcome]) for outcome in OUTCOMES)} |")
    return "\n".join(lines)


def reasons(peer: str, tests: list[dict[str, str]], each: bool = False) -> str:
    """Return how often each reason stands for a test that did not pass; or each of these tests."""
    found = [test for test in tests if test["outcome"] != "passed"]
    if each:
        return "\n".join(f"{test['outcome']}: {test['test']}: {test['why']}" for test in found)
    counts = Counter((test["outcome"], test["why"]) for test in found)
    return "\n".join(f"{peer}, {outcome}, {count}: {why}" for (outcome, why), count in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
