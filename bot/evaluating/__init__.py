"""Evaluating in child processes."""
