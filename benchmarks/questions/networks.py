"""How long does an epoch of a larger network take, up to where the matrix products are all that counts?"""

from benchmarks.answers import Findings
from benchmarks.comparison import Run, training_answers
from benchmarks.contenders import TRAINERS
from benchmarks.jobs import Job

NETWORKS = (  # sizes, batch, steps of an epoch, aim against Keras's fit
    ((784, 128, 10), 32, 200, 9),
    ((784, 512, 512, 10), 128, 40, 2),
    ((1024, 2048, 2048, 10), 256, 4, 1.25),
)
# scikit-learn takes several times what the others do here, and the search for Keras's best settings a minute; the
# epochs of MlpAdam are those of "native"
LEFT_OUT = ("scikit-learn MLPClassifier", "Keras fit, best settings", "dnn, MlpAdam")


def findings(run: Run) -> Findings:
    """Answer it for three networks."""
    contenders = [contender for contender in TRAINERS if contender.name not in LEFT_OUT]
    found = Findings()
    for sizes, batch, steps, aim in NETWORKS:
        steps = steps // 4 if run.quick else steps
        job = Job(f"{steps} steps of {'-'.join(map(str, sizes))}, batch {batch}", sizes, batch, steps * batch)
        found.add(training_answers(run, contenders, job, epochs=1, aims={"Keras fit": aim}))
    return found
