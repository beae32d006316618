"""Schedule-free AdamW: an average of the steps in the place of a schedule that must know when training ends."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_below_one, checked_count, checked_not_negative, checked_positive
from dnn.nn.normalization import moving_average
from dnn.nn.optimizers.adam import running_mean
from dnn.nn.optimizers.gradient_checks import checked_gradients
from dnn.nn.optimizers.master import assign, full_value
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.protocols import ScheduleLike


def schedule_free_update(
    g: tf.Tensor,
    y: tf.Tensor,
    z: tf.Tensor,
    x: tf.Tensor,
    v: tf.Tensor,
    t: tf.Tensor,
    *,
    share: tf.Tensor,
    learning_rate: float | tf.Tensor,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the next y, where the gradient is taken, z, x and the mean square.

    v ← β₂ v + (1 − β₂) g²
    z ← z − η (g / (√(v / (1 − β₂ᵗ)) + ε) + λ y)
    x ← (1 − c) x + c z                          the average, for evaluating
    y ← (1 − β₁) z + β₁ x                        where the next gradient is taken

    Source: A. Defazio et al., "The Road Less Scheduled", NeurIPS 2024, algorithm 1, with the ε of the authors' package
    schedulefree, of Optax and of Keras: the paper adds it to √v.

    Args:
        g: The gradient at y, float[shape].
        y: The parameter, float[shape].
        z: Where the steps lead, float[shape]; the parameter at first.
        x: The average, float[shape]; the parameter at first.
        v: The running mean of g², float[shape]; 0 at first.
        t: The number of steps taken, this one included: a float tensor; 1 − β₂ᵗ is computed in its dtype.
        share: c, the share of this step in the average, in [0, 1].
        learning_rate: η, a number or a scalar.
        beta_1: β₁, in [0, 1): how far y is from z towards x.
        beta_2: β₂, in [0, 1).
        epsilon: ε, > 0.
        weight_decay: λ, >= 0.

    Returns:
        (y, z, x, v), each float[shape].
    """
    v = running_mean(v, g * g, beta_2)
    step = g / (tf.sqrt(v / tf.cast(1 - beta_2**t, v.dtype)) + epsilon)
    z = z - learning_rate * (step + weight_decay * y if weight_decay else step)
    x = moving_average(x, z, 1 - share)
    return moving_average(z, x, 1 - beta_1), z, x, v


class ScheduleFreeAdamW(Optimizer):
    """Train with `schedule_free_update`: no schedule, and no end of training that must be known.

    While it trains, the parameters are y, where gradients are taken. Their averages x are for evaluating, and for
    keeping in the end: `swap()` exchanges the two, as that of `AverageWeights`; call it again before you continue
    training. In `fit`, which does not know of it, what is reported of validation rows is of y. `BatchNormalization`
    keeps the moments that y gave, also after `swap()`. An `AverageWeights` around it would average y a second time.

    c = γ² / Σ γ², of all steps so far, with γ the largest rate so far: of equal rates 1 / t. Keras has 1 / t always.
    Source: A. Defazio et al., "The Road Less Scheduled", NeurIPS 2024, algorithm 1; c as in the authors' package
    schedulefree, and in Optax.

    Args:
        parameters: The variables to train, each once: `model.trainable_variables`.
        learning_rate: η, > 0: a usual one is 1 to 10 times Adam's. Another may be assigned at any time, 0 too, as
            callbacks do. Or a schedule: a function of the number of steps taken, a float64 tensor, that returns the
            rate of the next step, >= 0.
        beta_1: β₁, in [0, 1): how far y is from z towards the average.
        beta_2: β₂, in [0, 1): how slowly the mean of the squares forgets.
        epsilon: ε, > 0: keeps the step finite where all gradients were about 0.
        warmup_steps: In how many first steps the rate rises, along a line, to η: >= 0.
        weight_decay: λ, >= 0, of y, in each step. None: no decay.
        exclude_from_weight_decay: Those of the parameters that do not decay.

    Raises:
        ValueError: If a number is out of its range, if there are no parameters, if one is given twice, or if one to
            exclude is not among them.
        TypeError: If an argument is of another kind, or the learning rate is one for each member.
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | ScheduleLike = 0.0025,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        weight_decay: float | None = None,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ) -> None:
        super().__init__(parameters, learning_rate, exclude_from_weight_decay=exclude_from_weight_decay)
        if self.members is not None:
            raise TypeError("learning_rate must be one for all members: the weights of the average are of all")
        self.beta_1, self.beta_2 = checked_below_one(beta_1, "beta_1"), checked_below_one(beta_2, "beta_2")
        self.epsilon, self.warmup_steps = (
            checked_positive(epsilon, "epsilon"),
            checked_count(warmup_steps, "warmup_steps", 0),
        )
        self.decay = checked_not_negative(0.0 if weight_decay is None else weight_decay, "weight_decay")
        self.v, self.z, self.averages = self.slots("v"), self.slots("z"), self.slots("average")
        for z, x, value in zip(self.z, self.averages, self._full_values(), strict=True):
            z.assign(value)
            x.assign(value)
        self.largest = tf.Variable(0, trainable=False, dtype=tf.float64, name="largest")
        self.total = tf.Variable(0, trainable=False, dtype=tf.float64, name="total")

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        gradients = checked_gradients(gradients, self.parameters)
        rate = tf.convert_to_tensor(self.learning_rate) * self._warmth(tf.cast(self.t + 1, tf.float64))
        self.largest.assign(tf.maximum(self.largest, rate))
        self.total.assign_add(self.largest**2)
        super().apply(gradients)

    def step(self, i: int, g: tf.Tensor, t: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        y = full_value(self.parameters[i], self.masters[i])
        share = tf.cast(tf.math.divide_no_nan(self.largest**2, tf.convert_to_tensor(self.total)), g.dtype)
        rule = {"learning_rate": learning_rate * self._warmth(t), "share": share, "epsilon": self.epsilon}
        rule |= {"beta_1": self.beta_1, "beta_2": self.beta_2, "weight_decay": self.decay if self.decayed[i] else 0.0}
        t = tf.cast(self.t, tf.float64)
        after, z, x, v = schedule_free_update(g, y, self.z[i], self.averages[i], self.v[i], t, **rule)
        for slot, value in ((self.z[i], z), (self.averages[i], x), (self.v[i], v)):
            slot.assign(value)
        return y - after

    def swap(self) -> None:
        """Exchange parameters and averages: y and x.

        A second call brings both back, bit for bit: call it again before you continue training.
        """
        for p, x, master, value in zip(self.parameters, self.averages, self.masters, self._full_values(), strict=True):
            assign(p, master, x)
            x.assign(value)

    def _warmth(self, t: tf.Tensor) -> tf.Tensor:
        """Return the share of the rate at step t, counted from 1."""
        return tf.minimum(t / self.warmup_steps, 1) if self.warmup_steps else tf.ones_like(t)

    def _full_values(self) -> list[tf.Tensor]:
        return [full_value(p, master) for p, master in zip(self.parameters, self.masters, strict=True)]
