"""`evaluation key`: a key is made where nobody tracks it, is named by its id, and is never shown."""

import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.cli.key import key
from evaluation.errors import DeliveryError
from evaluation.ingest.identity.crosswalk import read_crosswalk
from evaluation.ingest.identity.pseudonym import key_id, student_pseudonyms
from tests.ingest.corpus.delivery import MAPPING, good_files, put
from tests.ingest.in_memory import in_memory

runner = CliRunner()


def _say(*arguments: object) -> str:
    result = runner.invoke(key, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def _secret(path: Path) -> str:
    return path.read_text().splitlines()[-1]


def test_a_key_is_made_for_its_owner_alone_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "a.key"
    said = _say("new", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(_secret(path)) == 64
    assert _secret(path) not in said
    assert f"EVALUATION_PSEUDONYM_KEY_FILE={path}" in said
    assert key_id(_secret(path).encode()) in said
    assert _say("show", path).strip() == key_id(_secret(path).encode())


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    _say("new", tmp_path / "a.key")
    before = (tmp_path / "a.key").read_bytes()
    with pytest.raises(DeliveryError, match="never overwritten"):
        _say("new", tmp_path / "a.key")
    assert (tmp_path / "a.key").read_bytes() == before


@pytest.mark.parametrize("mark", [".git", ".dvc", "dvc.yaml", "mapping.yaml"])
def test_a_key_is_not_made_or_read_where_files_are_tracked_or_delivered(mark: str, tmp_path: Path) -> None:
    inside, outside = tmp_path / "project/keys/a.key", tmp_path / "b.key"
    _say("new", outside)
    inside.parent.mkdir(parents=True)
    outside.rename(inside)
    (tmp_path / "project" / mark).mkdir()
    for said in (("new", inside.with_name("c.key")), ("show", inside)):
        with pytest.raises(DeliveryError, match="must not lie"):
            _say(*said)
    assert not inside.with_name("c.key").exists()


@pytest.mark.skipif(os.name != "posix", reason="files have no modes")
def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    _say("new", tmp_path / "a.key")
    (tmp_path / "a.key").chmod(0o644)
    with pytest.raises(DeliveryError, match="others can read"):
        _say("show", tmp_path / "a.key")


def test_a_key_given_in_place_of_its_file_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "0123456789abcdef" * 4
    monkeypatch.setenv("EVALUATION_PSEUDONYM_KEY_FILE", secret)
    monkeypatch.delenv("EVALUATION_PSEUDONYM_KEY", raising=False)
    for arguments in (("show",), ("show", secret)):
        with pytest.raises(DeliveryError) as caught:
            _say(*arguments)
        assert secret not in str(caught.value)


def test_rotating_writes_pseudonyms_of_both_keys_beside_the_mapping(tmp_path: Path) -> None:
    folder = _delivered(tmp_path / "in" / "ia-9001")
    for name in ("old", "new"):
        _say("new", tmp_path / f"{name}.key")
    said = _say("rotate", tmp_path / "old.key", tmp_path / "new.key", "--ids", folder)
    keys = [_secret(tmp_path / f"{name}.key").encode() for name in ("old", "new")]
    target = folder / f"crosswalk_{key_id(keys[0])}_{key_id(keys[1])}.csv"
    assert str(target) in said.replace("\n", "")
    walk = read_crosswalk({str(target): target.read_bytes()})
    old, new = (student_pseudonyms(k, "ia-9001", "ia", "local_id") for k in keys)
    assert dict(walk.pseudonyms) == {old(i): new(i) for i in ("0000001", "0000002", "0000003")}
    assert not any(k.decode() in said or k in target.read_bytes() for k in keys)


def test_no_crosswalk_is_written_that_leads_in_a_circle(tmp_path: Path) -> None:
    folder = _delivered(tmp_path / "in" / "ia-9001")
    for name in ("a", "b"):
        _say("new", tmp_path / f"{name}.key")
    _say("rotate", tmp_path / "a.key", tmp_path / "b.key", "--ids", folder)
    lies = sorted(folder.iterdir())
    with pytest.raises(DeliveryError, match="in a circle"):
        _say("rotate", tmp_path / "b.key", tmp_path / "a.key", "--ids", folder)
    assert sorted(folder.iterdir()) == lies


def _delivered(folder: Path) -> Path:
    return put(folder, good_files(), MAPPING)


def test_hashed_copies_hold_no_id_and_give_the_same_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evaluation import engine, params
    from evaluation.ingest.district_folder import delivered_paths, ingest_folder, read_folder

    folder = _delivered(tmp_path / "in" / "ia-9001")
    (folder / "2024/students.csv").write_bytes(good_files()["2024/students.csv"] + b"Total,B,Y\n,B,Y\n0000001,B\n")
    _say("new", tmp_path / "a.key")
    secret = _secret(tmp_path / "a.key").encode()
    monkeypatch.setenv("EVALUATION_PSEUDONYM_KEY_FILE", str(tmp_path / "a.key"))
    monkeypatch.delenv("EVALUATION_PSEUDONYM_KEY", raising=False)
    _say("hash", folder, "--to", tmp_path / "out")
    copy = tmp_path / "out" / "ia-9001"
    assert dict(read_folder(copy).mapping.student_id.hashed_with) == {2024: key_id(secret)}
    assert not any(i in p.read_bytes() for p in copy.rglob("*.csv") for i in (b"0000001", b"0000002", b"0000003"))
    study = params.study("partnership")
    with engine.session() as session:
        plain, again = (in_memory(ingest_folder(read_folder(f), delivered_paths(f), study, key=secret, session=session))
                        for f in (folder, copy))
    assert [(f.rows_in, f.rows_accepted, f.rows_quarantined) for f in plain.files] == [
        (f.rows_in, f.rows_accepted, f.rows_quarantined) for f in again.files]
    for name, table in plain.tables.items():
        columns = [c for c in table.columns if c != "action_id"]
        assert table[columns].equals(again.tables[name][columns]), name


def test_a_file_that_is_no_csv_is_not_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _delivered(tmp_path / "in" / "ia-9001")
    (folder / "2024/students.csv").write_bytes(b'Student Number,RaceEth,IEP\n"Zyxxyqua\n')
    monkeypatch.setenv("EVALUATION_PSEUDONYM_KEY", "k" * 32)
    with pytest.raises(DeliveryError, match="quotation mark") as caught:
        _say("hash", folder, "--to", tmp_path / "out")
    assert "Zyxxyqua" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="files have no modes")
def test_a_file_that_is_no_key_is_called_so_and_named(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("root:x:0:0:root:/root:/bin/bash\nsomebody:x:1:1:somebody:/home/somebody:/bin/sh\n")
    (tmp_path / "users").chmod(0o644)
    with pytest.raises(DeliveryError, match="no key file") as caught:
        _say("show", tmp_path / "users")
    assert str(tmp_path / "users") in str(caught.value)
    assert "chmod" not in str(caught.value)
    assert "somebody" not in str(caught.value)


def test_a_place_with_a_space_is_told_as_a_shell_reads_it(tmp_path: Path) -> None:
    assert f"EVALUATION_PSEUDONYM_KEY_FILE='{tmp_path}/my keys/a.key'" in _say("new", tmp_path / "my keys" / "a.key")
