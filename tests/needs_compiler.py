"""The mark of tests that compile C++: where there is no compiler, they are skipped, and the reason says what to do."""

import pytest

from dnn.ops.compiler import compiler


def _reason() -> str:
    try:
        compiler()
    except RuntimeError as error:
        return str(error)
    return ""


needs_compiler = pytest.mark.skipif(bool(_reason()), reason=_reason() or "there is a compiler")
