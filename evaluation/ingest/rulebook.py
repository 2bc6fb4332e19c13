"""Every rule of the intake, in words: what is wrong, and what a data manager can do."""

from __future__ import annotations

from collections.abc import Mapping

from evaluation.ingest.records import Rule

REFUSE_FILE: Mapping[str, Rule] = {
    "encoding": Rule("The file is not in the declared encoding", "Save it as UTF-8, or declare `encoding`."),
    "nul_bytes": Rule("The file holds NUL bytes", "Export it again as UTF-8; UTF-16 needs its mark."),
    "not_text": Rule("The file is not CSV text", "Export the one sheet or table as CSV."),
    "empty_file": Rule("The file is empty", "Send it again."),
    "header_only": Rule("The file has a header and 0 rows",
                        "Send the rows. If there were no events, list the year under `nothing_in` in mapping.yaml."),
    "stray_quote": Rule("A quotation mark is not closed", "Repair the quotation mark."),
    "cut_off": Rule("The file ends in the middle of a row", "Send the file again: the transfer was cut."),
    "title_rows": Rule("Lines stand before the header", "Declare `title_rows` in mapping.yaml, or delete the lines."),
    "missing_column": Rule("A column that mapping.yaml names is not in the file", "Rename it or mend mapping.yaml."),
    "duplicate_column": Rule("Two columns have the same name", "Keep one of them."),
    "identifiable_column": Rule("A column name says that people can be identified", "Delete the column at the source."),
    "identifiable_value": Rule("Values look like they identify people", "Delete the column at the source."),
    "already_suppressed": Rule("Values were already suppressed", "Send true values: suppression happens on release."),
    "scientific_id": Rule("Ids were turned into rounded numbers such as 1.2E+11",
                          "Export again with the id column formatted as text."),
    "leading_zeros_lost": Rule("Ids are shorter than ids of this district are: leading zeros were lost",
                               "Export the id column as text, or declare `student_id: {zero_pad: …}` in mapping.yaml."),
    "date_format_undeclared": Rule("Dates are not written year-month-day and no format is declared",
                                   "Declare `format` for the column in mapping.yaml."),
    "date_format": Rule("No date fits the declared format", "Correct `format` in mapping.yaml."),
    "excel_serial_date": Rule("Dates are spreadsheet day numbers", "Format the column as a date and export again."),
    "another_district": Rule("The file looks like another district's or another year's",
                             "Put it where it belongs, or complete the school list and the enrolment."),
    "no_roster": Rule("The school list of this district and year was not accepted", "Send the school list first."),
    "no_enrollment": Rule("Enrolment of this district and year was not accepted", "Send the enrolment file first."),
    "unclaimed_file": Rule("No table of mapping.yaml names this file", "Add its pattern to `files`, or take it away."),
    "outside_periods": Rule("The school year is outside the study", "Widen the study's `periods`, or take it away."),
}

SET_ASIDE: Mapping[str, Rule] = {
    "row_too_long": Rule("The row has more fields than the header", "Look for an unquoted delimiter in the row."),
    "row_too_short": Rule("The row has fewer fields than the header", "Complete the row."),
    "header_again": Rule("The header is repeated", "Delete the row."),
    "total_row": Rule("The row is a total", "Delete the row."),
    "missing_id": Rule("The id is empty", "Fill in the id."),
    "missing_value": Rule("The value is empty; empty is never read as 0", "Fill in the value."),
    "unknown_code": Rule("The code is not declared; it is never read as another group",
                         "Declare the code under `codes` in mapping.yaml, or correct it."),
    "formula_error": Rule("The cell is a spreadsheet error", "Repair the formula and export again."),
    "not_a_number": Rule("The cell is not a plain number", "Write digits only, with a point for decimals."),
    "decimal_comma": Rule("The number has a comma", "Write digits only, with a point for decimals."),
    "negative": Rule("The number is negative", "Correct the number."),
    "not_half_days": Rule("Days are not whole or half", "Round to half days at the source."),
    "out_of_range": Rule("The number is outside its limits", "Correct the number."),
    "bad_date": Rule("The date does not fit the declared format", "Write the date in the declared format."),
    "date_outside_school_year": Rule("The date is outside the school year (1 July to 30 June)",
                                     "Correct the date, or move the row to its year."),
    "item_outside_scale": Rule("The answer is outside the item's scale", "Correct the answer or its scale."),
    "grade_range_reversed": Rule("The lowest grade is above the highest", "Exchange the two grades."),
    "no_grade_band": Rule("The school teaches no grade of the study", "Leave such schools out of the delivery."),
    "school_not_in_roster": Rule("The school is not in that year's school list", "Add the school, or correct its id."),
    "grade_outside_school": Rule("The school does not teach this grade", "Correct the grade or the school list."),
    "exit_before_entry": Rule("The spell ends before it starts", "Correct the dates."),
    "overlapping_spells": Rule("Two enrolment spells of a student overlap; both are set aside",
                               "End the first spell by the day the second one starts."),
    "absent_over_enrolled": Rule("More days absent than enrolled", "Correct the days."),
    "oss_over_absent": Rule("More suspension days than days absent", "Count suspension days inside days absent."),
    "enrolled_over_calendar": Rule("More days enrolled in the year than the school's calendar has",
                                   "Correct the days or `calendar_days`."),
    "not_enrolled_at_school": Rule("The student has no accepted enrolment at this school in this year",
                                   "Add the enrolment, or correct the id or the school."),
    "not_enrolled": Rule("The student has no accepted enrolment in this district and year",
                         "Add the enrolment, correct the id, or take the row away."),
    "conflicting_duplicate": Rule("Rows with the same key differ; all of them are set aside", "Keep the right one."),
}

NOTES: Mapping[str, Rule] = {
    "exact_duplicate": Rule("The row repeats another one; it counts once", ""),
    "open_spell": Rule("The spell has no last day; the end of the school year is taken", ""),
    "no_answer": Rule("The item was not answered", ""),
    "zero_padded": Rule("Ids were padded with zeros, as declared", ""),
    "extra_column": Rule("The column is not declared; it was looked through for identifiers and dropped",
                         "Declare it under `drop`."),
}

RULES: Mapping[str, Rule] = {**REFUSE_FILE, **SET_ASIDE, **NOTES}
