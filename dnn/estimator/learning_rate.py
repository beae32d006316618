"""The learning rate by its settings: a number, or a schedule over all epochs."""

from dnn.nn.argument_checks import checked_count
from dnn.nn.optimizers.coslog import Coslog
from dnn.nn.optimizers.schedules import CosineDecay
from dnn.nn.protocols import ScheduleLike
from dnn.settings import SCHEDULES, NetworkSettings


def learning_rate_of(settings: NetworkSettings, steps: int) -> float | ScheduleLike:
    """Return the learning rate, or its schedule over all epochs of this number of steps.

    Raises:
        ValueError: If there is no such schedule, or the warm-up does not fit.
    """
    if settings.schedule not in SCHEDULES:
        raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, got {settings.schedule!r}")
    warmup = checked_count(settings.warmup, "warmup", least=0)
    if warmup and (settings.schedule != "cosine" or warmup >= settings.epochs):
        raise ValueError(f"warmup is for schedule='cosine', and less than epochs={settings.epochs}, got {warmup}")
    if settings.schedule == "constant":
        return settings.learning_rate
    if settings.schedule == "coslog4":
        return Coslog(settings.learning_rate, settings.epochs * steps, cycles=4)
    decay_steps = (settings.epochs - warmup) * steps
    if not warmup:
        return CosineDecay(settings.learning_rate, decay_steps)
    return CosineDecay(0.0, decay_steps, warmup_target=settings.learning_rate, warmup_steps=warmup * steps)
