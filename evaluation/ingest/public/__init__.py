"""Public group-level files, which become cells without a student."""
