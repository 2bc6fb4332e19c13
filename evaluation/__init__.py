"""Evaluate whether school programs narrow gaps between student groups."""
