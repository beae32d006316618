"""The program of docs/serving.md serves: a row of JSON with a null in, a probability out."""

import json
import re
import threading
import urllib.request
from pathlib import Path

import numpy as np
import pytest

import dnn

TEXT = (Path(__file__).parent.parent / "docs" / "serving.md").read_text("utf-8")


def test_a_row_of_json_with_a_null_gets_its_probability(tmp_path, monkeypatch):
    table = dnn.read_csv(dnn.sample_path())
    classifier = dnn.Classifier(hidden=(4,), epochs=1).fit(table, target="y")
    classifier.export(tmp_path / "saved_model")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1].replace("8501", "0"), names)
    server = names["server"]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        row = json.loads(re.search(r"curl -d '(.*?)'", TEXT)[1])
        request = urllib.request.Request(f"http://127.0.0.1:{server.server_port}", json.dumps(row).encode())
        answer = json.loads(urllib.request.urlopen(request, timeout=60).read())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    columns = classifier.predictor_.encoding.features.kinds
    cells = {name: [row.get(name)] for name in columns}
    kept = {
        name: np.array([np.nan if cell is None else cell for cell in cells[name]])
        for name in columns
        if columns[name] == "numeric"
    }
    kept |= {name: np.array([cells[name][0] or ""], object) for name in columns if columns[name] == "category"}
    expected = classifier.predictor_(kept).numpy()[0]
    assert answer["probabilities"] == pytest.approx(expected.tolist(), abs=1e-6)
    assert answer["label"] == ["no", "yes"][int(expected.argmax())]
