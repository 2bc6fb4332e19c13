"""Who is in the data: identifiers that must not be there, pseudonyms, keys, crosswalks, generalising, k-anonymity."""
