"""When a checkpoint is kept. Nothing slow is imported here: the command asks before it imports TensorFlow."""

import re
from typing import NamedTuple


class Every(NamedTuple):
    """When the state is saved: after so many steps, epochs or minutes; or where it takes little time."""

    steps: int = 0
    epochs: int = 0
    minutes: float = 0.0


def checked_every(text: str | None) -> Every:
    """Return what "500 steps", "2 epochs" or "10 minutes" says. Raises: ValueError if it says none of these."""
    if text is None:
        return Every()
    match = re.fullmatch(r"\s*([\d.]+)\s*(step|epoch|minute)s?\s*", str(text))
    try:
        number = float(match[1]) if match else 0.0
    except ValueError:
        number = 0.0
    if not match or number <= 0 or (match[2] != "minute" and number != int(number)):
        raise ValueError(f"a checkpoint is kept every '500 steps', '2 epochs' or '10 minutes', got {text!r}")
    if match[2] == "minute":
        return Every(minutes=number)
    return Every(steps=int(number)) if match[2] == "step" else Every(epochs=int(number))
