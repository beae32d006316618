"""AdamW: Adam whose weights decay."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.optimizers.adam import Adam
from dnn.nn.protocols import ScheduleLike


class AdamW(Adam):
    """Train with p ← p − p λ η, and then Adam's step: an `Adam` with a weight decay λ that is not None.

    Source: I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2, with the λ of
    Keras and PyTorch, which is multiplied by η.

    Args:
        parameters: The variables to train, each once: `model.trainable_variables`.
        learning_rate: η, > 0: about the most that a parameter moves in a step. Another may be assigned at any time,
            0 too, as callbacks do. Or a schedule: a function of the number of steps taken, a float64 tensor, that
            returns the rate of the next step, >= 0. Or one for each member of an ensemble.
        weight_decay: λ, >= 0: before each step p ← p − p λ η.
        beta_1: β₁, in [0, 1): how slowly the mean of the gradients forgets.
        beta_2: β₂, in [0, 1): how slowly the mean of their squares forgets.
        epsilon: ε, > 0: keeps the step finite where all gradients were about 0.
        amsgrad: Whether to divide by the largest mean square so far.
        exclude_from_weight_decay: Those of the parameters that do not decay: biases, say.

    Raises:
        ValueError: If a number is out of its range, if there are no parameters, if one is given twice, or if one to
            exclude is not among them.
        TypeError: If an argument is of another kind, or if weight_decay is None.
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | Sequence[float] | ScheduleLike = 1e-3,
        *,
        weight_decay: float | Sequence[float] = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ) -> None:
        if weight_decay is None:
            raise TypeError("weight_decay must be a number: without it, AdamW is Adam")
        super().__init__(
            parameters,
            learning_rate,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            amsgrad=amsgrad,
            weight_decay=weight_decay,
            exclude_from_weight_decay=exclude_from_weight_decay,
        )
