"""Thin adapters: a peer's names, made of `dnn`, for the tests that the peer's own wheel carries."""
