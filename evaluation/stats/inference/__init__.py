"""Uncertainty of an `Estimate` with few clusters."""
