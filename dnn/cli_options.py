"""A settings class becomes the options of a command: name, type, default, bounds and help stand in the class alone."""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from dnn.control import plain_lines
from dnn.files.json_files import parsed_json
from dnn.presets import preset_of

NUMBER = re.compile(r"-?\d+(\.\d+)?")
NUMBERS, NAMES = (
    ("--hidden", "--cost"),
    ("--drop", "--missing", "--kind", "--class-weight", "--keep", "--column-scale", "--ordinal"),
)


WrongUse: Any = typer.BadParameter.__base__  # UsageError, of the click that typer uses


class PlainErrors(TyperGroup):
    """Shows wrong words of a command line, as the name of a file may be, without control characters."""

    def make_context(self, *given: Any, **more: Any) -> Any:
        with _plain_message():
            return super().make_context(*given, **more)

    def invoke(self, ctx: Any) -> Any:
        with _plain_message():
            return super().invoke(ctx)


@contextmanager
def _plain_message() -> Iterator[None]:
    try:
        yield
    except WrongUse as error:
        error.message = plain_lines(error.message).removeprefix("Value error, ")  # of typer
        raise


class SeveralValues(TyperCommand):
    """Lets `--hidden 64 32` mean `--hidden 64 --hidden 32`: in click an option takes one value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        repeated: list[str] = []
        option = ""
        for arg in args:
            if repeated and repeated[-1] == option and option in NUMBERS and not NUMBER.fullmatch(arg):
                raise typer.BadParameter(f"{arg!r} is not a number", param_hint=option)
            if arg.startswith("--"):
                option = arg
            elif repeated and repeated[-1] != option and _is_another(option, arg):
                repeated.append(option)
            repeated.append(arg)
        return super().parse_args(ctx, repeated)


def _is_another(option: str, arg: str) -> bool:
    """Whether an argument is one more value of the option that was named last, and not the file of the command."""
    if option in NUMBERS:
        return NUMBER.fullmatch(arg) is not None
    return option in NAMES and not arg.startswith("-") and not Path(arg).is_file()


def options_of(settings: type, **more: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a function of **values the signature that typer reads: an option for each field, then `more`.

    Args:
        settings: A dataclass whose fields are declared by `dnn.settings.option`.
        **more: Further parameters, name -> (annotation, default).
    """
    declared = {
        each.name: (_annotation(each, panel_of(settings, each.name)), _default(each)) for each in fields(settings)
    }
    declared |= more

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        keyword = inspect.Parameter.KEYWORD_ONLY
        command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what typer and inspect read
            [
                inspect.Parameter(name, keyword, default=default, annotation=annotation)
                for name, (annotation, default) in declared.items()
            ]
        )
        command.__annotations__ = {name: annotation for name, (annotation, _) in declared.items()}
        return command

    return decorate


def panel_of(settings: type, name: str) -> str:
    """Return the heading of an option in --help: the first words of the docstring of the class that declares it."""
    owner = next(base for base in settings.__mro__ if name in vars(base).get("__annotations__", {}))
    return str(owner.__doc__).partition(".")[0]


def _annotation(each: Any, panel: str) -> Any:
    given = dict(each.metadata)
    shown = {"show_default": given["show_default"]} if "show_default" in given else {}
    bounds = {name: given[name] for name in ("min", "max") if name in given}
    kind = each.type
    if "choices" in given:
        kind = choice_of(given["choices"])
        kind = kind | None if each.default is None else kind
    return Annotated[kind, typer.Option(help=given["help"], rich_help_panel=panel, **shown, **bounds)]


def _default(each: Any) -> Any:
    return each.default_factory() if each.default is MISSING else each.default


def choice_of(choices: Sequence[str]) -> Any:
    """Return the type by which typer takes one of some strings."""
    return Enum("Choice", [(name, name) for name in choices], type=str)


def plain(value: Any) -> Any:
    """Return a value of a command as it stands in the settings: a string for a choice."""
    return value.value if isinstance(value, Enum) else value


def use_config(context: typer.Context, path: Path | None) -> Path | None:
    """Take the arguments of an earlier run as defaults: a callback of the option --config.

    Raises:
        typer.BadParameter: If it is not the config.json of a run of this command.
    """
    if path is not None:
        try:
            config = parsed_json(path.read_bytes())
            arguments = {name: value for name, value in config["arguments"].items() if name != "out"}
            command = config["command"]
        except OSError as error:
            raise typer.BadParameter(f"{path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise typer.BadParameter(f"{path} is not the config.json of a run: {error}") from None
        if command != context.command.name:
            raise typer.BadParameter(f"{path} is of `dnn {command}`, not of `dnn {context.command.name}`")
        given = {name: value for name, value in arguments.items() if value is not None}
        context.default_map = {**(context.default_map or {}), **given}
    return path


def use_preset(context: typer.Context, name: Any) -> Any:
    """Take the settings of a preset as defaults: a callback of the option --preset. A --config goes before them."""
    if name is not None:
        stated = {key: _of_preset(context, plain(name), key) for key in preset_of(plain(name))}
        context.default_map = {**stated, **(context.default_map or {})}
    return name


def _of_preset(context: typer.Context, name: str, key: str) -> Callable[[], Any]:
    """Return what tells a setting of a preset, once --task is known: click reads what was given before defaults."""

    def value() -> Any:
        found = preset_of(name, plain(context.params.get("task")) or "classification")[key]
        return list(found) if isinstance(found, tuple) else found

    return value
