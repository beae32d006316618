"""Stage 4: what a person keeps of a run: its folder, its table of results."""
