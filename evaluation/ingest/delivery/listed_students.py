"""School lists that list students: reports name schools, and would name these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evaluation.ingest.delivery.delivered import DeliveredFile
from evaluation.ingest.mapping.schema import DistrictMapping
from evaluation.ingest.records import Flaw

_FEWEST = 5
_OVER_CHANCE = 10


def refuse_listed_students(files: Sequence[DeliveredFile], mapping: DistrictMapping) -> None:
    """Refuse school lists of which several ids are students' ids too, far more than numbers meet by chance.

    By chance a school's number is a student's as often as students have the numbers of that length: short numbers
    of a small district may meet.
    """
    students = frozenset().union(*(file.content.student_ids for file in files if file.content is not None))
    of_length = Counter(map(len, students))
    for file in files:
        if file.table != "school_year" or file.content is None:
            continue
        schools = {school.removeprefix(f"{mapping.district_id}-").upper() for school in file.content.listed}
        by_chance = sum(of_length[len(school)] / 10**len(school) for school in schools)
        both = len(schools & students)
        if both >= max(_FEWEST, _OVER_CHANCE * by_chance):
            column = mapping.tables.school_year.columns["school_id"].column
            file.refuse(Flaw("schools_are_students", column=column, count=both))
