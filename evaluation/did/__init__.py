"""Difference-in-differences of any panel file: the core for a file of one's own.

>>> from evaluation.did import did
>>> found = did("panel.csv", outcome="y", unit="id", period="year", cohort="first_year")
>>> found.estimates[0].value
"""

from evaluation.did.estimate import did
from evaluation.did.result import DidEstimate, DidResult

__all__ = ["DidEstimate", "DidResult", "did"]
