"""The page's part on what TensorFlow makes of a step: the graph, XLA's kernels, and where the time goes."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from dnn.inspection.fusions import Kernel, XlaProgram
from dnn.inspection.graph_operations import GraphOperation
from dnn.inspection.graph_record import GraphRecord
from dnn.inspection.times_page import line_label, times_parts
from dnn.inspection.traced_names import TracedNames
from dnn.pages.page import escaped, html_table, paragraph, section

HLO_CHARACTERS = 1_000_000  # of the whole page
Item = TypeVar("Item")

INTRODUCTION = (
    "The sections above ran the step's pieces one by one. fit does not: TensorFlow notes the operations of train_step "
    "once, as a graph, and from then on runs that, without Python, in a loop over the batches. Here the graph of one "
    "step was traced by itself, for {rows} rows. It took {seconds:.1f} s to trace, compile and measure."
)
NOT_IN_SOURCE = (
    "Each operation belongs to the innermost line of this package or of your own files that was running when it was "
    "made. The operations of a gradient are made by TensorFlow, under tape.gradient: they belong to the line that they "
    "differentiate, as far as their name tells it."
)
XLA_WORDS = (
    "XLA compiles the whole graph to machine code. A fusion is one kernel for many operations: what passes between "
    "them never goes to memory. Of {operations:,} operations in the graph, and {before:,} instructions of XLA's before "
    "its optimizer, it makes {kernels:,} kernels, {fusions:,} of them fusions: {counts}."
)


def graph_section(record: GraphRecord) -> str:
    """Return the section on the graph of a step.

    Args:
        record: of that step.

    Returns:
        HTML.
    """
    words = INTRODUCTION.format(rows=record.rows, seconds=record.seconds)
    return section(
        "What TensorFlow makes of it",
        paragraph(words),
        *_graph_parts(record.operations),
        *_xla_parts(record.xla, record.operations),
        *times_parts(record.times),
    )


def grouped(items: Iterable[Item], key: Callable[[Item], str]) -> list[tuple[str, list[Item]]]:
    """Return items by their key, the largest group first, and groups of one size by their key.

    Args:
        items: the items.
        key: of an item.

    Returns:
        Keys and groups.
    """
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def _graph_parts(operations: Sequence[GraphOperation]) -> list[str]:
    kinds = grouped(operations, lambda each: each.kind)
    functions = {each.function for each in operations} - {""}
    inside = f", {len(functions)} functions in it included" if functions else ""
    stages = sorted(Counter(each.stage for each in operations).items(), key=lambda pair: (pair[0].path, pair[0].number))
    return [
        f"<h3>The graph: {len(operations):,} operations of {len(kinds)} kinds{inside}</h3>",
        html_table(
            ["line of the step", "where", "operations"],
            [[stage.text or "arguments and what has no line", stage.place, count] for stage, count in stages],
            name="graph-stages",
        ),
        paragraph(NOT_IN_SOURCE),
        '<div class="unfold" id="graph-kinds">',
        *(_kind_details(kind, found) for kind, found in kinds),
        "</div>",
    ]


def _kind_details(kind: str, operations: Sequence[GraphOperation]) -> str:
    """Return a kind of operations, which unfolds to the lines that they come from, and these to their names."""
    lines = {str(each.line): each.line for each in operations}
    parts = [
        _details(
            line_label(lines[key]), len(found), f'<p class="names">{escaped(" ".join(o.full_name for o in found))}</p>'
        )
        for key, found in grouped(operations, lambda each: str(each.line))
    ]
    return _details(f"<code>{escaped(kind)}</code>", len(operations), *parts)


def _details(label: str, count: int, *parts: str) -> str:
    number = f'<span class="count" data-value="{count}">{count:,}</span>'
    return f"<details><summary>{number} {label}</summary>{''.join(parts)}</details>"


def _xla_parts(xla: XlaProgram, operations: Sequence[GraphOperation]) -> list[str]:
    heading = "<h3>Under XLA</h3>"
    if xla.reason:
        return [heading, paragraph(f"XLA cannot compile this step: {xla.reason}.")]
    counts = Counter(each.opcode for each in xla.kernels)
    words = XLA_WORDS.format(
        operations=len(operations),
        before=xla.instructions_before,
        kernels=len(xla.kernels),
        fusions=len(xla.fusions),
        counts=", ".join(f"{count} {opcode}" for opcode, count in counts.most_common()),
    )
    names = TracedNames(operations)
    left, parts = HLO_CHARACTERS, []
    for kernel in xla.kernels:
        parts.append(_kernel_details(kernel, names, left))
        left = max(0, left - len(escaped(kernel.text)))
    return [heading, paragraph(words), '<div class="unfold" id="graph-kernels">', *parts, "</div>"]


def _kernel_details(kernel: Kernel, names: TracedNames, left: int) -> str:
    """Return a kernel, which unfolds to the operations and lines it is made of, and its HLO."""
    kind = f" {kernel.kind}" if kernel.kind else ""
    count = len(kernel.operations)
    made_of = f", of {count} operation{'s' if count > 1 else ''}" if count else ""
    label = (
        f'<code>{escaped(kernel.name)}</code> <span class="muted">{escaped(f"{kernel.opcode}{kind}{made_of}")}</span>'
    )
    inside = ", ".join(f"{count} {opcode}" for opcode, count in kernel.inside.most_common())
    traced = (names.find(name) for name in kernel.operations)
    lines = dict.fromkeys(operation.line for operation in traced if operation)
    text = kernel.text[:left] + ("" if len(kernel.text) <= left else "\n… the page has no room for the rest")
    parts = [
        paragraph(f"Gives {kernel.shape}." + (f" Fused: {inside}." if inside else "")),
        f'<p class="names">{escaped(" ".join(kernel.operations))}</p>' if kernel.operations else "",
        f"<ul>{''.join(f'<li>{line_label(line)}</li>' for line in lines)}</ul>" if lines else "",
        f'<pre tabindex="0" role="region" aria-label="HLO of {escaped(kernel.name)}">{escaped(text)}</pre>',
    ]
    return (
        f'<details data-kernel="{escaped(kernel.name)}" data-opcode="{escaped(kernel.opcode)}">'
        f"<summary>{label}</summary>{''.join(parts)}</details>"
    )
