"""Stage `panel`: student rows become one outcome row per student-year, then cells; no student is read after it."""
