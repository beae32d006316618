"""AdamW: Adam whose weights decay."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.wrapper import Wrapper


class AdamW(Wrapper):
    """p ← p − p λ η, and then Adam's step: an `Adam` with a weight decay λ that is not None.

    Source: I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2, with the λ of
    Keras and PyTorch, which is multiplied by η.
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | Callable = 1e-3,
        *,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ):
        """weight_decay: λ, >= 0. The others: see `Adam`. Raises: as `Adam`, and TypeError for no weight_decay."""
        if weight_decay is None:
            raise TypeError("weight_decay must be a number: without it, AdamW is Adam")
        super().__init__(
            Adam(
                parameters,
                learning_rate,
                beta_1=beta_1,
                beta_2=beta_2,
                epsilon=epsilon,
                amsgrad=amsgrad,
                weight_decay=weight_decay,
                exclude_from_weight_decay=exclude_from_weight_decay,
            )
        )

    def apply(self, gradients) -> None:
        """As `Adam`'s."""
        self.optimizer.apply(gradients)
