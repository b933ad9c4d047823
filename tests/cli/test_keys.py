"""The signing key: made once, shown, backed up, replaced; what it signed stays good."""

from __future__ import annotations

import errno
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from portal.adapters.record_key import KeyFile
from portal.cli.keys import record_group
from portal.database import transaction
from portal.domain.record.notes import NoteWrong, open_note, read_verifier_key
from portal.ports.record_key import KeyUnusable
from portal.queries.record.record import find_unsigned
from tests.builders import make_project
from tests.services.test_record import entries_of, note


@pytest.fixture
def keeper(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyFile:
    """The portal with a key file of its own, not made yet."""
    keeper = KeyFile(tmp_path / "key.json")
    world = replace(app.extensions["stakehold"], record_key=keeper)
    monkeypatch.setitem(app.extensions, "stakehold", world)
    return keeper


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(record_group, ["key", *arguments])
    return done.exit_code, done.output


def test_without_a_key_the_log_is_there_but_not_signed(app: Flask, keeper: KeyFile) -> None:
    project = make_project("kelp")
    with transaction():
        note(project.id)
    client = app.test_client()
    assert "Not signed" in client.get("/p/kelp/record").text
    assert client.get("/p/kelp/record/checkpoint").status_code == 404
    assert client.get("/p/kelp/record/key").text == ""
    for command in (["show"], ["rotate"], ["backup", str(keeper.path.with_name("kept.json"))]):
        assert run(app, *command) == (1, "Error: There is no key yet: portal record key create\n")


def test_a_key_is_made_once_for_its_owner_s_eyes(app: Flask, keeper: KeyFile) -> None:
    assert run(app, "create")[0] == 0
    content = keeper.path.read_bytes()
    assert stat.S_IMODE(keeper.path.stat().st_mode) == 0o600
    code, said = run(app, "create")
    assert (code, keeper.path.read_bytes()) == (1, content)
    assert "is there already" in said
    make_project("kelp")
    shown = run(app, "show")[1]
    assert read_verifier_key(shown.strip()).public_key == keeper.public_keys()[0]
    assert [path.name for path in keeper.path.parent.iterdir()] == ["key.json"]


def test_a_backup_is_a_whole_key_and_overwrites_nothing(
    app: Flask, keeper: KeyFile, tmp_path: Path
) -> None:
    run(app, "create")
    kept = tmp_path / "kept.json"
    assert run(app, "backup", str(kept))[0] == 0
    assert KeyFile(kept).public_keys() == keeper.public_keys()
    assert run(app, "backup", str(kept))[0] == 1
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_what_cannot_be_written_is_said(app: Flask, keeper: KeyFile, tmp_path: Path) -> None:
    run(app, "create")
    nowhere = tmp_path / "missing" / "kept.json"
    said = f"Error: {nowhere} cannot be written: No such file or directory.\n"
    assert run(app, "backup", str(nowhere)) == (1, said)
    with pytest.raises(KeyUnusable, match="cannot be written: Not a directory"):
        KeyFile(keeper.path / "folder" / "key.json").create()


def test_a_key_in_a_folder_that_may_not_be_entered_is_said(
    app: Flask, keeper: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not taken for a key that was never made, which would leave the record unsigned."""

    def refuse(_path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)
    said = f"Error: {keeper.path} cannot be reached: Permission denied.\n"
    for command in ("show", "rotate"):
        assert run(app, command) == (1, said)


def test_a_key_that_cannot_be_linked_leaves_nothing_behind(
    app: Flask, keeper: KeyFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a stick whose file system knows no links."""
    run(app, "create")
    stick = tmp_path / "stick"
    stick.mkdir()

    def refuse(_path: Path, _target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    code, said = run(app, "backup", str(stick / "kept.json"))
    assert (code, "cannot be written: Operation not permitted" in said) == (1, True)
    assert list(stick.iterdir()) == []


def test_a_replaced_key_stays_listed_and_says_so_in_every_log(app: Flask, keeper: KeyFile) -> None:
    project = make_project("kelp")
    with transaction():
        note(project.id)
    run(app, "create")
    (old,) = keeper.public_keys()
    client = app.test_client()
    before = client.get("/p/kelp/record/checkpoint").text
    code, said = run(app, "rotate")
    assert code == 0, said
    new, earlier = keeper.public_keys()
    assert earlier == old != new
    entry = entries_of(project.id)[-1]
    assert (entry.subject, entry.type) == ("keys", "corrected")
    assert old.hex() in entry.leaf
    assert new.hex() in entry.leaf
    listed = [read_verifier_key(line) for line in client.get("/p/kelp/record/key").text.split()]
    assert [key.public_key for key in listed] == [new, old]
    # The news were still signed by the old key, and what it signed stays as it was.
    assert open_note(client.get("/p/kelp/record/checkpoint").text, listed)[1].public_key == old
    with transaction():
        note(project.id)
    after = client.get("/p/kelp/record/checkpoint").text
    assert open_note(after, listed)[1].public_key == new
    assert open_note(before, listed)[1].public_key == old
    with pytest.raises(NoteWrong):
        open_note(after, listed[1:])


def test_the_old_key_signs_the_news_however_many_logs_there_are(
    app: Flask, keeper: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_unsigned, "__defaults__", (1,))
    slugs = ("kelp", "fern", "moss")
    for slug in slugs:
        project = make_project(slug)
        with transaction():
            note(project.id)
    run(app, "create")
    (old,) = keeper.public_keys()
    assert run(app, "rotate")[0] == 0
    client = app.test_client()
    for slug in slugs:
        listed = [
            read_verifier_key(line) for line in client.get(f"/p/{slug}/record/key").text.split()
        ]
        checkpoint = client.get(f"/p/{slug}/record/checkpoint").text
        assert open_note(checkpoint, listed)[1].public_key == old


def test_a_demonstration_makes_its_key_by_itself(tmp_path: Path) -> None:
    keeper = KeyFile(tmp_path / "var" / "key.json", make_missing=True)
    assert keeper.public_keys() == KeyFile(keeper.path).public_keys()


def test_what_is_no_key_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    for content in ("", "[]", "{}", '{"private": "AAAA", "earlier": []}'):
        path.write_text(content)
        with pytest.raises(KeyUnusable, match="holds no key"):
            KeyFile(path).public_keys()
    with pytest.raises(KeyUnusable, match="prepared"):
        KeyFile(path).rotate()
