"""Print what a page shows of longer ones: the run in short, figures of the last benchmark, ranks, speed of ensembles.

python -m scripts.excerpts run|figures|ranks|ensembles
"""

import json
import re
import statistics
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.answers import Answer, Findings
from benchmarks.machine import described
from benchmarks.table import COLUMNS, cells, loaded, ratio, value
from dnn.bench.markdown import duration, table

HOME = Path(__file__).parent.parent
FIGURES = (  # question, dnn as, against: the job is the question's first with these two
    ("epoch", "dnn, XLA", "PyTorch eager"),
    ("epoch", "dnn, MlpAdam", "Keras fit, best settings"),
    ("cold_start", "dnn, as its command does", "the same program in Keras"),
    ("one_row", "dnn.predict", "calling the Keras model"),
    ("many_rows", "dnn.predict", "PyTorch"),
)
LINES = (  # of a run: what stands before its epochs, these, and what stands after them
    "(split|network): ",
    r"epoch +\d",
    "best epoch",
    "on the same| +(this|always|logistic|gradient|loss +accuracy)",
)


def main() -> None:
    """Print one of them."""
    parts = {"run": shortened_run, "figures": figures, "ranks": ranks, "ensembles": ensembles}
    print(parts[sys.argv[1]](), end="")


def shortened_run() -> str:
    """Return the run of docs/quickstart.md in short: the split, three epochs and the comparison."""
    run = re.search(r"<!-- train: .+? -->\n```text\n(.*?)```", page("docs/quickstart.md"), re.DOTALL)
    if not run:
        raise SystemExit("docs/quickstart.md has no part of the name train")
    lines = run[1].splitlines()
    before, epochs, best, compared = ([line for line in lines if re.match(pattern, line)] for pattern in LINES)
    return "\n".join([*before, *epochs[:2], "…", epochs[-1], *best, "", *compared]) + "\n"


def figures() -> str:
    """Return a line for each of the five figures, and for each job at which a peer is ahead, as measured last."""
    results = json.loads(page("benchmarks/last/results.json"))
    found = {
        (question, answer.ours, answer.against): answer
        for question, plain in results["questions"].items()
        for answer in reversed(Findings.from_json(plain).answers)  # of two with one key, the first stays
    }
    answers = [answer for plain in results["questions"].values() for answer in Findings.from_json(plain).answers]
    shown = [*(found[figure] for figure in FIGURES), *lost(answers)]
    rows = [cells(answer)[: len(COLUMNS) - 2] for answer in shown]  # without aim and roof
    measured = f"On {results['date']}, {described(results['machine'])}.{loaded(results['questions'])}"
    return f"{table(COLUMNS[:-2], rows)}\n\n{measured}\n"


def lost(answers: Iterable[Answer]) -> list[Answer]:
    """Return, of each job, the peer furthest ahead of `dnn` with its own Adam, by the faster of graph mode and XLA."""
    best: dict[tuple[str, str], Answer] = {}
    for answer in answers:
        if answer.figure == "theirs / ours" and answer.ours != "dnn, MlpAdam":
            key = answer.job, answer.against
            best[key] = max(best.get(key, answer), answer, key=lambda each: each.median)
    worst: dict[str, Answer] = {}
    for answer in best.values():
        worst[answer.job] = min(worst.get(answer.job, answer), answer, key=lambda each: each.median)
    return [answer for answer in worst.values() if answer.lost]


def ranks() -> str:
    """Return the mean ranks over all tables of the last comparison of accuracy, the best log loss first."""
    text = page("benchmarks/accuracy/last.md")
    lines = [line.strip("|").split("|") for line in text.partition("\n\n")[2].partition("\n\n")[0].splitlines()]
    header, _, *rows = [[cell.strip() for cell in line] for line in lines]
    columns = [0, *(header.index(f"{score}, all") for score in ("accuracy", "ROC AUC", "log loss")), len(header) - 1]
    rows.sort(key=lambda row: float(row[columns[3]]))
    measured = next(line for line in reversed(text.splitlines()) if line.startswith("Measured"))
    return f"{table(*_chosen(header, rows, columns))}\n\n{measured.partition('; dnn')[0]}.\n"


def ensembles() -> str:
    """Return a line for each way to train 32 networks as one, as it was measured last."""
    results = json.loads(page("benchmarks/last/ensembles/results.json"))
    answers = Findings.from_json(results["questions"]["ensembles"]).answers
    found = {(answer.ours, answer.against): answer for answer in answers if " 32 networks" in answer.job}
    times, under_xla = "32 times one network of ", "32 times one network of dnn, XLA"
    lines = [
        (
            name,
            duration(statistics.median(alone.their_values) / 32),
            duration(statistics.median(alone.our_values)),
            ratio(alone),
            ratio(found[name, under_xla]),
            value(found[name, "their numbers alone"].our_values, "MB"),
        )
        for (name, against), alone in found.items()
        if against == times + name
    ]
    header = ("trained by", "one", "32", "beside 32 times one (95 % interval)", "beside 32 times one, XLA", "memory")
    machine = f"{described(results['machine'])}.{loaded(results['questions'])}"
    needed = found["dnn, XLA", "their numbers alone"].their_values[0]
    measured = f"On {results['date']}, {machine} The numbers of 32 networks and their step alone are {needed:.1f} MB."
    return f"{table(header, lines)}\n\n{measured}\n"


def _chosen(header: list[str], rows: list[list[str]], columns: list[int]) -> tuple[list[str], list[list[str]]]:
    return [header[c].removesuffix(", all") for c in columns], [[row[c] for c in columns] for row in rows]


def page(name: str) -> str:
    """Return the text of a file of the repository."""
    return (HOME / name).read_text("utf-8")


if __name__ == "__main__":
    main()
