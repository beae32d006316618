"""Formulas of an optimizer and of the wrappers around it, by their settings, in the order in which they act in a step.

w is a parameter, g its gradient, η the learning rate. Each derivation says why the formula does what it is for.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.inspection.formulas import Formula
from dnn.inspection.record import nested
from dnn.inspection.update_rules import is_adam
from dnn.nn.optimizers.accumulate import AccumulateGradients
from dnn.nn.optimizers.average import AverageWeights
from dnn.nn.optimizers.clip import ClipGradients
from dnn.nn.optimizers.rmsprop import RMSprop
from dnn.nn.optimizers.sgd import SGD
from dnn.nn.protocols import OptimizerLike


def optimizer_formulas(optimizer: OptimizerLike) -> list[tuple[str, Formula]]:
    """Return name and formula of each part, as they act in a step: accumulate, clip, decay, step, average.

    A part of the user's own has none.
    """
    parts = list(nested(optimizer))
    before = [found for part in parts if (found := _of_gradients(part)) is not None]
    after = [(type(part).__name__, AVERAGE) for part in reversed(parts) if isinstance(part, AverageWeights)]
    return before + _inner_formulas(parts[-1]) + after


def clipping_told(optimizer: OptimizerLike, gradients: Mapping[str, npt.NDArray[Any]]) -> str:
    """Return what clipping makes of these gradients, by the parameters' names; "" where the optimizer does not clip.

    Where gradients are accumulated, what is clipped is their mean, and nothing is told. Of clippings around each other
    the outermost is told, which is the first that acts.
    """
    parts = list(nested(optimizer))
    clip = next((part for part in parts if isinstance(part, ClipGradients)), None)
    if clip is None or any(isinstance(part, AccumulateGradients) for part in parts):
        return ""
    unbounded = [name for name, g in gradients.items() if not np.isfinite(g).all()]
    if unbounded:
        return f"Not all gradients are finite, so clipping has no meaning: those of {', '.join(unbounded)} are not."
    if clip.clipvalue is not None:
        beyond = sum(int(np.sum(np.abs(g) > clip.clipvalue)) for g in gradients.values())
        return f"{beyond:,} numbers are beyond ±{clip.clipvalue:g}, and are set to it."
    norms = {name: float(np.linalg.norm(g.astype(np.float64))) for name, g in gradients.items()}
    if clip.clipnorm is not None:
        factors = {name: clip.clipnorm / norm for name, norm in norms.items() if norm > clip.clipnorm}
        told = ", ".join(f"{name} by {factor:.6g}" for name, factor in factors.items()) or "none"
        return f"The largest norm allowed is {clip.clipnorm:g}; multiplied are: {told}."
    norm, limit = float(np.linalg.norm([*norms.values()])), clip.global_clipnorm or math.inf
    does = f"each is multiplied by {limit / norm:.6g}" if norm > limit else "all stay as they are"
    return f"The common norm of all gradients is {norm:.6g}, and the largest allowed is {limit:g}: {does}."


def _of_gradients(part: OptimizerLike) -> tuple[str, Formula] | None:
    """Return the formula of a wrapper that changes gradients."""
    if isinstance(part, AccumulateGradients):
        return "AccumulateGradients", _accumulate(part.steps)
    if not isinstance(part, ClipGradients):
        return None
    if part.clipvalue is not None:
        return "ClipGradients(clipvalue)", CLIP_VALUE
    return "ClipGradients", CLIP_NORM if part.clipnorm is not None else CLIP_GLOBAL


def _inner_formulas(inner: Any) -> list[tuple[str, Formula]]:
    """Return the formulas of the innermost optimizer: of its weight decay, and of its step."""
    decay = [("weight decay", DECAY)] if getattr(inner, "weight_decay", None) else []
    if is_adam(inner):
        return [*decay, ("Adam", AMSGRAD if inner.amsgrad else ADAM)]
    if type(inner) is RMSprop:
        return [*decay, ("RMSprop", _rmsprop(centered=inner.centered, momentum=bool(inner.momentum)))]
    if type(inner) is SGD:
        momentum = NESTEROV if inner.nesterov else MOMENTUM
        return [*decay, ("SGD", momentum if inner.momentum else DESCENT)]
    return decay


def _accumulate(steps: int) -> Formula:
    return Formula(
        rf"g \leftarrow \frac{{1}}{{{steps}}} \sum_{{b=1}}^{{{steps}}} g_b \quad"
        rf" \text{{in each {steps}. call, and no step in the others}}",
        (
            r"g_b = \frac{\partial L_b}{\partial w} \text{ of batch } b \text{, all with the same } w",
            rf"\frac{{1}}{{{steps}}} \sum_b \frac{{\partial L_b}}{{\partial w}} ="
            rf" \frac{{\partial}}{{\partial w}} \frac{{1}}{{{steps}}} \sum_b L_b",
            r"\text{so it is the gradient of one batch of all these rows, where the batches are of one size}",
        ),
    )


def _rmsprop(*, centered: bool, momentum: bool) -> Formula:
    root = r"\sqrt{\max(v - a^2, 0) + \epsilon}" if centered else r"\sqrt{v + \epsilon}"
    memory = r"\mu u + " if momentum else ""
    mean = r", \quad a \leftarrow \rho a + (1 - \rho) g" if centered else ""
    why = (
        r"v - a^2 \text{ is about the mean of } g^2 \text{ less the square of its mean: a variance}"
        if centered
        else r"\sqrt{v} \text{ is the usual size of } g \text{, so each weight moves by about } \eta"
    )
    return Formula(
        rf"w \leftarrow w - u, \quad u \leftarrow {memory}\eta \frac{{g}}{{{root}}}",
        (rf"v \leftarrow \rho v + (1 - \rho) g^2{mean}", why, *([VELOCITY] if momentum else [])),
    )


VELOCITY = r"\text{a steady step } s \text{ adds up to } u = s (1 + \mu + \mu^2 + \ldots) = \frac{s}{1 - \mu}"

ADAM = Formula(
    r"w \leftarrow w - \alpha \frac{m}{\sqrt{v} \; + \epsilon}, \quad"
    r" \alpha = \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}",
    (
        r"m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2",
        r"m_0 = 0 \text{ and a steady } g \text{ give } m_t = (1 - \beta_1^t) g, \; v_t = (1 - \beta_2^t) g^2",
        r"\text{so } \alpha \text{ corrects both for beginning at 0:}"
        r" \text{ the first step is about } \eta \, \text{sign}(g)",
    ),
)

AMSGRAD = Formula(
    r"w \leftarrow w - \alpha \frac{m}{\sqrt{\hat{v}} \; + \epsilon}, \quad \hat{v} \leftarrow \max(\hat{v}, v), \quad"
    r" \alpha = \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}",
    (*ADAM.derivation, r"\hat{v} \text{ never falls, so steps do not grow because gradients have become rare}"),
)

DESCENT = Formula(
    r"w \leftarrow w - \eta g",
    (
        r"L(w - \eta g) \approx L(w) - \eta \sum g^2 \quad \text{(the first terms of Taylor's series)}",
        r"\text{so a small step against the gradient goes down}",
    ),
)

MOMENTUM = Formula(r"w \leftarrow w - u, \quad u \leftarrow \mu u + \eta g", (*DESCENT.derivation, VELOCITY))

NESTEROV = Formula(
    r"w \leftarrow w - (\mu u + \eta g), \quad u \leftarrow \mu u + \eta g",
    (*MOMENTUM.derivation, r"\text{the step looks ahead: it has the velocity that the next one will begin with}"),
)

DECAY = Formula(
    r"w \leftarrow w - \lambda \eta w \quad \text{before the step}",
    (
        r"\lambda w = \frac{\partial}{\partial w} \frac{\lambda}{2} w^2: \text{ descent on a penalty of its own}",
        r"\text{it is not part of } g \text{, so no mean of the gradients and no root divides it}",
    ),
)

CLIP_NORM = Formula(
    r"g \leftarrow g \min\left(1, \frac{c}{n}\right), \quad n = \sqrt{\sum g^2} \text{ of each parameter}",
    (
        r"n > c: \; \sqrt{\sum \left(\frac{g c}{n}\right)^2} = \frac{c}{n} \sqrt{\sum g^2} = c",
        r"n \le c: \; g \text{ keeps its bits}",
        r"\text{every number is multiplied by the same, so the direction stays}",
    ),
)

CLIP_GLOBAL = Formula(
    r"g \leftarrow g \min\left(1, \frac{c}{n}\right), \quad n = \sqrt{\sum g^2} \text{ of all parameters together}",
    CLIP_NORM.derivation,
)

CLIP_VALUE = Formula(
    r"g \leftarrow \max(-c, \min(c, g))",
    (
        r"|g| \le c: \; g \text{ stays}",
        r"|g| > c: \; g = c \, \text{sign}(g)",
        r"\text{each number for itself, so the direction of all together may change}",
    ),
)

AVERAGE = Formula(
    r"a \leftarrow \mu a + (1 - \mu) w \quad \text{after the step; } \mu = 0 \text{ in the first}",
    (
        r"a_t = \mu^{t-1} w_1 + (1 - \mu) \sum_{s=2}^{t} \mu^{t-s} w_s",
        r"\mu^{t-1} + (1 - \mu) \sum_{s=2}^{t} \mu^{t-s} = \mu^{t-1} + 1 - \mu^{t-1} = 1: \text{ so it is a mean}",
        r"\text{no gradient flows through } a: \text{ training goes on with } w",
    ),
)
