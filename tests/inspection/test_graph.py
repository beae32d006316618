"""The page tells of the graph of a step what TensorFlow itself says: operations, lines, kernels and times."""

import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from needs_compiler import needs_compiler
from numpy.testing import assert_array_equal
from parsed_page import ParsedPage
from tensorflow.tsl.profiler.protobuf import xplane_pb2

import dnn
from dnn.inspection import fusions, graph_page, graph_record, timeline
from dnn.inspection import graph_operations as graph_operations_module
from dnn.inspection.fusions import computations, kernels_of, xla_program
from dnn.inspection.graph_operations import SourceLine, graph_operations
from dnn.inspection.graph_page import graph_section
from dnn.inspection.graph_record import record_graph
from dnn.inspection.timeline import Event, OperationTime, StepTimes, own_times, step_times
from dnn.inspection.traced_step import trace_step
from dnn.train.epoch import train_step, training_program
from dnn.train.runtime import trace

RANDOM = np.random.default_rng(0)
X, LABELS = RANDOM.normal(size=(6, 4)).astype(np.float32), np.array([0, 1, 2, 1, 0, 2])
LOSS = dnn.sparse_softmax_cross_entropy


class Own(tf.Module):
    """With a function, a loop and a branch: each is a function of the graph."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(tf.reshape(tf.linspace(-1.0, 1.0, 12), [4, 3]))

    @tf.function
    def squares(self, x):
        return tf.square(x @ self.weight)

    def __call__(self, x):
        z = self.squares(x)
        _, z = tf.while_loop(lambda i, _: i < 3, lambda i, z: (i + 1, tf.sin(z)), (tf.constant(0), z))
        return tf.cond(tf.reduce_sum(z) > 0, lambda: z + 1.0, lambda: z * 2.0)


MODELS = {"mlp": lambda: dnn.mlp([4, 5, 3], seed=0), "own": Own}


def traced(model, steps=2):
    optimizer = dnn.Adam(model.trainable_variables)
    return trace_step(model, LOSS, optimizer, tf.constant(X), tf.constant(LABELS), 0, steps=steps)


class GraphPart(HTMLParser):
    """What the page's part says: names of operations by kind and line, kernels with their text, bars by their list."""

    def __init__(self, page):
        super().__init__()
        self.names, self.kernels, self.bars, self.counts = [], {}, {}, {}
        self.summaries, self.id, self.kernel, self.open = [], "", "", []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.open.append((tag, attributes.get("class")))
        self.id = attributes.get("id") or self.id
        if tag == "details":
            self.kernel = attributes.get("data-kernel", "")
            self.summaries.append("")
        if "data-kernel" in attributes:
            self.kernels[self.kernel] = [attributes["data-opcode"], ""]
        if attributes.get("class") == "count":
            self.counts.setdefault(len(self.summaries), []).append(int(attributes["data-value"]))
        if tag == "li" and "data-value" in attributes:
            self.bars.setdefault(self.id, []).append(float(attributes["data-value"]))

    def handle_endtag(self, tag):
        if tag in [name for name, _ in self.open]:
            while self.open.pop()[0] != tag:
                pass
        if tag == "details":
            self.summaries.pop()

    def handle_data(self, text):
        tags = [name for name, _ in self.open]
        if "summary" in tags:
            self.summaries[-1] += text
        elif self.open and self.open[-1] == ("p", "names") and self.id == "graph-kinds":
            kind, line = (summary.split(" ", 1)[1] for summary in self.summaries)
            self.names += [(name, kind, line) for name in text.split()]
        elif "pre" in tags and self.kernel:
            self.kernels[self.kernel][1] += text


@pytest.fixture(scope="module")
def recorded():
    """A record, after which the model and the optimizer are as before."""
    model = MODELS["mlp"]()
    optimizer = dnn.Adam(model.trainable_variables)
    before = [variable.numpy() for variable in optimizer.variables]
    record = record_graph(model, LOSS, optimizer, tf.constant(X), tf.constant(LABELS), 0)
    for variable, value in zip(optimizer.variables, before, strict=True):
        assert_array_equal(variable, value)
    return record


