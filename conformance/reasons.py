"""Why a row's error is well below Keras's, or above it, or large: one line each, the first that fits."""

from fnmatch import fnmatchcase

from conformance.piece import Row

HALF = ("bfloat16", "float16")
ALL = (*HALF, "float32", "float64")
LIMITS = "has its limits at ±∞, where Keras has NaN"
LOSES_TINY = "keeps the digits of tiny values: Keras holds a 1 beside them, and gives 0"
ROUNDED_ONCE = "is computed in float64 and rounded once"
ROUNDED_CONSTANTS = "Keras rounds its factors to float32, for float64 too"
MASTERS = "trains a float32 copy, with float32 slots: what a step adds is not lost in 8 digits"

# piece, of it, inputs, dtypes, why the error is less than half of Keras's
STRICTER = (
    (
        "relu, leaky and bounded",
        "derivative",
        "extreme",
        ALL,
        "is that of the left side at 0: Keras's is 0, that of neither side",
    ),
    ("gelu, approximate", "derivative", "extreme", ALL, "has its limits far out and at ±∞, where Keras has NaN"),
    ("gelu*", "*", "extreme", ALL, LIMITS),
    ("silu", "*", "extreme", ALL, LIMITS),
    *(
        (name, "derivative", "*", ALL, "is α eˣ below 0: Keras's is the value + α, which cancels")
        for name in ("elu", "selu")
    ),
    *((name, "value", "*", ALL, "is by expm1 where x is near 0: Keras's eˣ − 1 cancels") for name in ("elu", "selu")),
    ("sigmoid", "derivative", "*", ALL, "is s(x) s(−x): Keras's s (1 − s) cancels"),
    ("tanh", "derivative", "*", ALL, "is by e^(−2|x|): Keras's 1 − tanh² cancels"),
    ("gelu, approximate", "*", "*", ALL, "is by the sigmoid: Keras's 1 + tanh cancels below 0"),
    ("gelu", "*", "*", ("float64",), "Keras's √2 is a float32, for float64 too"),
    ("gelu", "value", "*", HALF, "is by erfc, in float32, rounded once: Keras's 1 + erf cancels below 0"),
    ("leaky_relu", "*", "*", ("float64",), ROUNDED_CONSTANTS),
    ("L1*", "*", "*", ("float64",), ROUNDED_CONSTANTS),
    ("L2", "*", "*", ("float64",), ROUNDED_CONSTANTS),
    ("sigmoid", "value", "*", ("float32", "float64"), "is by TensorFlow's exp, which errs less than its sigmoid"),
    ("silu", "*", "*", ("float32", "float64"), "is by TensorFlow's exp, which errs less than its sigmoid"),
    ("tanh", "value", "*", ("float32", "float64"), "is by exp from 1/2 on, which errs less than TensorFlow's tanh"),
    ("softplus", "*", "*", ("float32", "float64"), "is by log1p and exp, which err less than TensorFlow's softplus"),
    ("sparse cross-entropy", "*", "confident", ALL, LOSES_TINY),
    ("cross-entropy", "*", "confident", ALL, LOSES_TINY),
    ("*softmax", "*", "*", (*HALF, "float32"), ROUNDED_ONCE),
    ("binary cross-entropy, *", "value", "*", ("float64",), "has only terms >= 0, of which nothing cancels"),
    ("*cross-entropy*", "*", "*", (*HALF, "float32"), ROUNDED_ONCE),
    ("mean squared error", "*", "*", (*HALF, "float32"), ROUNDED_ONCE),
    ("Dense", "gradient by bias", "*", ALL, "Keras's sum over the batch goes through another kernel, of more rounding"),
    (
        "*Normalization",
        "*",
        "*",
        ("float32", "float64"),
        "takes the mean from x first, and then what the mean was "
        "rounded by: the digits of Keras's x·a + (β − mean·a) cancel",
    ),
    ("*Normalization", "moving *", "*", HALF, "keeps the averages in float32"),
    ("weighted_mean", "*", "extreme", ALL, "a row of weight 0 costs nothing, even if its loss is ∞: Keras has NaN"),
    ("top_k_accuracy*", "*", "ties", ALL, "of equal logits the first come first: Keras lets all of them in"),
    ("roc_auc", "*", "*", ALL, "is exact, from the order of the rows: Keras sums over 200 thresholds, in float32"),
    ("average_precision", "*", "*", ALL, "is exact, of the distinct scores: Keras interpolates between 200 thresholds"),
    ("expected_calibration_error", "*", "*", ALL, "Keras has none"),
    ("maxout", "*", "*", ALL, "Keras has none"),
    *(
        (name, "value", "*", ALL, "is counted in whole numbers or summed in float64: Keras sums in float32")
        for name in ("precision", "recall", "f1", "log_loss", "brier_score")
    ),
    ("*Decay*", "rate", "*", ALL, "is computed in float64, Keras's in float32"),
    ("*", "parameter", "*", ("float64",), ROUNDED_CONSTANTS),
    ("SGD, averaged", "parameter", "*", HALF, "trains a float32 copy, and keeps the averages in float32"),
    ("*", "parameter", "*", HALF, MASTERS),
    ("*", "*", "*", HALF, "is computed in float32 and rounded once"),
)

