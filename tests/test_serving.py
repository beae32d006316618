"""The program of docs/serving.md serves: a row of JSON with a null in, a probability out; a bad request, status 400."""

import http.client
import json
import math
import re
import threading
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

import dnn

TEXT = (Path(__file__).parent.parent / "docs" / "serving.md").read_text("utf-8")
ROW = json.loads(re.search(r"curl -d '(.*?)'", TEXT, re.DOTALL)[1])


@pytest.fixture(scope="module")
def classifier():
    return dnn.Classifier(hidden=(4,), epochs=1).fit(dnn.read_csv(dnn.sample_path()), target="y")


@pytest.fixture(scope="module")
def url(classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("serving")
    classifier.export(folder / "saved_model")
    names: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1].replace("8501", "0"), names)
    server = names["server"]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def asked(url: str, body: str) -> tuple[int, dict]:
    """Return the status and the JSON that answer a body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body.encode()), timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_a_row_of_json_with_a_null_gets_its_probability(url, classifier):
    assert None in ROW.values()
    status, answer = asked(url, json.dumps(ROW))
    columns = classifier.predictor_.encoding.features.kinds
    assert ROW.keys() == columns.keys()
    kept = {
        name: np.array([np.nan if ROW[name] is None else ROW[name]])
        if kind == "numeric"
        else np.array([ROW[name] or ""], object)
        for name, kind in columns.items()
    }
    expected = classifier.predictor_(kept).numpy()[0]
    assert status == 200
    assert answer["probabilities"] == pytest.approx(expected.tolist(), abs=1e-6)
    assert answer["label"] == ["no", "yes"][int(expected.argmax())]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("nonsense", "Expecting value: line 1 column 1 (char 0)"),
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("[1,2]", "a row is an object of JSON, from column names to cells"),
        (json.dumps(ROW | {"ages": 3}), "unknown columns: ages"),
        (
            json.dumps({name: ROW[name] for name in ROW if name not in ("age", "job")}),
            "columns left out: age, job; null stands for a missing cell",
        ),
        (json.dumps(ROW | {"age": "old"}), 'age: not a finite number: "old"'),
        (json.dumps(ROW | {"age": [1, 2]}), "age: not a finite number: [1, 2]"),
        (json.dumps(ROW | {"age": True}), "age: not a finite number: true"),
        (json.dumps(ROW).replace("41", "1e400"), "age: not a finite number: Infinity"),
        (json.dumps(ROW | {"job": 3}), "job: not a string: 3"),
        (json.dumps(ROW | {"age": math.nan}), "NaN is no JSON"),
    ],
)
def test_a_bad_request_is_answered_by_what_is_wrong(url, body, message, capfd):
    assert asked(url, body) == (400, {"error": message})
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("length", ["-1", str(10**20)])
def test_a_length_that_no_row_has_is_a_bad_request(url, length):
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", length)
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())) == (400, {"error": "a row has at most 1 MiB"})
    connection.close()


def test_a_body_nested_too_deeply_is_a_bad_request(url):
    assert asked(url, "[" * 100_000)[0] == 400