@pytest.fixture(scope="module")
def part(recorded):
    return GraphPart(graph_section(recorded))


def counted_in_protocol_buffers(compiled):
    """Count the operations by kind in the GraphDef and in the functions of its library that are called."""
    graph = compiled.function.graph.as_graph_def()
    library = {function.signature.name: function.node_def for function in graph.library.function}
    counts, waiting, seen = Counter(), [graph.node], set()
    while waiting:
        nodes = waiting.pop()
        counts.update(node.op for node in nodes)
        attributes = [attribute for node in nodes for attribute in node.attr.values()]
        called = [each.func.name for each in attributes if each.HasField("func")]
        called += [function.name for each in attributes for function in each.list.func]
        waiting += [library[name] for name in dict.fromkeys(called) if name not in seen]
        seen |= set(called)
    return counts


@pytest.mark.parametrize("name", MODELS)
def test_the_operations_are_those_of_the_graph_s_protocol_buffers(name):
    step = traced(MODELS[name]())
    operations = graph_operations(step.compiled)
    assert Counter(each.kind for each in operations) == counted_in_protocol_buffers(step.compiled)
    assert len({each.full_name for each in operations}) == len(operations)
    assert (len({each.function for each in operations}) > 5) == (name == "own")


def test_the_graph_is_the_body_of_the_loop_that_fit_compiles():
    model = MODELS["mlp"]()
    operations = graph_operations(traced(model).compiled)
    optimizer = dnn.Adam(model.trainable_variables)
    specs = dnn.train.rows.Rows(tf.TensorSpec([12, 4]), tf.TensorSpec([12], tf.int32))
    loop = trace(training_program(model, LOSS, optimizer, (), 6, specs)).function.graph.as_graph_def()
    (body,) = (each.node_def for each in loop.library.function if "body" in each.signature.name)
    own = Counter(each.kind for each in operations if each.kind not in ("Placeholder", "NoOp"))
    assert own - Counter(node.op for node in body) == Counter()


def test_each_operation_has_the_line_that_made_it():
    operations = graph_operations(traced(Own()).compiled)
    lines = {kind: {each.line.text for each in operations if each.kind == kind} for kind in ("Square", "Sin", "Sqrt")}
    assert lines["Square"] == {"return tf.square(x @ self.weight)"}
    assert {line.partition("tf.sin(z)")[0][:14] for line in lines["Sin"]} == {"_, z = tf.whil"}
    assert {each.line.file for each in operations if each.kind == "Sqrt"} == {"dnn/nn/optimizers/adam.py"}
    stages = {each.kind: each.stage.text for each in operations if not each.function}
    assert stages["Sqrt"] == "optimizer.apply(gradients)"
    assert stages["Log1p"] == "losses = loss(batch.y, logits)"


def test_a_gradient_has_the_line_that_it_differentiates():
    operations = graph_operations(traced(MODELS["mlp"]()).compiled)
    products = [each for each in operations if each.kind == "MatMul"]
    assert {each.line.text for each in products} == {"return tf.matmul(x, kernel) + bias"}
    assert Counter(each.line.is_gradient for each in products) == {False: 2, True: 3}  # none for x
    assert all(each.line.is_gradient == (each.stage.text[:9] == "gradients") for each in products)


def test_on_the_page_each_operation_is_at_one_line_and_the_counts_are_its_sums(recorded, part):
    operations = recorded.operations
    assert sorted(name for name, _, _ in part.names) == sorted(each.full_name for each in operations)
    expected = {(each.full_name, each.kind, f"{each.line.text} {each.line.place}".strip()) for each in operations}
    assert set(part.names) == expected
    kinds, lines = part.counts[1], part.counts[2]
    assert kinds == sorted(Counter(each.kind for each in operations).values(), reverse=True)
    assert sum(kinds) == sum(lines) == len(operations)
    (stages,) = [rows for name, rows in ParsedPage(graph_section(recorded)).tables.items() if name == "graph-stages"]
    assert sum(row[2] for row in stages[1:]) == len(operations)


