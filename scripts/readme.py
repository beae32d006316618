"""Write the generated parts of README.md and docs/: every figure, table and picture in them comes from here.

    python scripts/readme.py [--only NAME …] [--bank FILE.csv]

A part stands between `<!-- NAME: COMMAND -->` and `<!-- end -->` and is what the command printed. Without --bank, the
article's bank.csv, the parts that need it stay as they are. The picture of the curves is that of the run in
docs/quickstart.md, and the README shows an excerpt of it. The speeds and the conformance table are those that were
measured last: `python -m benchmarks` and `python -m benchmarks.conformance` measure anew.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

HOME = Path(__file__).parent.parent
PAGES = (*sorted((HOME / "docs").glob("*.md")), HOME / "README.md")  # the README last: it has excerpts of the others
UNDATED = (
    "speed",
    "conformance",
    "pieces",
    "run",
    "figures",
    "ensembles",
)  # parts that tell themselves when and where, or hold anywhere
PART = re.compile(r"(<!-- (\w+): (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Write the parts."""
    arguments = parsed()

    def written(part: re.Match[str]) -> str:
        is_wanted = not arguments.only or part[2] in arguments.only
        return filled(part, arguments.bank) if is_wanted and ("FILE" not in part[3] or arguments.bank) else part[0]

    for page in PAGES:
        page.write_text(PART.sub(written, page.read_text("utf-8")), "utf-8")


def filled(part: re.Match[str], bank: Path | None) -> str:
    """Return the part with what its command prints now, as a table or as a block of code."""
    printed = output_of(part[3].replace("FILE", str(bank)))
    body = printed if printed.lstrip().startswith("|") else f"```text\n{printed}```\n"
    measured = "" if part[2] in UNDATED else f"\nOn {date.today()}, {machine()}.\n"
    return f"{part[1]}{body}{measured}{part[4]}"


def output_of(command: str) -> str:
    """Return what the command prints, run in an empty folder; the picture of its run, if it leaves one, is kept."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PYTHONPATH": str(HOME), "COLUMNS": "100", "TF_CPP_MIN_LOG_LEVEL": "2"}
        environment["PYTHONIOENCODING"] = "utf-8"
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        printed = subprocess.run(
            command.split(), cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=True
        )
        for picture in Path(folder).glob("runs/*/curves.png"):
            shutil.copy(picture, HOME / "scripts" / "curves.png")
    return printed.stdout


def machine() -> str:
    """Return the cores and the processor of this machine."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    return f"{os.cpu_count()} cores of {model[1] if model else 'an unnamed processor'}"


def parsed() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="write only these parts")
    parser.add_argument("--bank", type=lambda name: Path(name).resolve(), help="the article's bank.csv")
    return parser.parse_args()


if __name__ == "__main__":
    main()
