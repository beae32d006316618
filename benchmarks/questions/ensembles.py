"""How long does an epoch of an ensemble take, beside as many epochs of one of its networks?"""

from functools import partial

from benchmarks.answers import Answer, Findings
from benchmarks.comparison import Run
from benchmarks.contenders import TRAINERS, installed
from benchmarks.jobs import Job
from benchmarks.questions.epoch import BATCH, ROWS, SIZES
from dnn.bench.clock import interleaved

WHO = ("dnn, graph mode", "dnn, XLA", "dnn, MlpAdam", "JAX + optax, lax.scan")
MEMBERS = (16, 32)
AIMS = {(32, "dnn, XLA"): 1 / 3}  # of as many epochs of one


def findings(run: Run) -> Findings:
    """Answer it for each way to train one, and by MlpAdam beside the other ways to train all."""
    contenders = [contender for contender in installed(TRAINERS) if contender.name in WHO]
    job = Job("", SIZES, BATCH, ROWS // 10 if run.quick else ROWS)
    runs = {}
    for contender in contenders:
        for members in (1, *MEMBERS):
            options = contender.candidates[0] | ({"members": members} if members > 1 else {})
            trainer = run.trainer(contender, job, options)
            runs[contender.name, members] = partial(trainer.epoch_seconds, 1 if members > 1 else 3)
    seconds = interleaved(runs, run.repetitions)
    return Findings([answer for members in MEMBERS for answer in answers(seconds, members, job.rows)])


def answers(seconds: dict[tuple[str, int], list[float]], members: int, rows: int) -> list[Answer]:
    """Return each way beside itself with one network, and MlpAdam beside the other ways."""
    job = f"an epoch of {members} networks, {rows:,} rows, 51-30-30-2, batch {BATCH}"
    names = [name for name, count in seconds if count == members]
    alone = {name: [members * of_one for of_one in seconds[name, 1]] for name in names}
    beside = [
        Answer(
            job,
            name,
            f"{members} times one network of {name}",
            seconds[name, members],
            alone[name],
            figure="ours / theirs",
            aim=AIMS.get((members, name)),
        )
        for name in names
    ]
    ours = "dnn, MlpAdam"
    against = [name for name in names if name != ours] if ours in names else []
    return beside + [
        Answer(job, ours, f"{members} networks by {name}", seconds[ours, members], seconds[name, members])
        for name in against
    ]
