"""Stage 2: the mathematics of a network. Each formula is a free function; a tf.Module only remembers."""
