"""Numerics of a step: what each layer returns, the loss and the gradients, and where the first NaN or infinity is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.html_table import small_table
from dnn.nn.input_spec import weights_dtype
from dnn.nn.modules import counted_noun, local_variable, parts_by_path
from dnn.nn.noted_outputs import NotedOutput, noted_outputs
from dnn.nn.protocols import LossLike, OptimizerLike, TensorLike
from dnn.nn.regularizers import penalty
from dnn.train.epoch import takes_epochs
from dnn.train.members import objective, training_logits
from dnn.train.rows import Rows
from dnn.train.variable_values import read_values, restored, variables_of

HEADER = ("", "min", "max", "NaN", "infinite", "")
MARK = "<- first that is not finite"


class TensorRange(NamedTuple):
    """The range of a tensor: its least and largest finite number, NaN if it has none; and the numbers that are not."""

    name: str
    shape: tuple[int, ...]
    min: float
    max: float
    nans: int
    infinities: int

    @property
    def finite(self) -> bool:
        """Whether it has neither a NaN nor an infinity."""
        return not (self.nans or self.infinities)

    def cells(self) -> tuple[str, ...]:
        """Return name, min, max and counts as text."""
        return self.name, f"{self.min:.4g}", f"{self.max:.4g}", f"{self.nans:,}", f"{self.infinities:,}"

    def __str__(self) -> str:
        counts = [(self.nans, f"{self.nans:,} NaN"), (self.infinities, f"{self.infinities:,} infinite")]
        found = " and ".join(text for count, text in counts if count)
        return f"{self.name}, {found} of {counted_noun(int(np.prod(self.shape)), 'number')}"


@dataclass(frozen=True)
class Numerics:
    """What `debug_numerics` found; a notebook shows it as a table.

    Args:
        ranges: of each tensor, in the order in which a step computes them.
    """

    ranges: tuple[TensorRange, ...]

    @property
    def first(self) -> TensorRange | None:
        """The first tensor that is not finite; None if all are."""
        return next((each for each in self.ranges if not each.finite), None)

    def _cells(self) -> list[tuple[str, ...]]:
        first = self.first
        return [(*each.cells(), MARK if each is first else "") for each in self.ranges]

    def __repr__(self) -> str:
        rows = [HEADER, *self._cells()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for name, *numbers, mark in rows:
            cells = (cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True))
            lines.append("  ".join([name.ljust(widths[0]), *cells, mark]).rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return small_table(HEADER, self._cells())


def debug_numerics(
    model: tf.Module,
    batch: Any,
    loss: LossLike | None = None,
    optimizer: OptimizerLike | None = None,
    *,
    training: TensorLike | None = None,
) -> Numerics:
    """Show where a NaN or an infinity begins: the range of each layer's output, of the loss and of the gradients.

    The rows of the table are in the order of a step: the inputs, what each module in the model returns when it is
    called, the loss; then backwards, the gradient of the mean loss by each of these and by the variables; and with an
    optimizer, the variables after a step. So the first that is marked is the cause or next to it: if the gradient by
    the output of a layer is finite, and that by the output of the layer before is not, the former layer's derivative
    makes the NaN. A variable that is not finite before is listed too, before the outputs.

    Nothing is changed: a step is undone. Keras and PyTorch have no such table; `tf.debugging.enable_check_numerics`
    names the operation, not the layer.

    Args:
        model: any `tf.Module` that can be called. Its modules are seen in their calls, a `Sequential`'s functions too.
        batch: x, float[batch, features]; or (x, y) or (x, y, weights), as `fit` takes them. NaN is allowed.
        loss: (labels, logits) -> float[batch]. None: only outputs are shown.
        optimizer: has `parameters` and `apply(gradients)`. None: no step is taken.
        training: None: the model is called as in prediction. A key (seed, epoch, step): as in that step of
            `fit(seed=seed)`.

    Returns:
        The ranges; `first` is the first that is not finite, `repr` the table.

    Raises:
        ValueError: If a loss is given, and the batch has no labels.

    Example:
        >>> model = dnn.Sequential([dnn.Dense(1, 2, seed=0), tf.math.log])
        >>> debug_numerics(model, [[0.0], [1.0]])
                                      min      max  NaN  infinite
        x                               0        1    0         0
        output of layers/0 Dense  -0.8174   0.5827    0         0
        output of layers/1 log    -0.5401  -0.5401    1         2  <- first that is not finite
    """
    x, y, weights = (*batch, None, None)[:3] if isinstance(batch, tuple) else (batch, None, None)
    if loss is not None and y is None:
        raise ValueError("the loss needs labels: give the batch as (x, y)")
    x = tf.convert_to_tensor(np.asarray(x), weights_dtype(model)) if not tf.is_tensor(x) else x
    weights = None if weights is None else tf.convert_to_tensor(np.asarray(weights), x.dtype)
    rows = Rows(x, None if y is None else _targets(y, x.dtype), weights)
    key = None if training is None else tf.convert_to_tensor(training, tf.int32)
    return step_numerics(model, rows, loss, optimizer, key)


def step_numerics(
    model: Any, batch: Rows, loss: LossLike | None, optimizer: OptimizerLike | None, key: tf.Tensor | None
) -> Numerics:
    """Return the ranges of a step as `debug_numerics` does; the batch as `train_step` takes it."""
    everything = [*model.variables, *(variables_of(optimizer) if optimizer else ())]
    with restored(everything):
        found = [tensor_range("x", batch.x), *_not_finite(model)]
        with noted_outputs(model) as notes, tf.GradientTape() as tape:
            tape.watch([local_variable(v) for v in model.trainable_variables if v.dtype.is_floating])
            rows, logits = training_logits(model, batch, key)
            losses = loss(rows.y, logits) if loss else None
            addend = penalty(model)
            mean = None if losses is None else objective(model, losses, rows) + tf.cast(addend, losses.dtype)
        names = _output_names(notes)
        outputs = dict(zip(names, (note.value for note in notes), strict=True))
        if not any(value is logits for value in outputs.values()):
            outputs["output of the model"] = logits
        found += [tensor_range(name, value) for name, value in outputs.items()]
        if mean is not None:
            scalars = {"loss of a row": losses, "penalty": addend, "mean loss": mean}
            found += [tensor_range(name, each) for name, each in scalars.items() if name != "penalty" or each != 0]
            parameters = list(optimizer.parameters if optimizer else model.trainable_variables)
            found += _backward(model, tape, mean, outputs, notes, parameters, optimizer)
    return Numerics(tuple(found))


def _backward(
    model: tf.Module,
    tape: tf.GradientTape,
    mean: tf.Tensor,
    outputs: dict[str, tf.Tensor],
    notes: Sequence[NotedOutput],
    parameters: Sequence[tf.Variable],
    optimizer: OptimizerLike | None,
) -> list[TensorRange]:
    """Return the ranges of the gradients, from the last output to the first, each layer's variables after its own.

    With an optimizer, those of the parameters after its step too.
    """
    by_output, by_parameter = tape.gradient(mean, [list(outputs.values()), [*map(local_variable, parameters)]])
    gradients = dict(zip(map(id, parameters), by_parameter, strict=True))
    names = parameter_names(model, parameters)
    found, shown = [], set[int]()
    for index, (name, gradient) in reversed([*enumerate(zip(outputs, by_output, strict=True))]):
        if gradient is not None:
            found.append(tensor_range(f"gradient by {name}", gradient))
        own = [p for p in parameters if index < len(notes) and names[id(p)].rpartition("/")[0] == notes[index].path]
        found += [each for p in own if id(p) not in shown for each in _gradient_of(p, names, gradients)]
        shown.update(map(id, own))
    found += [each for p in parameters if id(p) not in shown for each in _gradient_of(p, names, gradients)]
    if optimizer and not takes_epochs(optimizer) and all(gradient is not None for gradient in by_parameter):
        optimizer.apply(by_parameter)
        found += [tensor_range(f"{names[id(p)]} after the step", p) for p in parameters]
    return found


def _gradient_of(p: tf.Variable, names: dict[int, str], gradients: dict[int, Any]) -> list[TensorRange]:
    gradient = gradients[id(p)]
    return [] if gradient is None else [tensor_range(f"gradient by {names[id(p)]}", tf.convert_to_tensor(gradient))]


def parameter_names(model: tf.Module, variables: Iterable[tf.Variable]) -> dict[int, str]:
    """Return the path of each variable in the model, by its id; the name of one that the model does not have."""
    paths = {id(part): path for path, part in reversed([*parts_by_path(model)])}
    return {id(each): paths.get(id(each), each.name.removesuffix(":0")) for each in variables}


def tensor_range(name: str, value: Any) -> TensorRange:
    """Return the range of a tensor's numbers."""
    value = tf.convert_to_tensor(value)
    numbers = tf.cast(value, tf.float64).numpy()
    finite = numbers[np.isfinite(numbers)]
    least, greatest = (finite.min(), finite.max()) if finite.size else (np.nan, np.nan)
    nans, infinities = int(np.isnan(numbers).sum()), int(np.isinf(numbers).sum())
    return TensorRange(name, tuple(value.shape), float(least), float(greatest), nans, infinities)


def _not_finite(model: tf.Module) -> list[TensorRange]:
    """Return the ranges of the variables that are not finite, before the step."""
    floats = [each for each in model.variables if each.dtype.is_floating]
    names = parameter_names(model, floats)
    ranges = [tensor_range(names[id(each)], value) for each, value in zip(floats, read_values(floats), strict=True)]
    return [each for each in ranges if not each.finite]


def _output_names(notes: Sequence[NotedOutput]) -> list[str]:
    """Return a name for each output, with its number where a module returned several times."""
    plain = [f"output of {note.path} {note.type}" if note.path else f"output of {note.type}" for note in notes]
    times = [plain[:index].count(name) + 1 for index, name in enumerate(plain)]
    return [name if time == 1 else f"{name} ({time})" for name, time in zip(plain, times, strict=True)]


def _targets(y: npt.ArrayLike, dtype: tf.DType) -> tf.Tensor:
    """Return class numbers as int32, as `fit` does, and other targets in the dtype of x."""
    y = np.asarray(y)
    return tf.convert_to_tensor(y, dtype if y.dtype.kind == "f" else tf.int32)
