"""Stage `diagnose`: can the group-time effects be believed? docs/pipeline/diagnose.md."""
