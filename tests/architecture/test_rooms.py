"""The shape of the house: direction of imports, one place for commits, no catch-all rooms."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PORTAL = ROOT / "portal"
MODULES = sorted(PORTAL.rglob("*.py"))
TEMPLATES = sorted([*(ROOT / "templates").rglob("*.*"), *(PORTAL / "sandbox").rglob("*.html")])


def test_imports_keep_to_the_contracts() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_commit_stands_in_database_alone() -> None:
    committing = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if re.search(r"\.(commit|rollback)\(", path.read_text())
        and not path.is_relative_to(PORTAL / "sandbox")
    ]
    assert committing == ["portal/database.py"]


def test_no_room_is_a_catch_all() -> None:
    forbidden = {"utils", "helpers", "common", "base", "manager", "util", "helper", "misc"}
    assert not [path for path in MODULES if path.stem in forbidden]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PORTAL)))
def test_a_module_begins_with_one_sentence(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, "a module says what lives in it"
    assert docstring.splitlines()[0].rstrip().endswith((".", ":")), docstring


def test_the_rule_book_reads_no_clock_and_no_environment() -> None:
    reading = [
        path.name
        for path in (PORTAL / "domain").rglob("*.py")
        if re.search(r"\b(datetime\.now|time\.time|os\.environ|date\.today)\b", path.read_text())
    ]
    assert reading == []


def test_services_and_queries_read_no_clock() -> None:
    reading = [
        str(path.relative_to(PORTAL))
        for room in ("services", "queries", "models")
        for path in (PORTAL / room).rglob("*.py")
        if re.search(r"\b(datetime\.now|date\.today|utcnow|time\.time\()", path.read_text())
    ]
    assert reading == []


def test_money_and_weights_are_never_floats() -> None:
    using = []
    for room in ("domain", "services", "models"):
        for path in (PORTAL / room).rglob("*.py"):
            tree = ast.parse(path.read_text())
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            floats = [
                node
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, float)
            ]
            # Drawing a picture and packing ballots into NumPy arrays count no money and no weight.
            if ("float" in names or floats) and path.stem != "logos":
                using.append(str(path.relative_to(PORTAL)))
    assert using == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_holds_no_inline_script_or_style(path: Path) -> None:
    """The content security policy allows neither; mails have no policy but need none of it."""
    text = path.read_text()
    if path.stem == "mail":
        return
    assert not re.search(r"\sstyle\s*=", text), "style attributes are refused by the policy"
    assert not re.search(r"<style[\s>]", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "event attributes are refused"
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"""(src|href)\s*=\s*["']https?://(?!schema\.org)""", text), "third party"


def test_each_decision_is_one_page_with_its_parts() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert len(records) >= 10
    for record in records:
        text = record.read_text()
        for part in ("Context", "Decision", "Consequences", "Alternatives"):
            assert f"**{part}.**" in text, f"{record.name} lacks {part}"
        assert len(text.splitlines()) <= 60, f"{record.name} is longer than a page"


def test_words_that_are_not_used() -> None:
    """ARCHITECTURE, Words: one meaning each; these are not ours."""
    unwanted = re.compile(r"\b(election|candidate|donor|donation|admin)s?\b", re.IGNORECASE)
    found = []
    for path in [*MODULES, *(ROOT / "templates").rglob("*.html")]:
        if path.is_relative_to(PORTAL / "sandbox"):
            continue
        found += [
            f"{path.relative_to(ROOT)}: {line.strip()}"
            for line in path.read_text().splitlines()
            # A cited title keeps its own words.
            if unwanted.search(line) and path.stem != "schulze"
        ]
    assert found == []
