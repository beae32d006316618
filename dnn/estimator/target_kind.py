"""What an estimator of classes does otherwise than one of amounts: the methods that each defines for its target."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy.typing as npt

from dnn.data.encoding import Encoding
from dnn.data.table import Column
from dnn.data.target_advice import Task
from dnn.estimator.network import Rows


class TargetKind(ABC):
    """Abstract: what a target of classes, or of amounts, needs of its own."""

    task: ClassVar[Task]

    @abstractmethod
    def evaluate_arrays(self, rows: Rows) -> tuple[dict[str, Any], npt.NDArray[Any]]:
        """Test on rows that are encoded already.

        Args:
            rows: As `encoded` returns.

        Returns:
            The figures by name, and what the network predicts: logits, or amounts.
        """

    @abstractmethod
    def evaluate_columns(self, columns: Mapping[str, Column], target: npt.NDArray[Any]) -> dict[str, Any]:
        """Test on columns as they were read.

        Args:
            columns: [rows] by name.
            target: [rows].

        Returns:
            The figures by name.
        """

    def learnt(self) -> dict[str, Any]:
        """Return what is kept besides the settings and the encoding.

        Returns:
            Plain values, for JSON.
        """
        return {}

    def _exported_threshold(self) -> float | None:
        return None

    @abstractmethod
    def __sklearn_tags__(self) -> Any: ...

    @abstractmethod
    def _learn_target(self, target: npt.NDArray[Any]) -> Any:
        """Return what is learnt of the training rows' target: `Labels` or `Amounts`."""

    @abstractmethod
    def _target_values(self, target: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the target in the form that `Labels` or `Amounts` take."""

    @abstractmethod
    def strata(self, target: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what has the same share in training and validation rows.

        Args:
            target: [rows], as it was read.

        Returns:
            int[rows], the class of each row; zeros for amounts.
        """

    @abstractmethod
    def _outputs(self, encoding: Encoding) -> int | None:
        """Return the number of classes; None for amounts."""

    def _weighted(self, encoding: Encoding, rows: Rows, validation: Rows | None) -> tuple[Rows, Rows | None]:
        return rows, validation
