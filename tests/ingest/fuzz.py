"""A coverage-guided search for bytes on which a reader fails: `python -m tests.ingest.fuzz RUNS SEED` (Atheris).

It starts from small good files of every kind. Members of an archive are changed inside it, or no change would get past
the archive's checksums. Whatever is not a `RefusedFileError` ends the search with the bytes and the traceback.
"""

import io
import sys
import tempfile
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["evaluation.ingest", "openpyxl"]):
    import openpyxl  # noqa: F401  (the readers import it late, when it would not be watched)

    from evaluation.ingest.identity.pseudonym import pseudonyms
    from evaluation.ingest.parsers import Reading
    from evaluation.ingest.readers.sheet import read_sheet
    from evaluation.ingest.records import RefusedFileError
    from evaluation.ingest.typed import typed

from tests.ingest.corpus.all_cases import CASES
from tests.ingest.corpus.delivery import KEY, YEAR, mapping_of

_MOST_BYTES = 8_192
_PLAIN = mapping_of()
_TABLES = _PLAIN.tables.sent()
_KEY = pseudonyms(KEY, "ia-9001", "student_id")
_HOW = Reading("ia-9001", YEAR, _PLAIN.student_id, _KEY, _KEY, {f"bel{i}": (1, 5) for i in range(1, 6)})
_NAMES = tuple(_TABLES)


def read(data: bytes) -> None:
    """Read bytes as a file of the table that the first byte chooses."""
    if not data:
        return
    name = _NAMES[data[0] % len(_NAMES)]
    try:
        sheet = read_sheet(data[1:], _TABLES[name])
        found = typed(sheet, name, _TABLES[name], f"{YEAR}/{name}", _HOW)
    except RefusedFileError:
        return
    assert sheet.rows_in == found.n_good + len({flaw.row for flaw in found.flaws})


def changed(data: bytes, max_size: int, seed: int) -> bytes:
    """Return the bytes changed; of a zip archive, one member."""
    try:
        with zipfile.ZipFile(io.BytesIO(data[1:])) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # no archive, or a broken one
        return atheris.Mutate(data, max_size)
    if not members or seed % 8 == 0:
        return atheris.Mutate(data, max_size)
    chosen = sorted(members)[seed % len(members)]
    members[chosen] = atheris.Mutate(members[chosen], max(len(members[chosen]) + 64, 64))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    rewritten = data[:1] + out.getvalue()
    return rewritten if len(rewritten) <= max_size else atheris.Mutate(data, max_size)


def seeds() -> list[bytes]:
    """Return the small files of the corpus, each with the byte that chooses its table."""
    found = {bytes([_NAMES.index(name)]) + content for case in CASES for path, content in case.delivered().items()
             for name, table in _TABLES.items()
             if Path(path).name.startswith(table.files.strip("*/").partition("*")[0]) and len(content) < _MOST_BYTES}
    return sorted(found)


if __name__ == "__main__":
    runs, seed = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(seeds()):
            (Path(folder) / str(number)).write_bytes(content)
        atheris.Setup([sys.argv[0], f"-runs={runs}", f"-seed={seed}", f"-max_len={_MOST_BYTES}",
                        "-timeout=300", f"-artifact_prefix={folder}/", folder], read, custom_mutator=changed)
        atheris.Fuzz()
