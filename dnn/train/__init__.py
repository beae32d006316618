"""Stage 3: the step, the epoch that repeats it, and the fit that repeats the epoch until it stops paying."""
