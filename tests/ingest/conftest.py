from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from evaluation import engine, params
from evaluation.ingest.district import District, ingest_district
from evaluation.params import Study
from tests.ingest.corpus.delivery import KEY, MAPPING, csv_of, good_files, mapping_of
from tests.ingest.in_memory import in_memory

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def study() -> Study:
    return params.study("partnership", ROOT)


@pytest.fixture
def take(study: Study) -> Callable[..., District]:
    def taken(files: Mapping[str, bytes] | None = None, *, threads: int | None = None, only: bool = False,
              **changes: object) -> District:
        delivered = dict(files or {}) if only else good_files() | dict(files or {})
        with engine.session(threads=threads) as session:
            return in_memory(ingest_district(mapping_of(**changes), delivered, delivered.__getitem__, study, key=KEY,
                                             session=session))
    return taken


@pytest.fixture(scope="session")
def plain(study: Study) -> District:
    """The plain delivery, read once."""
    with engine.session() as session:
        return in_memory(ingest_district(mapping_of(), good_files(), good_files().__getitem__, study, key=KEY,
                                         session=session))


@pytest.fixture
def files() -> Callable[[], dict[str, bytes]]:
    return good_files


@pytest.fixture
def rows_of() -> Callable[..., bytes]:
    return csv_of


@pytest.fixture
def mapping_text() -> str:
    return MAPPING
