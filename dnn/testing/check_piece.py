"""A piece in one call: each function raises an AssertionError that says which law the piece breaks, and by what."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.ops.calling import name_of
from dnn.testing.examples import LABELS, LOGITS, X
from dnn.testing.lawbook import check
from dnn.testing.pieces import Activation, Layer, Loss, Metric, OptimizerPiece
from dnn.testing.score_piece import Score

Examples = tuple[npt.NDArray[Any], ...]


def check_activation(activation: Callable[..., Any], *, xla: bool = True) -> None:
    """Hold an activation to its laws: tensor -> tensor of the same shape and dtype, for each of four float dtypes.

    Args:
        activation: The function.
        xla: Whether XLA must compile it. False leaves that law out: XLA has no kernel for most ops in C++.

    Raises:
        AssertionError: For the first law that it breaks.
    """
    check(Activation(name_of(activation), activation, xla=xla))


def check_layer(
    make: Callable[[], Any],
    *,
    examples: Examples = (X,),
    any_shape: bool = False,
    xla: bool = True,
    refuses: bool = True,
) -> None:
    """Hold a layer to its laws.

    Args:
        make: () -> a new layer each time, `lambda: MyLayer(4)`.
        examples: x, in a tuple, an array of 7 rows; float32[7, 4] by default.
        any_shape: Whether it takes x of any width, so that none is wrong.
        xla: Whether XLA must compile it. False leaves that law out: XLA has no kernel for most ops in C++.
        refuses: Whether x of a wrong rank, dtype or width must be a TypeError or ValueError that names x, as the
            checks in dnn.nn.argument_checks raise. False leaves that law out.

    Raises:
        AssertionError: For the first law that it breaks.
        ValueError: If examples are not of 7 rows.
    """
    check(Layer(_name_of_made(make, make), make, examples, any_shape, xla, refuses))


def check_loss(
    loss: Callable[..., Any], *, examples: Examples = (LABELS, LOGITS), xla: bool = True, refuses: bool = True
) -> None:
    """Hold a loss to its laws: (labels, logits) -> float[batch].

    Args:
        loss: The function.
        examples: Labels and logits, arrays of 7 rows; class numbers int32[7] and float32[7, 3] by default. Targets of
            another kind are examples too: `(dnn.testing.ONE_HOT, dnn.testing.LOGITS)`.
        xla: Whether XLA must compile it. False leaves that law out: XLA has no kernel for most ops in C++.
        refuses: Whether wrong arguments must be a TypeError or ValueError that names one of them. False leaves that
            law out.

    Raises:
        AssertionError: For the first law that it breaks.
        ValueError: If examples are not of 7 rows.
    """
    check(Loss(name_of(loss), loss, examples, xla=xla, refuses=refuses))


def check_metric(
    metric: Callable[..., Any], *, examples: Examples = (LABELS, LOGITS), xla: bool = True, refuses: bool = True
) -> None:
    """Hold a metric to its laws: (labels, logits) -> a number or a truth value for each row, [batch].

    Args:
        metric: The function.
        examples: Labels and logits, arrays of 7 rows; class numbers int32[7] and float32[7, 3] by default.
        xla: Whether XLA must compile it. False leaves that law out: XLA has no kernel for most ops in C++.
        refuses: Whether wrong arguments must be a TypeError or ValueError that names one of them. False leaves that
            law out.

    Raises:
        AssertionError: For the first law that it breaks.
        ValueError: If examples are not of 7 rows.
    """
    check(Metric(name_of(metric), metric, examples, xla=xla, refuses=refuses))


def check_score(
    score: Callable[..., Any],
    *,
    examples: Examples = (LABELS, LOGITS),
    refuses: bool = True,
    least: float = -np.inf,
    most: float = np.inf,
    perfect: Examples | None = None,
    best: float = 1.0,
) -> None:
    """Hold a score to its laws: (labels, logits) -> a number or an array for all rows at once, in NumPy.

    If it has a parameter `sample_weight`, a row of weight 2 must count as two rows.

    Args:
        score: The function.
        examples: Labels and logits, arrays of 7 rows; class numbers int32[7] and float32[7, 3] by default.
        refuses: Whether wrong arguments must be a TypeError or ValueError that names one of them. False leaves that
            law out.
        least: The least number that it may give.
        most: The greatest.
        perfect: Examples of perfect predictions. None: no law asks for their score.
        best: The score of `perfect`.

    Raises:
        AssertionError: For the first law that it breaks.
        ValueError: If examples are not of 7 rows.
    """
    name = name_of(score)
    check(Score(name, score, examples, refuses=refuses, least=least, most=most, perfect=perfect, best=best))


def check_optimizer(make: Callable[..., Any], *, xla: bool = True, refuses: bool = True) -> None:
    """Hold an optimizer to its laws.

    Args:
        make: parameters -> a new optimizer for them each time. It gets two, a kernel and a bias; and, to see them
            refused, none, and numbers instead of variables.
        xla: Whether XLA must compile a step. False leaves that law out: XLA has no kernel for most ops in C++.
        refuses: Whether wrong parameters and gradients must be a TypeError or ValueError that names them, as
            `dnn.Optimizer` raises. False leaves that law out.

    Raises:
        AssertionError: For the first law that it breaks.
    """
    name = _name_of_made(lambda: OptimizerPiece("", make).fresh().optimizer, make)
    check(OptimizerPiece(name, make, xla=xla, refuses=refuses))


def _name_of_made(call: Callable[[], Any], make: object) -> str:
    """Return the name of what this call makes; that of `make` if it makes nothing, as the first law will say."""
    try:
        return name_of(call())
    except Exception:
        return name_of(make)
