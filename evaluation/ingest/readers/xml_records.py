"""Records of an XML interchange file; nothing but the named elements is kept, and no entity is ever read.

The parser is fed in pieces and never sees an entity: a file with a document type, where entities are declared, is
refused. Rows are counted by record, because XML may stand on one line: row 1 is the header, as in a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.parsers import expat

from evaluation.ingest.identity.identifiers import kind_of_header
from evaluation.ingest.mapping.derivation import XmlSource
from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.records import Flaw, RefusedFileError

SEVERAL = "|"
"""Stands between the values of an element that a record repeats."""
_PIECE = 1 << 18
_DEEPEST = 100
_LONGEST = 10_000
_CUT = {expat.errors.XML_ERROR_UNCLOSED_TOKEN, expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_PARTIAL_CHAR, expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION}
_ENCODING = {expat.errors.XML_ERROR_UNKNOWN_ENCODING, expat.errors.XML_ERROR_INCORRECT_ENCODING}


def xml_records(content: bytes, table: SourceTable) -> Iterator[list[str]]:
    """Yield the paths that the table reads, then their values in every record; an element not there is empty.

    A column is the path below the record, `StudentReference/StudentIdentity/StudentUniqueId`; `Kind:path` is a path of
    the record of another kind that `xml.lookups` finds. Of a descriptor the code value is kept.

    Raises
    ------
    RefusedFileError
        No XML table is declared, the XML is not well-formed, has a document type or no record, no record has a path
        that is needed, or a record of students has an element that identifies people.
    """
    source = table.xml
    if source is None:
        raise RefusedFileError(Flaw("not_a_table", hint="It is XML."))
    columns = table.required()
    beside = {kind: _index(_all(content, kind, _paths(columns, source, kind), table), tuple(on.values()))
              for kind, on in source.lookups.items()}
    found = _Records(source.record, _paths(columns, source, ""), is_about_people="student_id" in table.columns)
    yield list(columns)
    for record in found.read(content):
        others = {kind: beside[kind].get(tuple(record.get(here, "") for here in on), {})
                  for kind, on in source.lookups.items()}
        yield [_value(name, record, others) for name in columns]
    if not found.count:
        raise RefusedFileError(Flaw("header_only", hint=f"No `{source.record}` stands below the outermost element."))
    for name in columns:
        if ":" not in name and name not in found.seen and name not in source.may_lack:
            raise RefusedFileError(Flaw("missing_column", column=name, hint=f"No `{source.record}` has it."),
                                   found.count)


class _Records:
    """Reader of the records of one kind; `seen` are the paths that held text, `count` the records so far."""

    def __init__(self, kind: str, wanted: frozenset[str], *, is_about_people: bool) -> None:
        self.kind, self.wanted, self.is_about_people = kind, wanted, is_about_people
        self.seen: set[str] = set()
        self.count = 0
        self._identifying: Flaw | None = None
        self._depth = 0
        self._path: str | None = None
        self._above: list[str] = []
        self._below: dict[tuple[str, str], str] = {}
        self._text: list[str] = []
        self._record: dict[str, str] = {}
        self._done: list[dict[str, str]] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def read(self, content: bytes) -> Iterator[dict[str, str]]:
        """Yield every record as path → value."""
        try:
            for begin in range(0, len(content), _PIECE):
                self._parser.Parse(content[begin:begin + _PIECE], False)
                yield from self._done
                self._done.clear()
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            what = expat.errors.messages[error.code]
            rule = "cut_off" if what in _CUT else "encoding" if what in _ENCODING else "bad_xml"
            raise RefusedFileError(Flaw(rule, hint=f"Line {error.lineno}."), self.count) from None
        except (LookupError, ValueError):  # an encoding that the parser does not know, or of several bytes
            raise RefusedFileError(Flaw("encoding", hint="Export it as UTF-8."), self.count) from None
        if self._identifying is not None:
            raise RefusedFileError(self._identifying, self.count)

    def _start(self, name: str, _: object) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RefusedFileError(Flaw("bad_xml", hint=f"Line {self._parser.CurrentLineNumber}."), self.count)
        self._text.clear()
        if self._path is not None:
            self._above.append(self._path)
            self._path = self._below.get((self._path, name)) or self._path_below(self._path, name)
        elif self._depth == 2 and name.rpartition(":")[2] == self.kind:
            self.count += 1
            self._path, self._record = "", {}

    def _path_below(self, path: str, name: str) -> str:
        local = name.rpartition(":")[2]
        self._below[path, name] = below = f"{path}/{local}" if path else local
        return below

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._path:
            text = "".join(self._text)
            if text and not text.isspace():
                self._take(self._path, text)
            self._path = self._above.pop()
        elif self._path is not None:
            self._done.append(self._record)
            self._path = None
        self._text.clear()

    def _take(self, path: str, text: str) -> None:
        if path not in self.seen:
            self.seen.add(path)
            what = kind_of_header(path.rpartition("/")[2], is_declared=path in self.wanted)
            if what is not None and self.is_about_people and self._identifying is None:
                self._identifying = Flaw("identifiable_column", column=f"{self.kind}/{path}", hint=f"Kind: {what}.")
        if path in self.wanted:
            before, value = self._record.get(path), _plain(text)[:_LONGEST]
            self._record[path] = value if before is None else f"{before}{SEVERAL}{value}"[:_LONGEST]

    def _refuse_doctype(self, *_: object) -> None:
        raise RefusedFileError(Flaw("xml_doctype", hint=f"Line {self._parser.CurrentLineNumber}."), self.count)


def _all(content: bytes, kind: str, wanted: frozenset[str], table: SourceTable) -> list[dict[str, str]]:
    return list(_Records(kind, wanted, is_about_people="student_id" in table.columns).read(content))


def _paths(columns: Sequence[str], source: XmlSource, kind: str) -> frozenset[str]:
    """Return the paths that are read of a kind of record that is looked up; of the rows' own kind for ``."""
    named = {name.removeprefix(f"{kind}:") for name in columns if name.rpartition(":")[0] == kind}
    keys = source.lookups[kind].values() if kind else (here for on in source.lookups.values() for here in on)
    return frozenset({*named, *keys})


def _value(name: str, record: Mapping[str, str], others: Mapping[str, Mapping[str, str]]) -> str:
    kind, _, path = name.rpartition(":")
    return (others[kind] if kind else record).get(path, "")


def _index(records: Sequence[Mapping[str, str]], key: tuple[str, ...]) -> dict[tuple[str, ...], Mapping[str, str]]:
    """Return records by key; a key that differing records share finds none of them."""
    found: dict[tuple[str, ...], Mapping[str, str]] = {}
    for record in records:
        at = tuple(record.get(path, "") for path in key)
        found[at] = record if found.get(at, record) == record else {}
    return found


def _plain(text: str) -> str:
    """Return text with single spaces; of a descriptor (`uri://…#Tardy`) its code value."""
    words = " ".join(text.split())
    return words.rpartition("#")[2] if words.startswith("uri://") else words
