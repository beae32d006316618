"""All that repeats a run: its command and options, what it read, and where it ran."""

import os
import platform
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow
import tensorflow as tf


def run_config(command: str, version: str, arguments: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the contents of config.json.

    Args:
        command: "train" or "prepare".
        version: Of this package.
        arguments: The options as they were given, in plain values.
        data: What was read.
    """
    return {
        "command": command,
        "arguments": dict(arguments),
        "data": dict(data),
        "versions": {"python": platform.python_version(), "dnn": version}
        | {package.__name__: package.__version__ for package in (tf, np, pyarrow)},
        "machine": f"{platform.platform()}, {os.cpu_count()} cores",
        "finished": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
