"""The defaults stand once, and the options, the settings and config.json have the same names."""

import dataclasses
import json
from pathlib import Path

import pytest
import typer

from dnn.cli import app
from dnn.data.preprocess import SCALES
from dnn.settings import DEFAULTS, SCALE, SHARE, PrepareSettings, Scale, TrainSettings, default_target, for_json


@pytest.mark.parametrize(("name", "settings"), [("train", TrainSettings), ("prepare", PrepareSettings)])
def test_the_options_of_a_command_are_its_settings_with_the_defaults_of_training(name, settings):
    options = {option.name: option.default for option in typer.main.get_command(app).commands[name].params}
    fields = [field.name for field in dataclasses.fields(settings)]
    assert [option for option in options if option not in ("debug", "help")] == fields
    assert {field: options[field] for field in fields if field != "out"} == {
        field: getattr(DEFAULTS, field) for field in fields if field != "out"
    }


def test_the_settings_of_preparing_have_no_defaults_of_their_own():
    with pytest.raises(TypeError, match="missing 8 required keyword-only arguments"):
        PrepareSettings()


def test_the_defaults_are_those_of_the_article():
    """Two hidden layers of 30, batches of 100, at most 100 epochs, patience 2, Keras's Adam."""
    article = TrainSettings(hidden=[30, 30], batch_size=100, epochs=100, patience=2, learning_rate=0.001, min_delta=0.0)
    assert article == DEFAULTS
    assert SCALE is Scale.standardize
    assert pytest.approx(0.1) == SHARE


def test_each_scale_of_the_command_line_is_one_of_the_package():
    assert {scale.value for scale in Scale} == set(SCALES)
    assert {name: scale.__name__.lower() for name, scale in SCALES.items()} == {name: name for name in SCALES}


@pytest.mark.parametrize(
    ("names", "target"), [(["y", "deposit", "z"], "deposit"), (["y", "z"], "y"), (["a", "z"], "z"), ([], "")]
)
def test_the_default_target_is_deposit_or_y_or_the_last_column(names, target):
    assert default_target(names) == target


def test_settings_are_written_as_json_in_the_order_of_the_options():
    settings = TrainSettings(data=Path("x.csv"), scale=Scale.rescale, drop=["id"])
    written = json.loads(json.dumps(for_json(settings)))
    assert list(written) == [field.name for field in dataclasses.fields(TrainSettings)]
    assert written | {"data": "x.csv", "scale": "rescale", "drop": ["id"], "hidden": [30, 30], "out": None} == written
