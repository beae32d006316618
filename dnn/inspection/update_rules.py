"""How an optimizer's step came to its numbers: each slot, and the step that a weight takes, as formulas with values.

A rule is of one cell: {part} in it stands for the number of that cell in the map of this part.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeGuard

import numpy as np
import numpy.typing as npt

from dnn.inspection.record import RecordedStep, nested
from dnn.nn.optimizers.accumulate import AccumulateGradients
from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.adamw import AdamW
from dnn.nn.optimizers.clip import ClipGradients
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.optimizers.rmsprop import RMSprop
from dnn.nn.optimizers.sgd import SGD

Array = npt.NDArray[Any]
Slots = Mapping[str, Array]


class UpdateRule(NamedTuple):
    """formula: in signs. numbers: the same with the settings' values; "" where g is not the gradient that is shown."""

    formula: str
    numbers: str


class UpdateRules(NamedTuple):
    """parts: a rule for each slot, and for "step". step: what is subtracted from a weight, of g and the new slots."""

    parts: dict[str, UpdateRule]
    step: Callable[[Array, Slots], Array]


def update_rules(record: RecordedStep) -> dict[str, UpdateRule]:
    """Return the rule of each slot and of the step, by the part; none for an optimizer whose formulas are not known."""
    rules = _rules(record)
    if rules is None:
        return {}
    clipped = _clips(record)
    return {part: rule._replace(numbers="") if clipped and _needs_g(rule) else rule for part, rule in rules.items()}


def update_steps(record: RecordedStep) -> dict[str, Array]:
    """Return what was subtracted from each parameter besides weight decay, in float64, by name.

    None where the formula is not known, or needs a gradient as it was clipped.
    """
    made, parts = _made(record), update_rules(record)
    if made is None or not parts["step"].numbers:
        return {}
    return {
        name: made.step(_wide(record.gradients[name]), {slot: _wide(a) for slot, a in update.slots_after.items()})
        for name, update in record.updates.items()
    }


def update_decays(record: RecordedStep) -> dict[str, Array]:
    """Return λ η w, which weight decay subtracted before the step, in float64, of each parameter that decays."""
    *_, inner = nested(record.optimizer)
    if not isinstance(inner, Optimizer) or not inner.weight_decay:
        return {}
    factor = float(inner.weight_decay) * record.scalars["learning_rate"]
    pairs = zip(record.updates.items(), inner.decayed, strict=True)
    return {name: factor * _wide(update.before) for (name, update), decays in pairs if decays}


def is_adam(optimizer: object) -> TypeGuard[Adam]:
    """Whether it is an `Adam` or `AdamW` as they are: a class derived from them may take other steps."""
    return type(optimizer) in (Adam, AdamW)


def alpha(record: RecordedStep) -> float | None:
    """Return Adam's α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ); None for another optimizer."""
    *_, inner = nested(record.optimizer)
    if not is_adam(inner) or not record.scalars["t"]:
        return None
    t, rate = record.scalars["t"], record.scalars["learning_rate"]
    return float(rate * np.sqrt(1 - inner.beta_2**t) / (1 - inner.beta_1**t))


def _rules(record: RecordedStep) -> dict[str, UpdateRule] | None:
    made = _made(record)
    return None if made is None else made.parts


def _made(record: RecordedStep) -> UpdateRules | None:
    *wrappers, inner = nested(record.optimizer)
    if any(isinstance(part, AccumulateGradients) for part in wrappers):
        return None
    if is_adam(inner):
        return _of_adam(inner, alpha(record) or 0.0)
    rate = record.scalars.get("learning_rate", 0.0)
    if type(inner) is RMSprop:
        return _of_rmsprop(inner, rate)
    return _of_sgd(inner, rate) if type(inner) is SGD else None


def _of_adam(adam: Adam, factor: float) -> UpdateRules:
    v = "v_hat" if adam.amsgrad else "v"
    parts = {
        "m": _mean("m", "β₁", adam.beta_1, "g", "{gradient}"),
        "v": _mean("v", "β₂", adam.beta_2, "g²", "{gradient}²"),
        **({"v_hat": UpdateRule("max(v̂ before, v)", "max({v_hat before}, {v})")} if adam.amsgrad else {}),
        "step": UpdateRule(
            f"α · m / (√{'v̂' if adam.amsgrad else 'v'} + ε)", f"{factor:.9g} · {{m}} / (√{{{v}}} + {adam.epsilon:g})"
        ),
    }
    return UpdateRules(parts, lambda g, slots: factor * slots["m"] / (np.sqrt(slots[v]) + adam.epsilon))


def _of_rmsprop(rmsprop: RMSprop, rate: float) -> UpdateRules:
    rho, epsilon = rmsprop.rho, rmsprop.epsilon
    root, numbers = ("√(max(v − a², 0) + ε)", "√(max({v} − {a}², 0)") if rmsprop.centered else ("√(v + ε)", "√({v}")
    step = UpdateRule(f"η · g / {root}", f"{rate:.9g} · {{gradient}} / {numbers} + {epsilon:g})")
    parts = {"v": _mean("v", "ρ", rho, "g²", "{gradient}²")}
    if rmsprop.centered:
        parts["a"] = _mean("a", "ρ", rho, "g", "{gradient}")
    if not rmsprop.momentum:

        def taken(g: Array, slots: Slots) -> Array:
            variance = np.maximum(slots["v"] - slots["a"] ** 2, 0) if rmsprop.centered else slots["v"]
            return rate * g / np.sqrt(variance + epsilon)

        return UpdateRules(parts | {"step": step}, taken)
    moved = UpdateRule(f"μ · u before + {step.formula}", f"{rmsprop.momentum:g} · {{u before}} + {step.numbers}")
    return UpdateRules(parts | {"u": moved, "step": UpdateRule("u", "{u}")}, lambda g, slots: slots["u"])


def _of_sgd(sgd: SGD, rate: float) -> UpdateRules:
    if not sgd.momentum:
        return UpdateRules({"step": UpdateRule("η · g", f"{rate:.9g} · {{gradient}}")}, lambda g, slots: rate * g)
    along = f"{rate:.9g} · {{gradient}}"
    u = UpdateRule("μ · u before + η · g", f"{sgd.momentum:g} · {{u before}} + {along}")
    if not sgd.nesterov:
        return UpdateRules({"u": u, "step": UpdateRule("u", "{u}")}, lambda g, slots: slots["u"])
    step = UpdateRule("μ · u + η · g", f"{sgd.momentum:g} · {{u}} + {along}")
    return UpdateRules({"u": u, "step": step}, lambda g, slots: sgd.momentum * slots["u"] + rate * g)


def _mean(slot: str, sign: str, beta: float, of: str, numbers: str) -> UpdateRule:
    """Return the rule of a running mean."""
    return UpdateRule(
        f"{sign} · {slot} before + (1 − {sign}) · {of}", f"{beta:g} · {{{slot} before}} + (1 − {beta:g}) · {numbers}"
    )


def _clips(record: RecordedStep) -> bool:
    return any(isinstance(part, ClipGradients) for part in nested(record.optimizer))


def _needs_g(rule: UpdateRule) -> bool:
    return "{gradient}" in rule.numbers


def _wide(array: Array) -> Array:
    """Return float64 of the shortest digits of each number, which a page shows: so it can be worked out by hand."""
    return array.astype(str).astype(np.float64)
