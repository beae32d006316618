"""How long does it take to predict one row?"""

from benchmarks.answers import Findings
from benchmarks.comparison import Run, prediction_answers
from benchmarks.contenders import PREDICTORS
from benchmarks.jobs import Job
from benchmarks.questions.epoch import SIZES

AIMS = {"Keras predict": 150, "calling the Keras model": 6}


def findings(run: Run) -> Findings:
    """Answer it for all predictors; of one row there is no best batch size."""
    contenders = [contender for contender in PREDICTORS if "batch size" not in contender.name]
    job = Job("predict one row, 51-30-30-2", SIZES, 1, 1)
    at_least = 0.05 if run.quick else 0.3
    return prediction_answers(run, contenders, job, at_least=at_least, aims=AIMS)