# why the error is above Keras's
RED = (
    ("*label_smoothing*", "value", "*", ("float64",), "by as many roundings, in another order"),
    (
        "*cross-entropy*",
        "value",
        "*",
        ("float64",),
        "by TensorFlow's float64 log1p, which errs by up to 2.2 last "
        "places, and which a tiny loss needs; no dtype is wider",
    ),
    (
        "*softmax",
        "gradient",
        "*",
        ("float64",),
        "TensorFlow derives it from e / Σ e; Keras has a kernel for p (u − Σ u p)",
    ),
    ("softmax", "value", "*", ("bfloat16",), "TensorFlow rounds float64 to bfloat16 by way of float32"),
    (
        "*Normalization",
        "*",
        "ordinary",
        ("float32", "float64"),
        "by as many roundings, in another order; of x with a large mean Keras's error is hundreds of times ours",
    ),
    ("Dropout", "value", "*", ("float64",), "divides by 1 − rate, where Keras multiplies by 1 / (1 − rate)"),
)

# why the error is more than 20 units
LARGE = (
    (
        "gelu*",
        "*",
        "*",
        ALL,
        "far below 0 it is an exponential: each rounding of its exponent counts as many times as the exponent is large",
    ),
    (
        "RMSprop, centered",
        "*",
        "*",
        ALL,
        "v − a² cancels where the gradients are alike, in Keras too: the step is divided by the root of what is left",
    ),
    (
        "Adam*",
        "*",
        "*",
        ("float32",),
        "1 − β₂ᵗ in float32 is off by a hundred-thousandth in the first hundreds of "
        "steps, in Keras too, and the steps add it up",
    ),
    ("Adam*", "*", "10,000 steps", ("float64",), "the roundings of 10,000 steps add up"),
)


def reason(row: Row) -> str:
    """Why the row is red, or stricter than Keras by more than a factor of two; and why its error is large."""
    compared = _first_that_fits(RED if row.is_red else STRICTER if row.is_stricter else (), row)
    return "; ".join(why for why in (compared, why_large(row)) if why)


def why_large(row: Row) -> str:
    """Why our error is more than 20 units; nothing if it is not."""
    return _first_that_fits(LARGE if row.is_large else (), row)


def _first_that_fits(rules, row: Row) -> str:
    return next((why for *patterns, dtypes, why in rules if _fits(row, patterns, dtypes)), "")


def _fits(row: Row, patterns, dtypes) -> bool:
    named = zip((row.piece, row.part, row.domain), patterns, strict=True)
    return row.dtype in dtypes and all(fnmatchcase(name, pattern) for name, pattern in named)
