"""Every mail names its kind: necessary, or one that its reader can turn off."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import portal

SERVICES = Path(portal.__file__).parent / "services"


def _unnamed(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    posting = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "portal.services.outbox"
        for alias in node.names
        if alias.name in {"post_mail", "Letter"}
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            named = {keyword.arg for keyword in node.keywords}
            if node.func.id in posting and "kind" not in named:
                yield f"{path.relative_to(SERVICES)}:{node.lineno}"


def test_every_mail_names_its_kind() -> None:
    found = [where for path in sorted(SERVICES.rglob("*.py")) for where in _unnamed(path)]
    assert found == [], "name a MailKind (portal/domain/notifications.py), and whose mail it is"


def test_mails_are_looked_for_where_they_are() -> None:
    calls = sum(path.read_text().count("kind=MailKind.") for path in SERVICES.rglob("*.py"))
    assert calls > 10
