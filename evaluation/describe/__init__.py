"""Stage `describe`: means of groups, gaps and coverage, from cells; docs/pipeline/describe.md."""
