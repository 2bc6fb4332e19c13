"""Stage `ingest`: delivered files become canonical, de-identified tables; every row is accounted for."""
