"""The 72 cases, in order; a case may have several forms."""

from tests.ingest.corpus import containers, deliveries, values

CASES = (*containers.CASES, *deliveries.CASES, *values.CASES)
