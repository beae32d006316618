"""Write the generated parts of the README: every figure and picture in it comes from here.

    python scripts/readme.py [FILE.csv]      # FILE: the article's bank.csv; without it those figures stay

The speeds are those of the last `python -m benchmarks`, which is not run here.

A part stands between `<!-- NAME: COMMAND -->` and `<!-- end -->` and is what the command printed. The picture of the
curves is that of the run that the README shows.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

HOME = Path(__file__).parent.parent
README = HOME / "README.md"
OWN_DATE = ("speed",)  # parts that say themselves when and where they were measured
PART = re.compile(r"(<!-- (\w+): (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    bank = sys.argv[1] if len(sys.argv) > 1 else None
    text = PART.sub(lambda part: part[0] if "FILE" in part[3] and not bank else filled(part, bank), README.read_text())
    README.write_text(text)


def filled(part: re.Match, bank: str | None) -> str:
    """The part with what its command prints now, as a block of code or as a table."""
    command = part[3].replace("FILE", str(Path(bank).resolve())) if bank else part[3]
    printed = output_of(command)
    body = printed if printed.lstrip().startswith("|") else f"```text\n{printed}```\n"
    measured = "" if part[2] in OWN_DATE else f"\nOn {date.today()}, {machine()}.\n"
    return f"{part[1]}{body}{measured}{part[4]}"


def output_of(command: str) -> str:
    """What the command prints, run beside a copy of nothing: it finds no old run, and leaves its picture here."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PYTHONPATH": str(HOME), "COLUMNS": "100", "TF_CPP_MIN_LOG_LEVEL": "2"}
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        printed = subprocess.run(
            command.split(), cwd=folder, env=environment, capture_output=True, text=True, check=True
        )
        for picture in Path(folder).glob("runs/*/curves.png"):
            shutil.copy(picture, HOME / "scripts" / "curves.png")
    return printed.stdout


def machine() -> str:
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} cores of {model[1] if model else 'an unnamed processor'}"


if __name__ == "__main__":
    main()
