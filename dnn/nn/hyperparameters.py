"""What a number that a person chooses may be: each check returns it, or says what was wanted and what it got."""

import numpy as np


def checked_number(value: float, name: str) -> float:
    """The value as a float. Raises: TypeError for what is no number."""
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return float(value)


def checked_positive(value: float, name: str) -> float:
    """The value. Raises: TypeError for what is no number, ValueError for one that is not positive and finite."""
    if not 0 < checked_number(value, name) < float("inf"):
        raise ValueError(f"{name} must be positive, got {value}")
    return float(value)


def checked_not_negative(value: float, name: str) -> float:
    """The value. Raises: TypeError for what is no number, ValueError for one that is negative or not finite."""
    if not 0 <= checked_number(value, name) < float("inf"):
        raise ValueError(f"{name} must be a number of 0 or more, got {value}")
    return float(value)


def checked_below_one(value: float, name: str) -> float:
    """The value. Raises: TypeError for what is no number, ValueError for one outside [0, 1)."""
    if not 0 <= checked_number(value, name) < 1:
        raise ValueError(f"{name} must be in [0, 1), got {value}")
    return float(value)


def checked_fraction(value: float, name: str) -> float:
    """The value. Raises: TypeError for what is no number, ValueError for one outside [0, 1]."""
    if not 0 <= checked_number(value, name) <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value}")
    return float(value)


def checked_count(value: int, name: str, least: int = 1) -> int:
    """The value. Raises: ValueError unless it is an integer of `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be an integer of {least} or more, got {value!r}")
    return int(value)
