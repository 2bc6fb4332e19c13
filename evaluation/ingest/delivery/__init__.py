"""A delivered file on its way: which table it feeds, what is read of it, whether it stands, what became of it."""
