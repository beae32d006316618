"""Stage 4: what a person keeps of a run: its folder, its curves, its table of results."""
