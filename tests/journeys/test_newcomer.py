"""J1 Newcomer: one command, a running portal; a taken port is told; Ctrl-C ends everything."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.conftest import free_port, start_demonstration, stop, wait_until_ready

pytestmark = pytest.mark.journey


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _processes_with(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if text in command:
                found.append(command)
    return found


def test_one_command_starts_everything_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    port = free_port()
    var = tmp_path / "var"
    process = start_demonstration(var, port)
    try:
        wait_until_ready(process, port)
    finally:
        printed = stop(process)
    assert f"http://127.0.0.1:{port}" in printed
    assert "Company owner" in printed
    assert process.returncode == 0, printed
    assert not _answers(port)
    assert _processes_with(str(var)) == []

    again = start_demonstration(var, port)
    try:
        wait_until_ready(again, port)
    finally:
        printed = stop(again)
    assert "Traceback" not in printed


def test_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        process = start_demonstration(tmp_path / "var", port)
        printed, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert f"Port {port} is taken" in printed
    assert "Traceback" not in printed


def test_the_command_lists_what_an_operator_types() -> None:
    portal = str(Path(sys.executable).parent / "portal")
    printed = subprocess.run([portal, "--help"], capture_output=True, text=True, check=True).stdout
    listed = printed.split("Commands:")[1].strip().splitlines()
    for line in listed:
        name, _, help_text = line.strip().partition("  ")
        assert help_text.strip(), f"{name} has no help"
    for name in ("demo", "database", "project", "operator", "jobs", "sandbox", "tally"):
        assert any(line.strip().startswith(name) for line in listed), name
