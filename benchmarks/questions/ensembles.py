"""How long does an epoch of an ensemble take, beside as many epochs of one of its networks?"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from benchmarks.agreement import TOLERANCE, assert_same_learning
from benchmarks.answers import Answer, Findings
from benchmarks.comparison import Run
from benchmarks.contenders import TRAINERS, installed
from benchmarks.jobs import Job
from benchmarks.questions.epoch import BATCH, ROWS, SIZES
from dnn.bench.clock import interleaved

WHO = ("dnn, graph mode", "dnn, XLA", "dnn, MlpAdam", "JAX + optax, lax.scan")
MEMBERS = (16, 32)
AIMS = {(32, "dnn, XLA"): 0.333}  # of as many epochs of one: a third


def findings(run: Run) -> Findings:
    """Answer it for each way to train one, and by MlpAdam beside the other ways to train all."""
    contenders = [contender for contender in installed(TRAINERS) if contender.name in WHO]
    job = Job("", SIZES, BATCH, ROWS // 10 if run.quick else ROWS)
    trainers = {
        (contender.name, members): run.trainer(contender, job, contender.candidates[0] | {"members": members})
        for contender in contenders
        for members in (1, *MEMBERS)
    }
    assert_all_learn_the_same(trainers, job)
    runs = {
        (name, members): partial(trainer.epoch_seconds, 1 if members > 1 else 3)
        for (name, members), trainer in trainers.items()
    }
    seconds = interleaved(runs, run.repetitions)
    return Findings([answer for members in MEMBERS for answer in answers(seconds, members, job.rows)])


def assert_all_learn_the_same(trainers: Mapping[tuple[str, int], Any], job: Job) -> None:
    """Check that each network and each ensemble, whose members begin alike, has the same loss in its first epoch.

    Raises:
        AssertionError: If one learnt something else.
    """
    learnt = {f"{members} by {name}": trainer.learn(job.orders(1)) for (name, members), trainer in trainers.items()}
    assert_same_learning(learnt, dict.fromkeys(learnt, TOLERANCE), job.rows)


def answers(seconds: Mapping[tuple[str, int], list[float]], members: int, rows: int) -> list[Answer]:
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
