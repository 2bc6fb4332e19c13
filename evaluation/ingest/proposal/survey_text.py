"""Lines of a mapping that only a survey has: shape, instrument, wave, consent, answers and items."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from evaluation.ingest.identity.identifiers import kind_of_header
from evaluation.ingest.proposal.guess import Guess, compact, guess_codes, is_known
from evaluation.ingest.proposal.mapping_text import CHECK, noted, quoted
from evaluation.ingest.proposal.sample_file import Sample

_POINTS = 5
"""Of the scales whose labels are known."""
_ITEM_VALUES = {str(n) for n in range(11)}


def survey_lines(sample: Sample, columns: Mapping[str, Counter[str]], guess: Guess, items: Sequence[str]
                 ) -> Iterator[str]:
    """Yield the keys that a survey has beside its columns; `items` are the columns that hold answers, if it is wide."""
    yield f"    layout: {'wide' if items else 'long'}"
    yield noted("    instrument: survey_v1", "a name for the questionnaire and its version")
    wave = re.search(r"(?i)(w(?:ave)?[_ -]?)([1-9])(?!\d)", PurePosixPath(sample.path).stem)
    if "wave" in guess.columns:
        yield f"    wave: {quoted(guess.columns['wave'])}"
    else:
        stem = PurePosixPath(sample.path).stem
        start = stem[:wave.start(2)] if wave else ""
        yield noted(f'    wave_from: {quoted(start + "{wave}*")}',
                    None if wave else "no column and no file name tells the wave of the survey")
    if "consent" in guess.columns:
        yield noted(f"    consent: {{column: {quoted(guess.columns['consent'])}}}",
                    "its values must be yes or no, else declare `codes`")
    else:
        yield f"    {CHECK} add `consent: given` if every answer was given with consent; else the file is refused"
    asked = items or ([guess.columns["value"]] if "value" in guess.columns else [])
    labels = {value for column in asked for value in columns[column] if value and value not in _ITEM_VALUES}
    answers = guess_codes("answer", labels)
    if answers:
        seen = len({code for code, _ in answers.values()})
        yield noted("    answers:", None if seen == _POINTS else f"labels of {seen} of {_POINTS} points were seen; the "
                    "scale may have others, or fewer: compare with the questionnaire")
        for value, (code, is_sure) in sorted(answers.items(), key=lambda entry: (entry[1][0], entry[0])):
            yield noted(f"      {quoted(value)}: {code}", None if is_sure else "a guess")
    if items:
        yield "    items:"
        for column in items:
            yield noted(f"      {quoted(column)}: {quoted(compact(column))}", "the study's id of this item")


def items_of(columns: Mapping[str, Counter[str]], guess: Guess) -> tuple[str, ...]:
    """Return the columns that hold answers on a scale."""
    free = [name for name in columns if name and name not in guess.columns.values() and not is_known(name)]
    return tuple(name for name in free if (values := {v for v in columns[name] if v})
                 and len(values - _ITEM_VALUES - set(guess_codes("answer", values))) == 0
                 and kind_of_header(name, is_declared=True) is None)