def test_the_kernels_on_the_page_are_those_of_xla_s_program(part):
    model = MODELS["mlp"]()
    optimizer = dnn.Adam(model.trainable_variables)

    @tf.function(jit_compile=True, autograph=False)
    def step(rows, key):
        return train_step(model, LOSS, optimizer, (), rows, key)

    rows = dnn.train.rows.Rows(tf.constant(X), tf.constant(LABELS, tf.int32))
    text = step.experimental_get_compiler_ir(rows, tf.zeros(3, tf.int32))(stage="optimized_hlo")
    entry = re.search(r"^ENTRY .*?^}", text, re.MULTILINE | re.DOTALL)[0]
    fusions = re.findall(r"%(\S+) = .*? fusion\(", entry)
    assert len(fusions) == entry.count(" fusion(") > 10
    assert [name for name, (opcode, _) in part.kernels.items() if opcode == "fusion"] == fusions
    for name in fusions:
        lines = part.kernels[name][1].splitlines()
        called = re.search(rf"%{re.escape(name)} = .* calls=%([\w.-]+)", entry)[1]
        body = re.search(rf"^%{re.escape(called)} .*?\{{\n(.*?)^}}", text, re.MULTILINE | re.DOTALL)[1]
        assert lines[3 : 3 + body.count("\n")] == [
            re.sub(r' (source_\w+|stack_frame_id)=("[^"]*"|\d+)', "", line) for line in body.splitlines()
        ]


def test_xla_compiles_a_branch_as_fit_has_it_compiled():
    """Traced for graph mode, the gradient of a branch has operations that XLA lacks."""

    class Branching(Own):
        def __call__(self, x):
            z = self.squares(x)
            return tf.cond(tf.reduce_sum(z) > 0, lambda: tf.exp(z), lambda: z * 2.0)

    program = xla_program(traced(Branching()))
    assert program.reason == ""
    assert any("Square" in each.operations[-1] for each in program.kernels if each.operations)


HLO = """HloModule by_hand

%sum (a: f32[], b: f32[]) -> f32[] {
  %a = f32[] parameter(0)
  %b = f32[] parameter(1)
  ROOT %add = f32[] add(%a, %b)
}

%fused (p: f32[8]) -> f32[] {
  %p = f32[8]{0} parameter(0)
  %zero = f32[] constant(0)
  %e = f32[8]{0} exponential(%p), metadata={op_type="Exp" op_name="Exp;Exp_1"}
  ROOT %r = f32[] reduce(%e, %zero), dimensions={0}, to_apply=%sum
}

%body (t: (s32[], f32[8])) -> (s32[], f32[8]) {
  %t = (s32[], f32[8]{0}) parameter(0)
  %x = f32[8]{0} get-tuple-element(%t), index=1
  %y.2 = f32[8]{0} tanh(%x), metadata={op_name="while/Tanh" source_file="/a file.py" source_line=7}
  ROOT %out = (s32[], /*index=1*/f32[8]{0}) tuple(%x, %y.2)
}

%condition (t: (s32[], f32[8])) -> pred[] {
  %t = (s32[], f32[8]{0}) parameter(0)
  ROOT %c = pred[] constant(false)
}

ENTRY %main (x: f32[8]) -> f32[] {
  %x = f32[8]{0} parameter(0)
  %start = (s32[], /*index=1*/f32[8]{0}) tuple(%x, %x)
  %loop = (s32[], f32[8]{0}) while(%start), condition=%condition, body=%body
  %z = f32[8]{0} get-tuple-element(%loop), index=1
  ROOT %f = f32[] fusion(%z), kind=kLoop, calls=%fused
}
"""


def test_kernels_are_found_in_loops_and_reductions_belong_to_their_fusion():
    loop, fusion = kernels_of(HLO)
    assert (loop.name, loop.opcode, loop.operations) == ("y.2", "tanh", ["while/Tanh"])
    assert "/a file.py" not in loop.text
    assert (fusion.name, fusion.kind, fusion.operations) == ("f", "kLoop", ["Exp", "Exp_1"])
    assert fusion.inside == {"constant": 1, "exponential": 1, "reduce": 1}
    assert "fused {" in fusion.text
    assert "sum {" in fusion.text
    assert computations(HLO)[1] == "main"
    view = HLO.replace("get-tuple-element(%loop), index=1", "bitcast(%x)")
    assert [each.opcode for each in kernels_of(view)] == ["tanh", "fusion"]


