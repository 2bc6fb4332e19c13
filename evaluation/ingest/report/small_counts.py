"""How the intake's report shows a count of students or of their rows at one school: never a small one exactly.

The report travels between a district and the partnership. With every count rounded, one school's few rows cannot be
had by subtracting the other schools from the total of a file.
"""

from __future__ import annotations

FEWEST = 10


def shown(count: int) -> str:
    """Return a count as the report shows it: 0, `1–9`, or rounded to tens."""
    if count == 0:
        return "0"
    return f"1–{FEWEST - 1}" if count < FEWEST else f"{(count + FEWEST // 2) // FEWEST * FEWEST:,}"
