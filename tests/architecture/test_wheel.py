"""The wheel carries all it needs: installed into an empty environment it serves a page."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_SERVE = """
import os, pathlib, portal
assert "site-packages" in portal.__file__, portal.__file__
from portal.app import create_app
app = create_app()
with app.app_context():
    from portal.cli.database import upgrade_tables
    upgrade_tables()
answer = app.test_client().get("/")
assert answer.status_code == 200, answer.status
assert b"<html" in answer.data
import re
stylesheet = re.search(rb'href="([^"]+[.]css[^"]*)"', answer.data).group(1).decode()
assert app.test_client().get(stylesheet).status_code == 200, stylesheet
print("served")
"""


def test_the_wheel_installs_into_an_empty_environment_and_serves_a_page(tmp_path: Path) -> None:
    def run(*command: object, **options: object) -> str:
        done = subprocess.run(  # type: ignore[call-overload]
            [str(part) for part in command],
            capture_output=True,
            text=True,
            check=False,
            **options,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return str(done.stdout)

    source = tmp_path / "source"
    tracked = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in tracked.splitlines():
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation")
    run(*build, "--outdir", tmp_path / "dist", source)
    (wheel,) = (tmp_path / "dist").glob("*.whl")

    # Everything in the lock was fetched for this environment already: the cache has it.
    uv = Path(sys.executable).parent / "uv"
    run(uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    install = (uv, "pip", "install", "--quiet", "--offline", "--python", python)
    run(*install, "--require-hashes", "-r", ROOT / "requirements.txt")
    run(*install, "--no-deps", wheel)
    environ = {
        "PATH": os.environ["PATH"],
        "STAKEHOLD_ENV": "demonstration",
        "STAKEHOLD_DEMONSTRATION": "1",
        "STAKEHOLD_VAR": str(tmp_path),
    }
    assert "served" in run(python, "-c", _SERVE, cwd=tmp_path, env=environ)
    assert "demo" in run(python.parent / "portal", "--help", cwd=tmp_path, env=environ)
