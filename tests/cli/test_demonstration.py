"""``portal demo``: what it refuses, and when it counts as ready."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from pathlib import Path

import click
import pytest

from portal.cli.demonstration import _answers, _claim, _free_port


def test_a_folder_holds_one_demonstration_at_a_time(tmp_path: Path) -> None:
    held = _claim(tmp_path)
    with pytest.raises(click.ClickException, match="already runs on the folder"):
        _claim(tmp_path)
    held.close()
    _claim(tmp_path).close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(click.ClickException, match=r"file/var cannot be written: Not a directory"):
        _claim(tmp_path / "file" / "var")


def test_after_the_last_port_any_free_one_is_taken() -> None:
    assert 0 < _free_port(65536) <= 65535


def test_a_mail_server_on_the_portals_port_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def greet() -> None:
            line, _address = server.accept()
            with closing(line):
                line.sendall(b"220 mail.example ready\r\n")
                line.recv(4096)

        greeting = threading.Thread(target=greet)
        greeting.start()
        port = server.getsockname()[1]
        monkeypatch.setenv("STAKEHOLD_BASE_URL", f"http://127.0.0.1:{port}")
        assert _answers() is False
        greeting.join()
