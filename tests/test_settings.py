"""The defaults stand once: the options, the estimators and config.json have the same names and defaults."""

import dataclasses
import json
from pathlib import Path

import pytest
import typer

import dnn
from dnn.cli import app
from dnn.data.scale_choice import SCALES
from dnn.estimator import network
from dnn.presets import preset_of
from dnn.settings import (
    ACTIVATIONS,
    DEFAULTS,
    OPTIMIZERS,
    PrepareSettings,
    TrainSettings,
    default_target,
    for_json,
    listed,
    pairs,
)
from dnn.settings import SCALES as SCALE_NAMES

OF_THE_SCREEN = {"file", "config", "preset", "notes", "quiet", "json", "debug", "help"}


def plain(value):
    """Lists of the command line are tuples in Python, where what is not given may be None."""
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize(("name", "settings"), [("train", TrainSettings), ("prepare", PrepareSettings)])
def test_the_options_of_a_command_are_its_settings(name, settings):
    options = {option.name: option.default for option in typer.main.get_command(app).commands[name].params}
    fields = [field.name for field in dataclasses.fields(settings)]
    assert [option for option in options if option not in OF_THE_SCREEN] == fields
    made = settings()
    assert {field: options[field] for field in fields} == {field: getattr(made, field) for field in fields}


@pytest.mark.parametrize("estimator", [dnn.Classifier(), dnn.Regressor()])
def test_what_an_estimator_can_the_command_can_with_the_same_default(estimator):
    in_python = estimator.get_params()
    called = {"kinds": "kind"}
    for name, default in in_python.items():
        of_the_command = getattr(DEFAULTS, called.get(name, name))
        if name in (
            "scale",
            "bins",
            "min_count",
            "validation",
        ):  # None on the command line: a prepared folder has decided
            assert of_the_command is None
        else:
            assert plain(of_the_command) in (default, () if default is None else default)


def test_the_preset_of_the_article_is_the_article_s_network():
    """Two hidden layers of 30 relu units, standardised; batches of 100, at most 100 epochs, patience 2."""
    stated = {"hidden": (30, 30), "activation": "relu", "scale": "standardize", "batch_size": 100, "epochs": 100}
    stated |= {"patience": 2, "learning_rate": 0.001, "dropout": 0.0, "optimizer": "adam"}
    assert preset_of("article") == stated
    assert dnn.Classifier().validation == pytest.approx(0.1)


def test_each_name_of_the_command_line_stands_for_something():
    assert set(SCALE_NAMES) == set(SCALES)
    assert set(ACTIVATIONS) == set(network.ACTIVATIONS)
    assert set(OPTIMIZERS) == set(network.OPTIMIZERS)


@pytest.mark.parametrize(
    ("names", "target"), [(["y", "deposit", "z"], "deposit"), (["y", "z"], "y"), (["a", "z"], "z"), ([], "")]
)
def test_the_default_target_is_deposit_or_y_or_the_last_column(names, target):
    assert default_target(names) == target


def test_settings_are_written_as_json_in_the_order_of_the_options():
    settings = TrainSettings(data=Path("x.csv"), scale="rescale", drop=["id"])
    written = json.loads(json.dumps(for_json(settings)))
    assert list(written) == [field.name for field in dataclasses.fields(TrainSettings)]
    assert written | {"data": "x.csv", "scale": "rescale", "drop": ["id"], "hidden": [30, 30], "out": None} == written


def test_a_list_may_be_repeated_or_separated_by_commas():
    assert listed(["a,b", "c", ""]) == ["a", "b", "c", ""]


def test_a_pair_is_cut_at_its_last_sign():
    assert pairs(["a=b=category"], "--kind") == {"a=b": "category"}
    with pytest.raises(ValueError, match="--kind must be NAME=VALUE, got 'a'"):
        pairs(["a"], "--kind")
