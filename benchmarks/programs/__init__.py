"""Whole programs, each run in a fresh process: what a user's own script would do, from `import` to the last figure."""
