"""What both whole programs train, so that they do the same work."""

HIDDEN, BATCH, EPOCHS = (30, 30), 100, 18
