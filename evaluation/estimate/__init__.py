"""Stage `estimate`: effects on gaps and their parts, from cells; docs/pipeline/estimate.md."""
