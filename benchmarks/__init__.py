"""Measurements that anyone can repeat: each file asks one question, and prints its answer as Markdown."""
