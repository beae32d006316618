"""Stage 1: a file becomes named columns, disjoint parts, and float32 arrays that a network can read."""
