"""Jobs are done in turn, seed by seed, so that what is there at any time can be compared in pairs."""

import platform
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import dnn
from benchmarks.accuracy.method import Method
from benchmarks.accuracy.results import Job, Result, ResultsFile
from benchmarks.accuracy.splits import Probabilities, Split, split
from benchmarks.accuracy.tables import Source
from benchmarks.machine import commit, processor

Tell = Callable[[str], None]


def jobs(sources: Sequence[Source], methods: Sequence[Method], seeds: Sequence[int]) -> list[Job]:
    """Return all jobs in their order: by seed, then by table."""
    return [
        Job(source.name, method.name, seed)
        for seed in seeds
        for source in sources
        if seed in source.seeds(seeds)
        for method in methods
    ]


def left(results: dict[Job, Result], wanted: Iterable[Job], methods: Sequence[Method]) -> list[Job]:
    """Return the jobs without a result of the methods as they are now; one that failed is tried again."""
    told = {method.name: method.told for method in methods}
    return [job for job in wanted if not _done(results.get(job), told[job.method])]


def _done(result: Result | None, told: dict[str, str]) -> bool:
    return result is not None and "error" not in result and result["settings"] == told


def run(
    file: ResultsFile,
    sources: Sequence[Source],
    methods: Sequence[Method],
    seeds: Sequence[int],
    *,
    threads: int = 1,
    tell: Tell = print,
) -> None:
    """Do the jobs that neither have a result nor are under way in another process, and append what comes out."""
    tables = {source.name: source for source in sources}
    known = {method.name: method for method in methods}
    wanted = jobs(sources, methods, seeds)
    rows, at = None, None
    for job in left(file.read(), wanted, methods):
        with file.claim(job) as ours:
            if not ours or not left(file.read(), [job], methods):
                continue
            if at != (job.table, job.seed):
                rows, at = split(tables[job.table].table(), tables[job.table].target, job.seed), (job.table, job.seed)
            result = outcome(job, known[job.method], rows, threads)
            file.append(result)
        tell(told(job, result, len(left(file.read(), wanted, methods))))


def outcome(job: Job, method: Method, rows: Split, threads: int) -> Result:
    """Return the line of a job. A method that fails on a table says so in its line, and the comparison goes on."""
    head = {**job._asdict(), "settings": method.told, "kind": method.kind, "threads": threads}
    head |= {"versions": {"python": platform.python_version(), **method.versions}, "processor": processor()}
    head |= {"commit": commit(), "date": date.today().isoformat(), "rows": len(rows.train.target)}
    try:
        return head | measure(method, rows, threads)
    except Exception as error:
        return head | {"error": f"{type(error).__name__}: {error}"[:500]}


def measure(method: Method, rows: Split, threads: int = 1) -> dict[str, Any]:
    """Train on one split, and score validation and test rows. What a package warns of is not shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begin, begin_cpu = time.perf_counter(), time.process_time()
        fitted = method.fit(rows, threads)
        trained, trained_cpu = time.perf_counter(), time.process_time()
        test = fitted.predict(rows.test)
        predicted, predicted_cpu = time.perf_counter(), time.process_time()
        validation = fitted.predict(rows.validation)
    return {
        **scores(rows, rows.test, test),
        "validation": scores(rows, rows.validation, validation),
        "fit_seconds": round(trained - begin, 4),
        "predict_seconds": round(predicted - trained, 5),
        "fit_cpu_seconds": round(trained_cpu - begin_cpu, 4),
        "predict_cpu_seconds": round(predicted_cpu - trained_cpu, 5),
        "epochs": fitted.epochs,
    }


def scores(rows: Split, part: dnn.Part, probabilities: Probabilities) -> dict[str, float]:
    """Return accuracy, ROC AUC (of many classes the mean of each against the rest) and log loss."""
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

    truth, classes = rows.classes(part), range(rows.labels.classes)
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    ranked = probabilities[:, 1] if len(classes) == 2 else probabilities
    return {
        "accuracy": float(accuracy_score(truth, probabilities.argmax(axis=1))),
        "roc_auc": float(roc_auc_score(truth, ranked, multi_class="ovr", labels=classes)),
        "log_loss": float(log_loss(truth, probabilities, labels=classes)),
    }


def told(job: Job, result: Result, still: int) -> str:
    """Return the line of progress of a job."""
    name = f"{job.table}, seed {job.seed}, {job.method}: "
    if "error" in result:
        return f"{name}{result['error']}; {still} left"
    figures = f"{result['accuracy']:.4f} / {result['roc_auc']:.4f} / {result['log_loss']:.4f}"
    return f"{name}{figures} in {result['fit_cpu_seconds']:.1f} s of the processor; {still} left"
