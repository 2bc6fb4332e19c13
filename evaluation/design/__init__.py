"""Cells and a specification become a design for `stats`; the only place where assignment meets cells.

Who is compared
    Units of the program's grade band (band `all`: every unit). Program units are the schools a cohort lists, and all
    units of the districts it lists. A unit that is in another program of the same grade band and not in this one is
    left out: it is no unit without a program. Units of strata (`within`) without any program unit are left out too.
Which cells
    Those of the program's grade band, period by period: a school that changes its band takes part while it is in it.
    A cell counts when its mean can be used: reported, with at least one student, or published without its number of
    students. Gap and parts use the units and periods where both groups' cells count; with `part` given (sample `own`)
    a focal or reference design uses that group's cells alone.
Weights
    `unit`: 1. `focal`: mean number of focal students in the outcome's denominator (for a survey those who answered)
    over the design's periods before the program's earliest cohort, the same for both parts and every period; a unit
    without any then has no weight and is left out.
"""

from evaluation.design.assignment import assign, check_assignment
from evaluation.design.build import Part, build, build_stacked, districts, periods, students
from evaluation.design.lineage import one_program_unit, one_unit, renamed, survivors
from evaluation.design.means import factors, means
from evaluation.design.student_sums import NO_SUMS, StudentSums, build_students, students_of_homes
from evaluation.design.topics import Topic, topics

__all__ = ["NO_SUMS", "Part", "StudentSums", "Topic", "assign", "build", "build_stacked", "build_students",
           "check_assignment", "districts", "factors", "means", "one_program_unit", "one_unit", "periods", "renamed",
           "students", "students_of_homes", "survivors", "topics"]
