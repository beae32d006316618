"""How a table becomes features, as the settings say it: what `Classifier`, `Regressor` and `dnn train` share."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy.typing as npt

from dnn.data.bin_edges import checked_bins
from dnn.data.features import NONE, Features
from dnn.data.scale import ScaleLearner
from dnn.data.scale_choice import scale_learner
from dnn.data.table import Column


class FeatureChoice(NamedTuple):
    """The settings by which features are learnt; each is that of `Features`, but scales may be names.

    Args:
        scale: A name of `SCALES`, or a function that learns a scale.
        bins: Most bins of a column, for "piecewise" and "piecewise_tree".
        column_scale: The same as `scale` for single columns, by name.
        missing_indicator: As in `Features`.
        min_count: As in `Features`.
        ordinal: As in `Features`.
    """

    scale: str | ScaleLearner
    bins: int
    column_scale: Mapping[str, str | ScaleLearner] | None = None
    missing_indicator: bool = False
    min_count: int = 1
    ordinal: Mapping[str, Sequence[str]] | None = None

    def learn(self, columns: Mapping[str, Column], target: npt.ArrayLike, *, regression: bool) -> Features:
        """Learn the features of training rows.

        Args:
            columns: [rows] by name.
            target: [rows], class numbers or amounts, for bins from a tree.
            regression: Whether the target is amounts.

        Returns:
            The features.

        Raises:
            ValueError: If a setting is out of its range, or as `Features`.
        """
        bins = checked_bins(self.bins)

        def learner(choice: str | ScaleLearner) -> ScaleLearner:
            return scale_learner(choice, bins=bins, target=target, regression=regression)

        return Features(
            columns,
            scale=learner(self.scale),
            column_scale={name: learner(choice) for name, choice in (self.column_scale or NONE).items()},
            missing_indicator=self.missing_indicator,
            min_count=self.min_count,
            ordinal=self.ordinal or NONE,
        )
