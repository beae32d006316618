"""The page of several runs side by side: their scores, their curves over one another, the settings that differ."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dnn.pages.curves import overlaid_chart
from dnn.pages.flat import flat, flat_settings, shown_value
from dnn.pages.page import charts, escaped, html_table, page, paragraph, section

SAME = ("arguments.out", "finished")  # what differs of itself


class Run(NamedTuple):
    """What a run folder keeps.

    Args:
        name: Of the folder.
        metrics: The contents of metrics.json.
        config: The contents of config.json.
        epochs: The records of history.csv.
    """

    name: str
    metrics: Mapping[str, Any]
    config: Mapping[str, Any]
    epochs: Sequence[Mapping[str, float]]


def compare_page(runs: Sequence[Run]) -> str:
    """Return the page of runs side by side.

    Args:
        runs: In the order to be shown, each of another name.

    Returns:
        HTML.
    """
    names = [run.name for run in runs]
    title = f"{len(runs)} runs of dnn train"
    figures = list(dict.fromkeys(key for run in runs for record in run.epochs for key in record if key != "epoch"))
    histories = {run.name: run.epochs for run in runs}
    different = _different([dict(flat_settings(dict(run.config))) for run in runs])
    settings = html_table(("setting", *names), different, name="settings") if different else paragraph("None differs.")
    body = [
        f"<h1>{escaped(title)}</h1>",
        paragraph(", ".join(names)),
        section("Scores", _data_warning(runs), html_table(("figure", *names), _scores(runs), name="scores")),
        section("Curves", charts(overlaid_chart(histories, figure) for figure in figures)),
        section("Settings that differ", settings),
    ]
    return page(title, "\n".join(body))


def _scores(runs: Sequence[Run]) -> list[list[Any]]:
    """Return a row for each number of the test that any run has."""
    tests = [
        {"best_epoch": run.metrics["best_epoch"], "epochs": len(run.epochs), **dict(flat(run.metrics["test"]))}
        for run in runs
    ]
    names = list(
        dict.fromkeys(name for test in tests for name in test if not name.startswith(("classes.", "confusion_matrix.")))
    )
    rows = [[name, *(test.get(name) for test in tests)] for name in names]
    return [row for row in rows if any(value is not None for value in row[1:])]


def _different(configs: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    names = list(dict.fromkeys(name for config in configs for name in config if name not in SAME))
    rows = [[name, *(shown_value(config.get(name)) for config in configs)] for name in names]
    return [row for row in rows if any(value != row[1] for value in row[2:])]


def _data_warning(runs: Sequence[Run]) -> str:
    """Return a warning where the test rows are not the same, so that the scores say little of the settings."""
    keys = ("sha256", "target", "split", "prepared")
    data = [{key: run.config["data"].get(key) for key in keys} for run in runs]
    seeds = [run.config["arguments"].get("seed") for run in runs]
    if all(each == data[0] for each in data) and all(seed == seeds[0] for seed in seeds):
        return ""
    return paragraph("The runs were not tested on the same rows: their data, their split or their seeds differ.")
