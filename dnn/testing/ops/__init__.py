"""The laws of a custom op: its values, gradients, dtypes and static shapes, in every mode and from many threads."""
