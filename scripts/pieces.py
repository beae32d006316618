"""Print the table of pieces in docs/guide.md, made of the public names in dnn/__init__.pyi.

python -m scripts.pieces
"""

import ast
from collections.abc import Callable
from pathlib import Path

STUB = Path(__file__).parent.parent / "dnn" / "__init__.pyi"


def is_class(name: str) -> bool:
    """Whether the name is that of a class, by its first letter."""
    return name[0].isupper()


def is_function(name: str) -> bool:
    """Whether the name is that of a function."""
    return not is_class(name)


# kind, modules in dnn (of two that hold a name, the longer one has it), which names, and what else there is to say
SECTIONS: tuple[tuple[str, tuple[str, ...], Callable[[str], bool], str], ...] = (
    ("activations", ("nn.activations", "nn.mish", "nn.softmax", "nn.maxout"), is_function, ""),
    (
        "layers",
        (
            *("nn.layers", "nn.glu", "nn.prelu", "nn.residual", "nn.dropout", "nn.normalization"),
            *("nn.rms_normalization", "nn.ntk", "nn.parametric_activation"),
        ),
        is_class,
        "; `mlp`, a `Sequential` of them; `glu`, `reglu`, `geglu`, `swiglu` of two halves of a row",
    ),
    (
        "networks for tables",
        ("nn.ensemble", "nn.tabm", "nn.realmlp"),
        lambda name: name in ("Ensemble", "ensemble_mlp", "TabM", "realmlp"),
        "",
    ),
    (
        "embeddings",
        ("nn.embedding", "nn.numeric_embeddings", "nn.piecewise_linear_embeddings", "nn.pbld_embeddings"),
        is_class,
        "; `ColumnBlocks` gives each to its columns",
    ),
    ("penalties on weights", ("nn.regularizers",), is_class, ""),
    (
        "initializers",
        ("nn.initializers", "nn.random_initializers", "nn.ntk"),
        lambda name: is_function(name) and name != "ntk_dense",
        "",
    ),
    ("losses", ("nn.losses", "nn.regression_losses", "nn.focal_losses"), is_function, ""),
    ("metrics of a row, for `fit`", ("nn.metrics",), is_function, ""),
    ("metrics of all rows, for `fit`", ("nn.score_metric",), is_class, ", of any score"),
    ("scores of all rows, in NumPy, as in scikit-learn", ("nn.scores",), is_function, ""),
    ("weights of rows", ("nn.example_weights",), is_function, ""),
    ("optimizers", ("nn.optimizers",), is_class, " (abstract, for yours: `Optimizer`)"),
    (
        "around any optimizer",
        tuple(f"nn.optimizers.{name}" for name in ("by_group", "clip", "average", "accumulate", "skip")),
        is_class,
        "",
    ),
    (
        "learning rates",
        tuple(
            f"nn.optimizers.{name}"
            for name in ("schedules", "polynomial_decay", "cosine_restarts", "one_cycle", "coslog")
        ),
        is_class,
        ", a number, or any function of the step, a float64 tensor (so `tf.where`, not `if`)",
    ),
    ("named columns to a matrix", ("data.features",), is_class, ""),
    ("training", ("train",), lambda name: True, ""),
)
ABSTRACT = ("Optimizer",)


def main() -> None:
    """Print the table."""
    print(table(), end="")


def table() -> str:
    """Return the table in Markdown: a line for each kind of piece."""
    imports = [node for node in ast.parse(STUB.read_text("utf-8")).body if isinstance(node, ast.ImportFrom)]
    names = [(alias.name, section_of(str(node.module))) for node in imports for alias in node.names]
    lines = ["| | |", "|---|---|"]
    for kind, modules, is_wanted, note in SECTIONS:
        found = [name for name, section in names if section in modules and is_wanted(name) and name not in ABSTRACT]
        lines.append(f"| {kind} | {', '.join(f'`{name}`' for name in found)}{note} |")
    return "\n".join(lines) + "\n"


def section_of(module: str) -> str:
    """Return the longest of the sections' modules that is this one or holds it; "" if none is."""
    holding = [name for _, names, *_ in SECTIONS for name in names if f"{module}.".startswith(f"dnn.{name}.")]
    return max(holding, key=len, default="")


if __name__ == "__main__":
    main()
