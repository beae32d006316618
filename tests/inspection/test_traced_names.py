"""What ran, or was compiled, is found in the traced graph by its name, in the function that was put in its place."""

import html
import re

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.inspection.graph_operations import NOWHERE, GraphOperation
from dnn.inspection.graph_page import graph_section
from dnn.inspection.graph_record import record_graph
from dnn.inspection.traced_names import TracedNames, is_of_optimizer


def operation(full_name, *calls):
    function, _, name = full_name.rpartition(":")
    return GraphOperation(name, "Any", function, NOWHERE, NOWHERE, calls)


NAMES = TracedNames(
    [
        operation("MatMul"),
        operation("mul_4"),
        operation("4"),
        operation("call", ("f", "one")),
        operation("call_1", ("f", "two")),
        operation("one:MatMul"),
        operation("one:scope/mul"),
        operation("two:MatMul"),
        operation("a/while", ("body", "loop"), ("cond", "test")),
        operation("loop:while/Sin"),
        operation("loop:while/if", ("else_branch", "no"), ("then_branch", "yes")),
        operation("test:while/Sin"),
        operation("no:if/Exp"),
        operation("yes:if/Exp"),
    ]
)


@pytest.mark.parametrize(
    ("ran", "found"),
    [
        ("MatMul", "MatMul"),
        ("call/MatMul", "one:MatMul"),
        ("call_1/MatMul", "two:MatMul"),
        ("a/while/body/_1/while/Sin", "loop:while/Sin"),
        ("a/while/cond/_2/while/Sin", "test:while/Sin"),
        ("a/while/body/_1/while/if/then/_7/if/Exp", "yes:if/Exp"),
        ("a/while/body/_1/while/if/else/_8/if/Exp", "no:if/Exp"),
        ("ArithmeticOptimizer/ReplaceMulWithSquare_mul_4", "mul_4"),
        ("call/scope/ArithmeticOptimizer/ReplaceMulWithSquare_mul_0", "one:scope/mul"),
        ("ReplaceMulWithSquare_mul_4", None),
        ("call_1/scope/mul", None),
        ("other/MatMul", None),
        ("ArithmeticOptimizer/unheard", None),
    ],
)
def test_a_name_leads_through_its_calls_to_what_was_traced(ran, found):
    traced = NAMES.find(ran)
    assert (traced.full_name if traced else None) == found
    assert is_of_optimizer(ran) == ("ArithmeticOptimizer" in ran)


class Twice(tf.Module):
    """Multiplies matrices outside a function and in it."""

    def __init__(self):
        super().__init__()
        self.outer, self.inner = tf.Variable(tf.ones([4, 5])), tf.Variable(tf.ones([5, 3]))

    @tf.function
    def inside(self, x):
        return tf.matmul(x, self.inner)

    def __call__(self, x):
        return self.inside(tf.matmul(x, self.outer))


LINES = {
    "MatMul": "return self.inside(tf.matmul(x, self.outer))",
    "StatefulPartitionedCall/MatMul": "return tf.matmul(x, self.inner)",
}


@pytest.fixture(scope="module")
def record():
    model, labels = Twice(), tf.constant(np.array([0, 1, 2, 1, 0, 2]))
    optimizer = dnn.SGD(model.trainable_variables)
    return record_graph(model, dnn.sparse_softmax_cross_entropy, optimizer, tf.ones([6, 4]), labels, 0)


def test_a_product_in_a_function_and_one_outside_each_have_the_time_of_their_own_line(record):
    lines = {each.name: each.line.text for each in record.times.operations}
    assert {name: lines[name] for name in LINES} == LINES
    by_name = {each.name: each.line.text for each in record.operations if not each.function}
    assert {name: by_name[name] for name in lines if name in by_name} == {
        name: line for name, line in lines.items() if name in by_name
    }
    assert len(set(lines.values())) > 3


def test_a_kernel_of_xla_has_the_lines_of_its_operations(record):
    page = html.unescape(graph_section(record))
    for name, line in LINES.items():
        (kernel,) = (each for each in record.xla.kernels if name in each.operations)
        details = page.split(f'<details data-kernel="{kernel.name}"')[1].partition("</details>")[0]
        shown = set(re.findall(r"<li><code>(.*?)</code>", details))
        assert shown & set(LINES.values()) == {line}
