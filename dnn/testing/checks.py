"""A piece in one call: each raises an AssertionError that says which law the piece breaks, and by what.

examples: an array of 7 rows for each argument, float32[7, 4] for x where nothing else is given; for labels and logits,
class numbers int32[7] beside float32[7, 3]. Targets of another kind are examples too: `(dnn.testing.ONE_HOT,
dnn.testing.LOGITS)`. xla: whether XLA must compile it, which it cannot do to a custom op that has no kernel there.
refuses: whether it must refuse wrong arguments by name. Say False where they are the caller's care: the laws of
refusals are left out then. What this package refuses with is in dnn/nn/argument_checks.py; an optimizer has it from
`dnn.Optimizer`. Of an activation no law asks it. Examples that are not of 7 rows are a ValueError.
"""

from collections.abc import Callable

from dnn.testing.examples import LABELS, LOGITS, X
from dnn.testing.lawbook import check
from dnn.testing.pieces import Activation, Layer, Loss, Metric, Optimizer, Score


def check_activation(activation: Callable, *, xla: bool = True) -> None:
    """The laws of an activation, tensor -> tensor of the same shape and dtype, each of the four dtypes of floats.

    xla=False: leave out the law that XLA compiles it, as it cannot an op in C++, for which it has no kernel.
    """
    check(Activation(name_of(activation), activation, xla=xla))


def check_layer(
    make: Callable, *, examples=(X,), any_shape: bool = False, xla: bool = True, refuses: bool = True
) -> None:
    """The laws of a layer. make: () -> a new one. any_shape: it takes x of any width, so that none is wrong.

    xla=False: leave out the law that XLA compiles it, as it cannot an op in C++, for which it has no kernel.
    refuses=False: leave out the law that a wrong rank, dtype or width of x is a TypeError or ValueError that names x.
    """
    check(Layer(_name_of_made(make, make), make, examples, any_shape, xla, refuses))


def check_loss(loss: Callable, *, examples=(LABELS, LOGITS), xla: bool = True, refuses: bool = True) -> None:
    """The laws of a loss, (labels, logits) -> float[batch]."""
    check(Loss(name_of(loss), loss, examples, xla=xla, refuses=refuses))


def check_metric(metric: Callable, *, examples=(LABELS, LOGITS), xla: bool = True, refuses: bool = True) -> None:
    """The laws of a metric, (labels, logits) -> a number or a truth value for each row, [batch]."""
    check(Metric(name_of(metric), metric, examples, xla=xla, refuses=refuses))


def check_score(score: Callable, *, examples=(LABELS, LOGITS), refuses: bool = True) -> None:
    """The laws of a score, (labels, logits) -> a number or an array for all rows at once, in NumPy."""
    check(Score(name_of(score), score, examples, refuses=refuses))


def check_optimizer(make: Callable, *, xla: bool = True, refuses: bool = True) -> None:
    """The laws of an optimizer. make: parameters -> a new one for them.

    It gets two, a kernel and a bias; and, to see them refused, none, and numbers in their place.
    """
    name = _name_of_made(lambda: Optimizer("", make).fresh().optimizer, make)
    check(Optimizer(name, make, xla=xla, refuses=refuses))


def _name_of_made(call: Callable, make) -> str:
    """The name of what this call makes; that of `make` if it makes nothing, as the first law will say."""
    try:
        return name_of(call())
    except Exception:
        return name_of(make)


def name_of(subject) -> str:
    """Of a function, or of the class of an object; of what functools.partial made, that of the function within."""
    return getattr(getattr(subject, "func", subject), "__name__", type(subject).__name__)
