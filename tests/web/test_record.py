"""The pages of the public record: anybody can check a log, an entry, a receipt, a checkpoint."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.decisions import DecisionKind
from portal.domain.record import tree
from portal.domain.record.notes import open_note, read_checkpoint, read_verifier_key
from portal.domain.record.receipts import ReceiptWrong, check_receipt
from portal.jobs import run_due
from portal.models.outbox import OutboxMessage
from portal.models.proposals import Proposal
from portal.models.record import LogCheckpoint
from portal.services.votes.decisions import decide
from tests.builders import NOW, make_project, sign_in
from tests.queries.test_public_statements import MOST, count
from tests.record_builders import receipt_of
from tests.services.test_record import entries_of, note
from tests.standins import FixedKey
from tests.vote_builders import DAY, Scene, ballots_of, cast, close, make_scene, make_vote

KEY = "localhost/p/kelp/record"


def scene_with_ballots(**charter: str) -> tuple[Scene, int]:
    scene = make_scene(slug="kelp", **charter)
    vote = make_vote(scene)
    cast(scene, vote, 0, "for", reason="SECRETWHY")
    cast(scene, vote, 1, "against")
    return scene, vote


def test_every_entry_is_proved_against_the_signed_root(app: Flask, client: FlaskClient) -> None:
    scene_with_ballots()
    answer = client.get("/p/kelp/record/checkpoint")
    assert answer.mimetype == "text/plain"
    keys = [read_verifier_key(line) for line in client.get("/p/kelp/record/key").text.splitlines()]
    text, signer = open_note(answer.text, keys)
    head = read_checkpoint(text)
    assert (signer.name, head.origin, head.size) == (KEY, KEY, 4)
    for index in range(head.size):
        proof = client.get(f"/p/kelp/record/{index}/proof").get_json()
        assert proof["checkpoint"] == answer.text
        hashes = [bytes.fromhex(each) for each in proof["hashes"]]
        leaf = tree.leaf_hash(proof["leaf"].encode())
        assert leaf.hex() == proof["leaf_hash"]
        tree.check_inclusion(leaf, index, head.size, hashes, head.root)
        page = client.get(f"/p/kelp/record/{index}").text
        assert proof["leaf_hash"] in page
    assert client.get(f"/p/kelp/record/{head.size}").status_code == 404
    assert client.get(f"/p/kelp/record/{head.size}/proof").status_code == 404


def test_every_two_checkpoints_are_proved_consistent(app: Flask, client: FlaskClient) -> None:
    project = make_project("kelp")
    with transaction():
        for number in range(6):
            note(project.id, number=number)
    roots = {}
    keys = [read_verifier_key(line) for line in client.get("/p/kelp/record/key").text.splitlines()]
    for size in range(8):
        text, _ = open_note(client.get(f"/p/kelp/record/checkpoint/{size}").text, keys)
        roots[size] = read_checkpoint(text).root
    assert client.get("/p/kelp/record/checkpoint/8").status_code == 404
    for second in range(8):
        for first in range(second + 1):
            proof = client.get(f"/p/kelp/record/consistency/{first}/{second}").get_json()
            hashes = [bytes.fromhex(each) for each in proof["hashes"]]
            tree.check_consistency(first, second, hashes, roots[first], roots[second])
    assert client.get("/p/kelp/record/consistency/3/2").status_code == 404
    assert client.get("/p/kelp/record/consistency/3/9").status_code == 404


def test_a_ballot_is_opened_after_the_tally_and_not_before(app: Flask, client: FlaskClient) -> None:
    _scene, vote = scene_with_ballots()
    assert "SECRETWHY" not in client.get("/p/kelp/record/2").text
    assert "sealed" in client.get("/p/kelp/record/2").text
    close(vote)
    page = client.get("/p/kelp/record/2").text
    assert "SECRETWHY" in page
    nonce = ballots_of(vote)[0].nonce
    assert nonce
    assert nonce.hex() in page


def test_a_replaced_or_secret_ballot_is_never_opened(app: Flask, client: FlaskClient) -> None:
    scene, vote = scene_with_ballots()
    cast(scene, vote, 0, "against")
    close(vote)
    assert "SECRETWHY" not in client.get("/p/kelp/record/2").text
    secret = make_scene(weights=(1,) * 6, slug="reef", privacy="secret_aggregate")
    hidden = make_vote(secret)
    for index in range(6):
        cast(secret, hidden, index, "for")
    close(hidden)
    for entry in entries_of(secret.project.id):
        page = client.get(f"/p/reef/record/{entry.index}").text
        assert "nonce&#34;" not in page
        assert "The ballot, opened" not in page


def test_the_log_is_paged_by_entry(app: Flask, client: FlaskClient) -> None:
    project = make_project("kelp")
    with transaction():
        for number in range(90):
            note(project.id, number=number)
    seen: list[str] = []
    path = "/p/kelp/record"
    while path:
        page = client.get(path).text
        seen += re.findall(r'href="/p/kelp/record/(\d+)"', page)
        older = re.search(r'href="(/p/kelp/record\?before=\d+)" rel="next"', page)
        path = older[1] if older else ""
    assert seen == [str(number) for number in reversed(range(91))]


def test_entries_lead_to_what_was_voted_on(app: Flask, client: FlaskClient) -> None:
    """By the title that froze: a later draft of it is nobody's business yet."""
    scene, vote = scene_with_ballots()
    link = r'<a href="/p/kelp/proposals/1{}">Persistent queues</a>'
    for page in ("", "/2"):
        assert re.search(link.format(""), client.get(f"/p/kelp/record{page}").text)
    close(vote)
    with transaction() as session:
        for proposal in session.scalars(select(Proposal)):
            proposal.title = "REDRAFTED"
        note(scene.project.id)
    for page in ("", "/2"):
        text = client.get(f"/p/kelp/record{page}").text
        assert re.search(link.format(rf"/outcome\?vote={vote}"), text)
        assert "REDRAFTED" not in text
    feed = client.get("/p/kelp/feed.atom").text
    assert "Outcome: Persistent queues" in feed
    assert "REDRAFTED" not in feed
    proposal = client.get("/p/kelp/proposals/1").text
    assert "/p/kelp/record/check" in proposal


