"""A district's mapping.yaml as it is handed on with files of pseudonyms."""

from __future__ import annotations

from collections.abc import Mapping

import yaml


def with_hashed_years(content: bytes, hashed_with: Mapping[int, str]) -> bytes:
    """Return a readable mapping.yaml that says which years hold pseudonyms, and of which key; remarks are left out.

    Parameters
    ----------
    hashed_with : from a school year to the id of the key.
    """
    said = yaml.load(content.decode("utf-8-sig"), Loader=yaml.BaseLoader)
    student_id = said.get("student_id")
    kept = student_id if isinstance(student_id, dict) else {}
    years = {str(year): key_id for year, key_id in sorted(hashed_with.items())}
    return yaml.safe_dump(said | {"student_id": kept | {"hashed_with": years}}, sort_keys=False, allow_unicode=True,
                          width=120).encode()
