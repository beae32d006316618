"""The maps of a recorded step: its tensors, their gradients with finite differences, what the optimizer keeps."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.data.feature_origins import Origin
from dnn.inspection.maps import Map, as_matrix, matrix_shape, most_of_an_axis, shown_indices
from dnn.inspection.record import RecordedStep, class_probabilities, nested
from dnn.nn.losses import sparse_softmax_cross_entropy

Array = npt.NDArray[Any]


class Names(NamedTuple):
    """What rows and columns are called.

    cells: the table's cells by column, for each step a list; of a wide table evenly spaced columns. columns: how many
    the table has. origins: how cells became features, for each step.
    """

    features: list[str]
    classes: list[str]
    cells: dict[str, list[list[Any]]]
    columns: int
    origins: list[list[Origin]]


def all_maps(records: Sequence[RecordedStep], names: Names) -> Iterator[Map]:
    """Yield the maps: values and gradients of all tensors, softmax, and what the optimizer makes of each parameter."""
    first = records[0]
    arrays = {name: [_numpy(record.values[name]) for record in records] for name in first.values}
    most = most_of_an_axis(each[0].shape for each in arrays.values())

    def made(tensor: str, part: str, each: list[Array], title: str, checks: list[Array]) -> Map:
        return _map(tensor, part, each, title, checks, most, names, first)

    for name, each in arrays.items():
        yield made(name, "value", each, name, [])
        if name in first.gradients:
            gradients = [record.gradients[name] for record in records]
            yield made(
                name, "gradient", gradients, f"∂L/∂{name}", [record.slopes[name] for record in records if record.slopes]
            )
    for name in first.gradients:
        if name not in arrays:
            yield made(name, "gradient", [record.gradients[name] for record in records], f"∂L/∂{name}", [])
    if arrays[first.step.logits][0].shape[-1] > 1 and "cross_entropy" in getattr(_loss_of(first), "__name__", ""):
        for name in ("shifted", "probabilities"):
            yield made(name, "value", [class_probabilities(record)[name] for record in records], name, [])
    for name in first.updates:
        updates = [record.updates[name] for record in records]
        for slot in updates[0].slots_after:
            before = [update.slots_before[slot] for update in updates]
            if any(map(np.any, before)):
                yield made(name, f"{slot} before", before, f"{slot} of {name} before", [])
            yield made(name, slot, [u.slots_after[slot] for u in updates], f"{slot} of {name}", [])
        yield made(name, "change", [u.after - u.before for u in updates], f"change of {name}", [])
        yield made(name, "new", [u.after for u in updates], f"new {name}", [])


def origin_texts(origins: Sequence[Origin], shown: Map) -> list[str]:
    """Return how the features that a map of x shows were made, row by row."""
    rows, columns = _shown(shown)
    by_row = [[text for origin in origins for text in origin.features[row]] for row in rows]
    return [texts[column] for texts in by_row for column in columns]


def shown_numbers(array: Array, shown: Map) -> Array:
    """Return the numbers of an array of a map's shape that the map shows."""
    rows, columns = _shown(shown)
    return as_matrix(array.reshape(shown.shape))[np.ix_(rows, columns)]


def truth(record: RecordedStep, shown: Map) -> Array | None:
    """Return 1 for the class of each row and 0 for the others, of the logits that a map shows.

    None where the loss is not softmax's cross-entropy of class numbers.
    """
    loss = next(each for each in record.step.operations if each.output == "losses")
    if loss.piece is not sparse_softmax_cross_entropy or len(shown.shape) != 2:
        return None
    labels = np.asarray(loss.function.args[0])  # type: ignore[attr-defined]  # functools.partial of the loss
    return shown_numbers(np.eye(shown.shape[1])[labels], shown)


def update_parts(record: RecordedStep) -> dict[str, list[str]]:
    """Return for each part of an update the parts that it is made of."""
    slots = [*dict.fromkeys(slot for update in record.updates.values() for slot in update.slots_after)]
    of_slots = {slot: ["gradient", f"{slot} before"] for slot in slots}
    *_, inner = nested(record.optimizer)  # a wrapper's averages are made of the weights, not the weights of them
    own = [slot for slot in slots if hasattr(inner, slot)]
    return {**of_slots, "change": own or ["gradient"], "new": ["value", "change"]}


def _shown(shown: Map) -> tuple[Array, Array]:
    """Return the indices of the rows and columns that a map shows."""
    count, width = matrix_shape(shown.shape)
    return shown_indices((count, 1), len(shown.rows))[0], shown_indices((1, width), len(shown.columns))[1]


def _map(
    tensor: str,
    part: str,
    each: list[Array],
    title: str,
    checks: list[Array],
    most: int,
    names: Names,
    first: RecordedStep,
) -> Map:
    shape = (len(each[0]), 1) if tensor == "losses" else each[0].shape
    rows, columns = shown_indices(matrix_shape(shape), most)
    numbers = [as_matrix(array.reshape(shape))[np.ix_(rows, columns)] for array in each]
    labels = _labels(tensor, first, names, matrix_shape(shape)[1])
    by_rows = len(shape) == 2 and tensor not in first.step.variables
    row_labels = [f"row {row + 1}" if by_rows else _row_label(tensor, shape, first, names, int(row)) for row in rows]
    return Map(
        f"{tensor}:{part}",
        title,
        tensor,
        part,
        row_labels,
        [labels[column] for column in columns],
        numbers,
        checks,
        shape,
    )


def _labels(tensor: str, first: RecordedStep, names: Names, count: int) -> list[str]:
    """Return what each column is: "" where there is one, which needs no index."""
    if tensor == "x":
        return names.features
    last = next((each for each in first.step.operations if each.output == first.step.logits), None)
    of_classes = last.inputs[1:] if last is not None and last.kind == "dense" else ()
    if tensor in (first.step.logits, "shifted", "probabilities", *of_classes):
        return names.classes
    if tensor in ("losses", "mean") or tensor.endswith("/penalty"):
        return [""] * count
    return [f"unit {index + 1}" for index in range(count)]


def _row_label(tensor: str, shape: tuple[int, ...], first: RecordedStep, names: Names, row: int) -> str:
    """Return what a row of a weight is: for the first kernel, a feature; "" for a vector, which has no rows."""
    if len(shape) < 2:
        return ""
    reads_x = any(o.kind == "dense" and o.inputs[0] == "x" and o.inputs[1] == tensor for o in first.step.operations)
    return names.features[row] if reads_x else f"input {row + 1}"


def _numpy(value: Any) -> Array:
    array: Array = value.numpy()
    return array.astype(np.float32) if array.dtype.itemsize < 4 else array


def _loss_of(record: RecordedStep) -> Any:
    piece = next(operation.piece for operation in record.step.operations if operation.output == "losses")
    return getattr(piece, "func", piece)
