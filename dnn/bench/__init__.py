"""How fast something is, measured beside something else in one run."""
