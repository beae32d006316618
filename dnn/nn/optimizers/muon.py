"""Muon: the momentum of a matrix, made orthogonal, so that it moves all directions alike."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_count, checked_fraction, checked_positive
from dnn.nn.optimizers.gradient_checks import checked_parameters
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.protocols import ScheduleLike

COEFFICIENTS = 3.4445, -4.7750, 2.0315  # a, b, c
TINY = 1e-7  # ε


def orthogonalized(g: tf.Tensor, steps: int = 5) -> tf.Tensor:
    """Return about U Vᵀ of g = U S Vᵀ, by a polynomial in g that takes each singular value to about 1.

    X = G / (‖G‖ + ε), ‖G‖ = √(Σ g²)
    X ← a X + (b A + c A²) X,  A = X Xᵀ      some times; a, b, c = 3.4445, −4.7750, 2.0315

    Afterwards the singular values are between 0.7 and 1.2 or so, but those that were below some thousandth of ‖G‖.
    Source: K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024, with G's ε = 1e-7; as
    Keras and Optax have it.

    Args:
        g: float[..., rows, columns].
        steps: How many times, >= 1.

    Returns:
        A tensor of the shape and dtype of g.
    """
    a, b, c = COEFFICIENTS
    tall = g.shape[-2] > g.shape[-1]
    x = tf.linalg.matrix_transpose(g) if tall else g
    x = x / (norm_of(x) + TINY)
    for _ in range(steps):
        squares = tf.matmul(x, x, transpose_b=True)
        x = a * x + tf.matmul(b * squares + c * tf.matmul(squares, squares), x)
    return tf.linalg.matrix_transpose(x) if tall else x


def norm_of(g: tf.Tensor) -> tf.Tensor:
    """Return √(Σ g²) of each matrix, float[..., 1, 1], of parts of the largest |g|, whose squares do not overflow."""
    largest = tf.reduce_max(tf.abs(g), axis=[-2, -1], keepdims=True)
    largest = tf.where(largest > 0, largest, 1)  # NaN stays NaN in what it divides
    return largest * tf.sqrt(tf.reduce_sum(tf.square(g / largest), axis=[-2, -1], keepdims=True))


def muon_update(
    g: tf.Tensor,
    m: tf.Tensor,
    *,
    learning_rate: float | tf.Tensor,
    momentum: float = 0.95,
    nesterov: bool = True,
    ns_steps: int = 5,
    rms_rate: float | None = 0.2,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the step to subtract from a matrix, and the next momentum.

    m ← μ m + g
    step = η r √(max(rows, columns)) · orthogonalized(g + μ m), or of m without Nesterov's momentum

    With r = 0.2 a number moves by about 0.2 η in the mean square, as with Adam, whose rate and decay then serve.
    Source: K. Jordan et al., as `orthogonalized`; r: J. Liu et al., "Muon is Scalable for LLM Training", 2025, equation
    4, as Keras has it. Jordan has the factor √(max(1, units / inputs)) in the place of r √…, which Optax has too.

    Args:
        g: The gradient, float[..., rows, columns].
        m: The momentum, of g's shape; 0 at first.
        learning_rate: η, a number or a scalar.
        momentum: μ, in [0, 1].
        nesterov: Whether the momentum is Nesterov's.
        ns_steps: The steps of the polynomial, >= 1.
        rms_rate: r, > 0. None: the step is η times the orthogonal matrix.

    Returns:
        (step, m), each of g's shape.
    """
    m = momentum * m + g
    step = learning_rate * orthogonalized(g + momentum * m if nesterov else m, ns_steps)
    factor = 1 if rms_rate is None else rms_rate * max(g.shape[-2:]) ** 0.5
    return step * factor, m


class Muon(Optimizer):
    """Train matrices with p ← p − step, where the step is `muon_update`'s; of what is no matrix, others take care.

        kernels = [v for v in model.trainable_variables if v.shape.rank == 2]
        others = [v for v in model.trainable_variables if v.shape.rank != 2]
        optimizer = dnn.ByGroup([dnn.Muon(kernels), dnn.AdamW(others)])

    Its authors leave the first and the last layer to AdamW too. Keras's Muon holds an AdamW for what is no matrix.
    Source: K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024.

    Args:
        parameters: The variables to train, each once: kernels float[inputs, units], or float[members, inputs, units]
            of an ensemble, each of whose matrices is one.
        learning_rate: η, > 0. Another may be assigned at any time, 0 too, as callbacks do. Or a schedule: a function
            of the number of steps taken, a float64 tensor, that returns the rate of the next step, >= 0. Or one for
            each member of an ensemble.
        momentum: μ, in [0, 1]: the share of the last momentum that the next one begins with.
        nesterov: Whether the momentum is Nesterov's.
        ns_steps: The steps of the polynomial that makes a matrix orthogonal, >= 1.
        rms_rate: r, > 0: a number moves by about r η in the mean square. None: the step is η times the orthogonal
            matrix.
        weight_decay: λ, >= 0: before each step p ← p − p λ η. None: no decay.
        exclude_from_weight_decay: Those of the parameters that do not decay.

    Raises:
        ValueError: If a number is out of its range, if there are no parameters, if one is given twice or is no matrix,
            or if one to exclude is not among them.
        TypeError: If an argument is of another kind.
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | Sequence[float] | ScheduleLike = 1e-3,
        *,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_steps: int = 5,
        rms_rate: float | None = 0.2,
        weight_decay: float | Sequence[float] | None = None,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ) -> None:
        for i, p in enumerate(checked_parameters(parameters)):
            if p.shape.rank not in (2, 3):
                remedy = "dnn.ByGroup([dnn.Muon(matrices), dnn.AdamW(others)]) trains both"
                raise ValueError(f"parameters[{i}], {p.name} of shape {p.shape}, is no matrix: {remedy}")
        super().__init__(
            parameters, learning_rate, weight_decay=weight_decay, exclude_from_weight_decay=exclude_from_weight_decay
        )
        self.momentum, self.nesterov = checked_fraction(momentum, "momentum"), nesterov
        self.ns_steps = checked_count(ns_steps, "ns_steps")
        self.rms_rate = None if rms_rate is None else checked_positive(rms_rate, "rms_rate")
        self.m = self.slots("m")

    def step(self, i: int, g: tf.Tensor, t: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        step, m = muon_update(
            g,
            self.m[i],
            learning_rate=learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            ns_steps=self.ns_steps,
            rms_rate=self.rms_rate,
        )
        self.m[i].assign(m)
        return step
