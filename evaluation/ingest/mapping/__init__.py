"""How a district's files become canonical tables: the mapping file, its layouts and derivations."""