def test_instructions_before_are_those_of_the_whole_module_without_parameters_and_constants(monkeypatch):
    monkeypatch.setattr(fusions, "_hlo", lambda *_: (HLO, HLO))
    counts = {"sum": 1, "fused": 2, "body": 3, "condition": 0, "main": 4}
    assert xla_program(traced(MODELS["mlp"]())).instructions_before == sum(counts.values())


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=8))
def test_own_times_add_up_to_the_time_in_which_anything_ran(pairs):
    """Where what runs inside another ends before it, as calls on one thread do."""
    events, ends = [], []
    for index, (start, duration) in enumerate(sorted(pairs, key=lambda pair: (pair[0], -pair[1]))):
        while ends and ends[-1] <= start:
            ends.pop()
        duration = min(duration, ends[-1] - start) if ends else duration
        ends.append(start + duration)
        events.append(Event(str(index), "Mul", 0, float(start), float(duration)))
    busy = set().union(*(range(int(each.start), int(each.start + each.duration)) for each in events))
    assert sum(own_times(events).values()) == len(busy)
    assert min(own_times(events).values(), default=0) >= 0


def test_what_runs_on_another_thread_is_not_taken_off():
    around, other = Event("a", "While", 0, 0.0, 10.0), Event("b", "Mul", 1, 2.0, 3.0)
    assert own_times([around, other]) == {"a": 10.0, "b": 3.0}
    assert own_times([around, other._replace(thread=0)]) == {"a": 7.0, "b": 3.0}


def test_the_times_on_the_page_are_those_measured_and_add_up(recorded, part):
    times = recorded.times
    total = sum(each.microseconds for each in times.operations)
    for name in ("time-stages", "time-lines", "time-kinds"):
        assert sum(part.bars[name]) == pytest.approx(total)
    rows = ParsedPage(graph_section(recorded)).tables["time-steps"]
    assert [row[1] for row in rows[1:]] == [times.plain, times.profiled, times.settled, times.in_epoch]
    assert total > 0
    assert min(each.microseconds for each in times.operations) >= 0


def test_one_step_has_a_mark_for_each_operation_where_and_when_it_ran(recorded):
    line = recorded.operations[0].stage
    events = [Event("a", "Mul", 7, 0.0, 10.0), Event("b", "Exp", 9, 20.0, 30.0)]
    operations = [OperationTime(name, "Mul", line, line, 1.0) for name in "ab"]
    page = graph_section(recorded._replace(times=StepTimes(operations, events, 1.0, 1.0, 1.0, 1.0)))
    assert re.findall(r'<rect x="([\d.]+)" y="(\d+)" width="([\d.]+)"', page) == [
        ("0.00", "2", "200.00"),
        ("400.00", "26", "600.00"),
    ]


def test_lines_that_look_alike_each_have_their_bar(recorded):
    lines = [SourceLine(f"/{folder}/own.py", 1) for folder in "ab"]
    operations = [OperationTime(line.path, "Mul", line, line, 1.0) for line in lines]
    part = GraphPart(graph_section(recorded._replace(times=StepTimes(operations, [], 1.0, 1.0, 1.0, 1.0))))
    assert part.bars["time-stages"] == part.bars["time-lines"] == [1.0, 1.0]


def test_the_text_of_kernels_ends_where_the_page_has_no_room(recorded, monkeypatch):
    monkeypatch.setattr(graph_page, "HLO_CHARACTERS", 1000)
    part = GraphPart(graph_section(recorded))
    texts = [text.partition("\n… the page has no room for the rest") for _, text in part.kernels.values()]
    assert 0 < sum(len(text) for text, _, _ in texts) <= 1000
    assert texts[-1][1] != ""


