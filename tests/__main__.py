"""``make test``: every check, beside the tests; ``--lint`` leaves the tests out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS = (
    ("style", [BIN / "ruff", "check", "--quiet", "."]),
    ("format", [BIN / "ruff", "format", "--check", "--quiet", "."]),
    ("types", [BIN / "mypy", "--no-error-summary"]),
    ("contracts", [BIN / "lint-imports", "--no-logo"]),
    ("templates", [BIN / "djlint", "--quiet", "--lint", "templates", "portal/sandbox/templates"]),
)


def _run(name: str, command: list[Path | str]) -> tuple[bool, str]:
    """Make one check; whether it passed, and what there is to say."""
    started = time.monotonic()
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    passed = done.returncode == 0
    report = f"{'ok' if passed else 'FAILED':<7} {name} ({time.monotonic() - started:.1f} s)"
    if not passed:
        report += f"\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return passed, report


def _ensure_chromium() -> None:
    """The journeys need a browser; Debian's is installed where that is allowed."""
    if any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium …", flush=True)
        quiet = {
            "stdout": subprocess.DEVNULL,
            "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        }
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)  # type: ignore[call-overload]
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], check=False, **quiet)  # type: ignore[call-overload]
    if not shutil.which("chromium"):
        print("Chromium is missing: the journeys will be skipped, or fail under CI=true.")


def _run_tests(arguments: list[str]) -> bool:
    _ensure_chromium()
    # One more than there are cores: journeys wait for a browser and for processes that start.
    workers = (os.cpu_count() or 1) + 1
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", str(workers), "--dist", "worksteal", *arguments],
        cwd=ROOT,
        check=False,
    )
    return tests.returncode == 0


def main() -> int:
    """Run the checks one after another, and the tests in parallel meanwhile."""
    # The tests start the portal many times: each would compile it anew without files to read.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    arguments = [argument for argument in sys.argv[1:] if argument != "--lint"]
    with ThreadPoolExecutor(max_workers=1) as beside:
        checks = [beside.submit(_run, name, list(command)) for name, command in CHECKS]
        passed = "--lint" in sys.argv or _run_tests(arguments)
        for check in checks:
            right, report = check.result()
            print(report, flush=True)
            passed = passed and right
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
