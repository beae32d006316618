"""C++ sources that register ops through TensorFlow's C API, and compile in a moment, since they need no header."""

from pathlib import Path

API = """
extern "C" {
void* TF_NewStatus();
void* TF_NewOpDefinitionBuilder(const char* name);
void TF_OpDefinitionBuilderAddInput(void* builder, const char* spec);
void TF_RegisterOpDefinition(void* builder, void* status);
}

static int add(const char* name, const char* input) {
  void* builder = TF_NewOpDefinitionBuilder(name);
  TF_OpDefinitionBuilderAddInput(builder, input);
  TF_RegisterOpDefinition(builder, TF_NewStatus());
  return 0;
}
"""


def registering(*names: str, input: str = "x: float", more: str = "") -> str:
    """Return a source with these ops, which have no kernel, the last with that input; and with more lines."""
    inputs = ["x: float"] * (len(names) - 1) + [input]
    lines = [f'int op_{i} = add("{name}", "{spec}");' for i, (name, spec) in enumerate(zip(names, inputs, strict=True))]
    return "\n".join([API, *lines, more, ""])


def written(path: Path, text: str) -> Path:
    """Write the text, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path
