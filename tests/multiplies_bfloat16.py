"""A mark for tests that multiply matrices of bfloat16."""

import os

import pytest

multiplies_bfloat16 = pytest.mark.skipif(
    "ONEDNN_MAX_CPU_ISA" in os.environ,
    reason="TensorFlow's product of bfloat16 crashes where oneDNN may not use the instructions that the processor has",
)
