"""Where an axis has its ticks, and how they are written."""

from math import ceil, floor, log10

FACTORS, WHOLE_FACTORS = (1, 2, 2.5, 5, 10), (1, 2, 5, 10)
NEAR = 1e-9  # of a step: a tick that misses the end of an axis by rounding alone is drawn
PLAIN = 1e-4, 1e6  # between these, numbers are written without an exponent


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Return round numbers that are evenly spaced, from one end of an axis to the other.

    Args:
        low: The lower end.
        high: The upper end, above it.
        most: Ticks, about.
        whole: Whether they must be whole numbers.

    Returns:
        Multiples of 1, 2, 2.5 or 5 times a power of ten.

    Example:
        >>> ticks(-0.3, 1.1, 4), ticks(1, 3, 8, whole=True)
        ([0.0, 0.5, 1.0], [1.0, 2.0, 3.0])
    """
    least = max((high - low) / most, 1.0 if whole else 0.0)
    power = 10.0 ** floor(log10(least))
    step = power * next(each for each in (WHOLE_FACTORS if whole else FACTORS) if power * each >= least * (1 - NEAR))
    first, last = ceil(low / step - NEAR), floor(high / step + NEAR)
    return [number * step for number in range(first, last + 1)]


def tick_labels(values: list[float]) -> list[str]:
    """Return ticks as they are written, all with the same number of digits.

    Args:
        values: What `ticks` returned.

    Returns:
        The numbers with a true minus sign, and an exponent where they are very large or very small.

    Example:
        >>> tick_labels([-0.5, 0.0, 0.5]), tick_labels([0.0, 2e6, 4e6])
        (['−0.5', '0.0', '0.5'], ['0', '2e6', '4e6'])
    """
    largest = max(map(abs, values), default=0.0)
    if not PLAIN[0] <= largest < PLAIN[1] and largest:
        return [_with_exponent(value) for value in values]
    digits = next((n for n in range(12) if all(abs(round(each, n) - each) <= NEAR * largest for each in values)), 12)
    return [_signed(f"{round(value, digits) + 0:.{digits}f}") for value in values]


def _with_exponent(value: float) -> str:
    mantissa, _, exponent = f"{value:.10g}".partition("e") if value == 0 else f"{value:.9e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return _signed(f"{mantissa}e{int(exponent)}" if exponent else mantissa)


def _signed(text: str) -> str:
    return text.replace("-", "−")
