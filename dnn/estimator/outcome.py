"""What a fit leaves besides the network: warnings of the data, and after an error the estimator as it was."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from dnn.control import without_control
from dnn.data.advice import left_out, suspicions
from dnn.data.amounts import amounts_told, look_like_amounts
from dnn.data.features import Features
from dnn.data.names import quoted
from dnn.data.table import Column, Kind, Table
from dnn.data.target_advice import Task


class DataWarning(UserWarning):
    """Something in a table is suspicious: a leak, an identifier, dates as text and the like."""


@contextmanager
def unchanged_by_errors(estimator: object) -> Iterator[None]:
    """Whatever ends a fit, an error or Ctrl-C, leaves the estimator as it was: not half of a new one."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def warn_of_suspicions(
    rows: Mapping[str, Column], target: Column, name: str | None, task: Task, decided: Mapping[str, Kind]
) -> list[str]:
    """Warn of the first thing that is suspicious in a table, and return a sentence for each.

    Args:
        rows: Columns without the target, by name.
        target: [rows].
        name: The target's name in the table. None: X and y are apart, scikit-learn's way, where only classes that look
            like amounts are told.
        task: What the target is taken for.
        decided: The kinds of columns that the user has given.
    """
    given = None if name is None else decided.get(name)
    amounts = task == "classification" and given != "category" and look_like_amounts(target)
    sentences = [amounts_told("the target" if name is None else quoted(name), target)] if amounts else []
    if name is not None:
        notes = suspicions(Table({**rows, name: target}), name, task=task, decided=[*decided, name])
        sentences += [note.sentence_for_python for note in notes]
    _warn(sentences, above=5)
    return sentences


def warn_of_left_out(features: Features, told: Sequence[str], *, quietly: bool) -> list[str]:
    """Warn of numbers of which no feature was made, unless quietly, and return a sentence for each."""
    sentences = [note.sentence_for_python for note in left_out(features, told)]
    _warn([] if quietly else sentences, above=4)
    return sentences


def _warn(sentences: Sequence[str], above: int) -> None:
    """Warn of the first one where `fit` was called, which is so many calls above."""
    if sentences:
        rest = f" (and {len(sentences) - 1} more: see notes_)" if len(sentences) > 1 else ""
        warnings.warn(without_control(f"{sentences[0]}{rest}"), DataWarning, stacklevel=above)
