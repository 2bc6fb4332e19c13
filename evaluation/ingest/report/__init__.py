"""What a district is told about its delivery: the account, what to mend, coverage, shifts, comparisons."""