def test_a_short_step_is_repeated_more_often_than_a_long_one(monkeypatch):
    asked = []

    def trace_nothing(*_, steps):
        asked.append(steps)
        raise KeyboardInterrupt

    monkeypatch.setattr(graph_record, "trace_step", trace_nothing)
    model = MODELS["mlp"]()
    for work in (1_000_000, 1):
        monkeypatch.setattr(graph_record, "SHORT_STEP", work)
        with pytest.raises(KeyboardInterrupt):
            record_graph(model, LOSS, dnn.Adam(model.trainable_variables), tf.constant(X), tf.constant(LABELS), 0)
    assert asked == [64, 8]


def test_no_operation_is_at_a_line_of_the_inspection(recorded):
    files = {each.line.file for each in recorded.operations}
    assert "dnn/train/epoch.py" in files
    assert not [file for file in files if file.startswith("dnn/inspection/")]


def test_without_the_graph_of_a_function_the_error_names_it():
    with pytest.raises(ValueError, match=r"does not give the graph of the function squares: leave out the graph"):
        graph_operations_module._function_graph("squares", [object()])


def test_the_profiler_saw_what_the_step_cannot_do_without(recorded):
    """TensorFlow fuses and folds operations; an assignment it neither leaves out nor joins with another."""
    ran = {each.name for each in recorded.times.operations}
    traced_names = {each.name for each in recorded.operations if each.kind.startswith("Assign")}
    assert len(traced_names) == 13
    assert traced_names <= ran
    assert {event.name for event in recorded.times.events} >= traced_names


def test_where_another_profiler_runs_the_page_says_so(recorded, tmp_path):
    tf.profiler.experimental.start(str(tmp_path))
    try:
        times = step_times(traced(MODELS["mlp"]()), [])
    finally:
        tf.profiler.experimental.stop(save=False)
    page = graph_section(recorded._replace(times=times))
    assert "The operations were not measured: another profiler is running." in page


def test_where_the_profiler_notes_nothing_the_page_says_so(recorded, monkeypatch):
    monkeypatch.setattr(timeline, "_profiled", lambda _: xplane_pb2.XSpace())
    times = timeline.step_times(traced(MODELS["mlp"]()), [])
    assert "not measured: TensorFlow&#x27;s profiler noted none" in graph_section(recorded._replace(times=times))


def test_without_graph_nothing_of_it_is_on_the_page():
    model = MODELS["mlp"]()
    plain, full = (dnn.explain(model, X, LABELS, graph=graph).html for graph in (False, True))
    assert "What TensorFlow makes of it" not in plain
    assert "unfold" not in plain
    assert full.count("What TensorFlow makes of it") == 1
    assert plain.split("<main>")[1].split('<div id="panel"')[0].strip() == (
        re.sub(r"<section>\n<h2>What TensorFlow.*?</section>\n", "\n", full, flags=re.DOTALL)
        .split("<main>")[1]
        .split('<div id="panel"')[0]
        .strip()
    )


def test_a_line_with_signs_of_html_stays_text(recorded):
    model = dnn.Sequential([dnn.Dense(4, 3, seed=0), lambda z: z * tf.cast(z > -1e9, z.dtype)])
    page = graph_section(recorded._replace(operations=graph_operations(traced(model).compiled)))
    assert "lambda z: z * tf.cast(z &gt; -1e9, z.dtype)" in page
    assert "z > -1e9" not in page


@needs_compiler
def test_an_operation_in_cpp_is_in_the_graph_and_xla_s_reason_is_told():
    model = MODELS["mlp"]()
    page = dnn.explain(model, X, LABELS, optimizer=dnn.FusedAdam(model.trainable_variables), graph=True).html
    part = GraphPart(page)
    assert {(kind, line) for _, kind, line in part.names if kind == "DnnFusedAdam"} != set()
    assert part.kernels == {}
    assert "XLA cannot compile this step: it has no kernel for DnnFusedAdam, made in C++." in page


@needs_compiler
def test_an_optimizer_that_takes_epochs_is_shown_as_fit_runs_it():
    model = MODELS["mlp"]()
    part = GraphPart(dnn.explain(model, X, LABELS, optimizer=dnn.MlpAdam(model), graph=True).html)
    assert Counter(kind for _, kind, _ in part.names)["DnnMlpEpochFloat"] == 1
    assert "MatMul" not in {kind for _, kind, _ in part.names}
