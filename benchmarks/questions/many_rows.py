"""How long does it take to predict a million rows?"""

from benchmarks.answers import Findings
from benchmarks.comparison import Run, prediction_answers
from benchmarks.contenders import PREDICTORS
from benchmarks.jobs import Job
from benchmarks.questions.epoch import SIZES

AIMS = {"Keras predict": 20, "Keras predict, best batch size": 1.5}


def findings(run: Run) -> Findings:
    """Answer it for all predictors but the called Keras model, which takes one batch."""
    contenders = [contender for contender in PREDICTORS if contender.name != "calling the Keras model"]
    rows = 100_000 if run.quick else 1_000_000
    job = Job(f"predict {rows:,} rows, 51-30-30-2", SIZES, 100, rows)
    return prediction_answers(run, contenders, job, at_least=0, aims=AIMS)