def test_a_vote_older_than_the_record_offers_no_bundle(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.services.votes.votes.log_opened", lambda _vote: None)
    _scene, vote = scene_with_ballots()
    close(vote)
    page = client.get("/p/kelp/proposals/1/outcome").text
    assert "opened before the public record existed" in page
    assert "/bundle" not in page
    assert client.get(f"/p/kelp/proposals/1/bundle?vote={vote}").status_code == 404


def test_a_portal_without_a_key_offers_no_bundle_yet(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _scene, vote = scene_with_ballots()
    close(vote)
    monkeypatch.setattr(FixedKey, "public_keys", lambda _self: ())
    page = client.get("/p/kelp/proposals/1/outcome").text
    assert "no signing key" in page
    assert "/bundle" not in page


def test_pages_of_the_record_take_few_statements_however_long_it_is(
    app: Flask, client: FlaskClient
) -> None:
    project = make_project("kelp")
    pages = ("", "/5", "/5/proof", "/checkpoint", "/checkpoint/6", "/consistency/3/7", "/key")
    paths = [f"/p/kelp/record{page}" for page in pages] + ["/p/kelp/feed.atom"]
    counts = []
    for _ in range(2):
        with transaction():
            for number in range(300 if counts else 20):
                note(project.id, number=number)
        counts.append([count(client, path) for path in paths])
    assert max(counts[1]) <= MOST
    assert all(after <= before + 1 for before, after in zip(*counts, strict=True)), counts


def test_a_receipt_proves_that_the_ballot_is_in_the_record(app: Flask, client: FlaskClient) -> None:
    scene, vote = scene_with_ballots()
    browser = sign_in(app, scene.representatives[0])
    root = f"/organizations/{scene.organizations[0].slug}/votes/{vote}/receipt"
    assert "entry 2 of the public record" in browser.get(root).text
    file = browser.get(f"{root}?as=file")
    assert "attachment" in file.headers["Content-Disposition"]
    keys = [read_verifier_key(line) for line in client.get("/p/kelp/record/key").text.splitlines()]
    assert check_receipt(file.text, keys).size == 4
    sent = {"file": (BytesIO(file.data), "receipt.json")}
    answer = client.post("/p/kelp/record/check", data=sent, follow_redirects=True)
    assert "The receipt holds" in answer.text
    other = sign_in(app, scene.representatives[2])
    own = f"/organizations/{scene.organizations[2].slug}/votes/{vote}/receipt"
    assert "No ballot of yours is cast" in other.get(own).text
    assert other.get(f"{own}?as=file").status_code == 404
    assert other.get(root).status_code == 404


def test_an_altered_receipt_is_refused_with_what_differs(app: Flask) -> None:
    _scene, vote = scene_with_ballots()
    text = receipt_of(ballots_of(vote)[0].elector_id, vote)
    good = json.loads(text)
    key = read_verifier_key(_key(app))
    assert check_receipt(text, [key])

    def refuse(sentence: str, **changes: object) -> None:
        with pytest.raises(ReceiptWrong, match=sentence):
            check_receipt(json.dumps(good | changes), [key])

    entry = good["entry"]
    refuse("do not make the commitment", ballot=good["ballot"] | {"reason": "Other."})
    refuse("do not make the commitment", nonce="00" * 32)
    refuse("make the leaf hash", entry=entry | {"leaf_hash": "00" * 32})
    refuse("proof does not hold", entry=entry | {"index": 1})
    refuse("proof does not hold", entry=entry | {"hashes": []})
    refuse("checkpoint does not hold", checkpoint=good["checkpoint"].replace("kelp", "reef"))
    refuse("checkpoint does not hold", checkpoint=None)
    for broken in ("", "[]", '{"entry": 1}', "[" * 9999, json.dumps(good | {"ballot": 1.5})):
        with pytest.raises(ReceiptWrong, match="not a receipt"):
            check_receipt(broken, [key])
    refuse("not a receipt", v=2)
    refuse("not a receipt", more="")
    refuse("not a receipt", nonce=good["nonce"].upper())
    refuse("not a receipt", entry=entry | {"root": entry["root"].upper()})
    refuse("not a receipt", entry=entry | {"index": float(entry["index"])})
    refuse("not a receipt", entry=entry | {"index": float("inf")})
    with pytest.raises(ReceiptWrong, match="no known key"):
        check_receipt(text, [])


def _key(app: Flask) -> str:
    return app.test_client().get("/p/kelp/record/key").text.strip()


def test_a_receipt_of_another_log_is_refused(app: Flask, client: FlaskClient) -> None:
    _scene, vote = scene_with_ballots()
    text = receipt_of(ballots_of(vote)[0].elector_id, vote)
    make_project("reef")
    answer = client.post("/p/reef/record/check", data={"text": text})
    assert answer.status_code == 422
    assert "no known key signed this note" in answer.text


def test_checkpoints_are_kept_and_fed_with_outcomes_and_decisions(
    app: Flask, client: FlaskClient
) -> None:
    scene, vote = scene_with_ballots()
    close(vote)
    with transaction():
        decide(
            scene.lead_actor,
            scene.project.id,
            1,
            kind=DecisionKind.DECLINED,
            reasons="A < B & C.",
            responsible="Noor",
            review_on=(NOW + 40 * DAY).date(),
            now=NOW + 15 * DAY,
        )
    for _ in range(2):
        run_due(app, datetime.now(UTC))
    kept = {row.size: row.note for row in db.session.query(LogCheckpoint)}
    assert set(kept) == {6, 7}
    assert client.get("/p/kelp/record/checkpoint").text == kept[7]
    feed = client.get("/p/kelp/feed.atom")
    assert feed.mimetype == "application/atom+xml"
    atom = "{http://www.w3.org/2005/Atom}"
    entries = ET.fromstring(feed.data).findall(f"{atom}entry")  # noqa: S314 - our own
    told = [entry.find(f"{atom}category").get("term") for entry in entries]  # type: ignore[union-attr]
    assert told == ["decision", "outcome", "checkpoint", "checkpoint"]
    assert entries[0].findtext(f"{atom}summary") == "A < B & C."
    assert entries[2].findtext(f"{atom}content") == kept[7]
    for entry in entries:
        link = entry.find(f"{atom}link").get("href", "")  # type: ignore[union-attr]
        assert client.get(link.removeprefix("http://localhost")).status_code == 200


def test_the_outcome_mail_brings_receipt_and_checkpoint(app: Flask, client: FlaskClient) -> None:
    """Whoever keeps the mail can tell whether the record was changed afterwards."""
    _scene, vote = scene_with_ballots()
    for _ in range(2):
        run_due(app, NOW + 15 * DAY)
    mails = select(OutboxMessage).where(OutboxMessage.dedupe_key.like("%:closed:%"))
    told = db.session.scalars(mails).all()
    assert len(told) == 4
    note = client.get("/p/kelp/record/checkpoint/6").text
    _origin, size, root = note.splitlines()[:3]
    for mail in told:
        assert f"holds {size} entries now" in mail.paragraphs
        assert f"Its root is {root}." in mail.paragraphs
        assert "http://localhost/p/kelp/record/checkpoint/6" in mail.paragraphs
    receipts = {ballot.reference for ballot in ballots_of(vote)}
    assert sum(f"Its receipt is {each}." in mail.paragraphs for mail in told for each in receipts)


def test_the_feed_does_not_tell_the_minute_of_a_ballot(app: Flask, client: FlaskClient) -> None:
    """A checkpoint is signed within a minute of each ballot; the log tells the ballot's hour."""
    scene_with_ballots()
    run_due(app, datetime(2026, 11, 23, 14, 37, 11, tzinfo=UTC))
    feed = client.get("/p/kelp/feed.atom").text
    assert "Checkpoint at" in feed
    assert "<updated>2026-11-23T14:00:00+00:00</updated>" in feed
    assert "14:37" not in feed


def test_kept_pages_of_the_record_are_fresh_after_each_entry(committed_app: Flask) -> None:
    committed_app.config["PAGE_CACHE_BYTES"] = 1_000_000
    client = committed_app.test_client()
    with committed_app.app_context():
        project_id = make_project("kelp").id
    overview = client.get("/p/kelp").headers["ETag"]
    for size in (2, 3):
        with committed_app.app_context(), transaction():
            note(project_id)
        for _ in range(2):
            answer = client.get("/p/kelp/record/checkpoint")
            assert answer.headers["ETag"]
            assert answer.text.splitlines()[1] == str(size)
    assert client.get("/p/kelp").headers["ETag"] == overview
