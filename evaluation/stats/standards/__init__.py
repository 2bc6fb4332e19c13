"""Standards of evidence and of measurement: effect sizes, equivalence, attrition, rating; reliability, invariance."""
