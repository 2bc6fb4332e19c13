"""Simulated coverage of every interval this project gives: the coverage registry."""
