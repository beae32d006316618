"""What the script of a step's page reads: the maps, how they depend on each other, and the numbers of each step."""

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from dnn.inspection.maps import Map, matrix_shape
from dnn.inspection.operations import Operation
from dnn.inspection.record import RecordedStep
from dnn.inspection.step_maps import Names, origin_texts, shown_numbers, truth, update_parts
from dnn.inspection.update_rules import update_decays, update_rules, update_steps
from dnn.nn.modules import function_name

Array = npt.NDArray[Any]


def step_data(records: Sequence[RecordedStep], maps: dict[str, Map], names: Names) -> dict[str, Any]:
    """Return the maps, the operations between their tensors, the optimizer's rules, and the numbers of each step."""
    fields = ("id", "title", "tensor", "part", "rows", "columns")
    return {
        "maps": [{name: getattr(each, name) for name in fields} for each in maps.values()],
        "operations": [
            {"output": each.output, "inputs": each.inputs, "kind": each.kind, "function": function_name(each.piece)}
            for each in _operations_shown(records[0], maps)
        ],
        "sizes": {each.tensor: matrix_shape(each.shape) for each in maps.values()},
        "update_parts": update_parts(records[0]),
        "logits": records[0].step.logits,
        "counts": [len(record.values["losses"]) for record in records],
        "rules": [update_rules(record) for record in records],
        "steps": [_numbers(maps, index) | _unseen(maps, record) for index, record in enumerate(records)],
        "origins": [origin_texts(each, maps["x:value"]) for each in names.origins],
    }


def _numbers(maps: dict[str, Map], index: int) -> dict[str, Array]:
    numbers = {each.id: each.numbers[index] for each in maps.values()}
    return numbers | {f"{each.id}:difference": each.slopes[index] for each in maps.values() if each.slopes}


def _unseen(maps: dict[str, Map], record: RecordedStep) -> dict[str, Array]:
    """Return numbers that no map shows: the step of each weight, and the true class of each row of the logits."""
    named = {"step": update_steps(record), "decay": update_decays(record)}
    steps = {
        f"{name}:{part}": shown_numbers(array, maps[f"{name}:new"])
        for part, arrays in named.items()
        for name, array in arrays.items()
    }
    true = truth(record, maps[f"{record.step.logits}:value"])
    return steps if true is None else steps | {"truth": true}


def _operations_shown(record: RecordedStep, maps: dict[str, Map]) -> list[Operation]:
    """Return the operations, and the two that lead to probabilities, which the step takes in one."""
    if "shifted:value" not in maps:
        return record.step.operations
    shift = Operation("shifted", tuple, (record.step.logits,), "row", tuple, "")
    return [*record.step.operations, shift, Operation("probabilities", tuple, ("shifted",), "row", tuple, "")]
