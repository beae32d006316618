"""What the environment keeps this machine from doing: scripts/anywhere.py makes it seem another."""

import os

import pytest

# TensorFlow asks the processor whether it has bfloat16, not oneDNN, which ONEDNN_MAX_CPU_ISA caps: it then calls a
# kernel that oneDNN has not, and the process dies. On a real processor of that kind it takes a kernel of its own.
ONEDNN_IS_CAPPED = "ONEDNN_MAX_CPU_ISA" in os.environ and os.environ.get("TF_ENABLE_ONEDNN_OPTS") != "0"

needs_bfloat16_products = pytest.mark.skipif(
    ONEDNN_IS_CAPPED, reason="with ONEDNN_MAX_CPU_ISA, TensorFlow's product of bfloat16 matrices ends the process"
)
