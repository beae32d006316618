"""The laws of a custom op: what it computes, its gradient and shapes, in every mode and from many threads at once."""
