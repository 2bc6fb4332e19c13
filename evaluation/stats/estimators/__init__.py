"""Estimators: a design becomes an `Estimate`."""
