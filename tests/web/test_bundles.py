"""Bundles: the same bytes each time, checked with Python alone, and no byte can change unseen."""

from __future__ import annotations

import copy
import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from portal.cli.verify import verify_command
from portal.database import transaction
from portal.domain.canonical import canonical_json
from portal.domain.papers import BallotPaper, Option
from portal.domain.record import archive, bundle
from portal.domain.record.entries import commit
from portal.domain.record.notes import Checkpoint, read_verifier_key, seal_note
from portal.domain.record.tree import log_root
from portal.domain.votes import Method
from portal.services.votes.ballots import void_ballots
from tests.services.test_record import note
from tests.standins import FixedKey
from tests.vote_builders import (
    DAY,
    NOW,
    Scene,
    cast,
    close,
    make_consultation,
    make_paper,
    make_scene,
    make_vote,
)


def held_vote(**charter: Any) -> Scene:
    """A counted vote with a ballot replaced, one voided, one recused, and other entries between."""
    scene = make_scene(weights=(20, 4, 4, 2, 1), slug="kelp", **charter)
    with transaction():
        note(scene.project.id)
    vote = make_vote(scene)
    for index, position in enumerate(("for", "against", "recused", "for")):
        cast(scene, vote, index, position, reason="" if index else "It pays.")
    with transaction():
        note(scene.project.id)
        organization = scene.organizations[3].id
        void_ballots(scene.lead_actor, scene.project.id, organization, why="Refund.", now=NOW + DAY)
    cast(scene, vote, 1, "for")
    close(vote)
    return scene


def archive_of(client: FlaskClient, number: int = 1) -> bytes:
    answer = client.get(f"/p/kelp/proposals/{number}/bundle")
    assert answer.status_code == 200
    assert answer.content_length == len(answer.data)
    return answer.data


def run_alone(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run in a bare Python: no environment, no installed packages."""
    return subprocess.run(
        [sys.executable, "-I", "-S", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def unpack(data: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        opened.extractall(folder)
    return folder


@pytest.mark.parametrize("mode", ["advisory", "two_houses"])
def test_a_bundle_checks_itself_in_a_bare_python(
    app: Flask, client: FlaskClient, tmp_path: Path, mode: str
) -> None:
    held_vote(mode=mode)
    data = archive_of(client)
    key = client.get("/p/kelp/record/key").text.strip()
    folder = unpack(data, tmp_path / "unpacked")
    (tmp_path / "vote.zip").write_bytes(data)
    for arguments in (
        [folder / "verify.py"],
        [folder / "verify.py", tmp_path / "vote.zip"],
        [folder / "verify.py", "--key", key],
    ):
        done = run_alone(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "3 ballots match their commitments" in done.stdout
    other = key.split("+")[0] + "+d9ef0b25+AdeRP1pv1ZUnF8k9pXb1aO2dXhqJgpE5YX5EYO3iYZZF"
    assert run_alone(folder / "verify.py", "--key", other).returncode == 1
    again = CliRunner().invoke(verify_command, [str(tmp_path / "vote.zip"), "--key", key])
    assert again.exit_code == 0, again.output


def test_a_bundle_is_the_same_bytes_whenever_it_is_asked_for(
    app: Flask, client: FlaskClient
) -> None:
    scene = held_vote()
    first = archive_of(client)
    with transaction():
        note(scene.project.id)
    assert archive_of(client) == first


def test_a_bundle_is_sent_in_parts(app: Flask, client: FlaskClient) -> None:
    held_vote()
    with client.get("/p/kelp/proposals/1/bundle", buffered=False) as answer:
        parts = list(answer.response)
    assert answer.content_length == sum(map(len, parts))
    assert max(map(len, parts)) <= 1 << 16


def test_there_is_no_bundle_before_the_tally(app: Flask, client: FlaskClient) -> None:
    make_vote(make_scene(slug="kelp"))
    assert client.get("/p/kelp/proposals/1/bundle").status_code == 404


def held_secretly(method: Method = Method.YES_NO, **charter: Any) -> Scene:
    """A counted secret vote: two classes of weight, one ballot replaced, one voided."""
    settings = {"privacy": "secret_aggregate", "quorum_weight": Fraction(1, 4)}
    scene = make_scene(weights=(4, 4, 4, 4, 2, 2, 2, 2), slug="kelp", **settings | charter)
    plain = method is Method.YES_NO
    vote = make_vote(scene) if plain else make_vote(scene, paper=make_paper(method))
    said = ({"position": "for"}, {"position": "against"}) if plain else CHOICES[method]
    for index in range(8):
        cast(scene, vote, index, said[index % len(said)])
    cast(scene, vote, 1, said[0])
    with transaction():
        organization = scene.organizations[7].id
        void_ballots(scene.lead_actor, scene.project.id, organization, why="Refund.", now=NOW + DAY)
    close(vote)
    return scene


def test_a_secret_vote_has_a_bundle_of_totals(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    held_secretly()
    data = archive_of(client)
    files = archive.read_archive(data)
    assert bundle.BALLOTS not in files
    assert b"nonce" not in b"".join(
        content for name, content in files.items() if not name.startswith(bundle.PROGRAM)
    )
    totals = json.loads(files[bundle.TOTALS])["sponsors"]
    assert totals["present"] == {"weight": 22_000, "electors": 7}
    done = run_alone(unpack(data, tmp_path) / "verify.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the totals of 7 sealed ballots fit" in done.stdout


def test_an_altered_total_is_named(app: Flask, client: FlaskClient) -> None:
    """Alone, or with an outcome to match: the log knows how many took part, and the outcome."""
    held_secretly()
    files = archive.read_archive(archive_of(client))
    honest = json.loads(files[bundle.TOTALS])

    def refuse(sentence: str, *, present: Any = None, **parts: Any) -> None:
        totals = copy.deepcopy(honest)
        totals["sponsors"]["present"] |= present or {}
        for name, part in parts.items():
            totals["sponsors"]["parts"][name] |= part
        altered = {bundle.TOTALS: canonical_json(totals)}
        with pytest.raises(archive.BundleWrong, match=sentence):
            bundle.check_bundle(files | altered)

    parts = honest["sponsors"]["parts"]
    more, less = parts["for"], parts["against"]
    assert more == {"weight": 16_000, "electors": 5}
    assert less == {"weight": 6000, "electors": 2}
    refuse(r"totals.json.*parts/against/electors", **{"for": less, "against": more})
    refuse("for: no 5 electors weigh 19000", **{"for": {"weight": 19_000}})
    refuse("do not add up", **{"for": {"weight": 14_000}})
    refuse("is no whole number", **{"for": {"electors": True}})
    six = {"electors": 6, "weight": 18_000}
    refuse("6 took part, and 7 ballots", present=six, **{"for": {"electors": 4, "weight": 12_000}})
    refuse("shown and may not be", present={"weight": 2000, "electors": 1})
    outcome = json.loads(files[bundle.OUTCOME])
    outcome["figures"]["houses"][0]["parts"] |= {"for": less, "against": more}
    outcome["figures"]["houses"][0] |= {"verdict": "not_carried", "why": ["threshold_missed"]}
    outcome["figures"]["verdict"] = "not_carried"
    turned = copy.deepcopy(honest)
    turned["sponsors"]["parts"] |= {"for": less, "against": more}
    both = {bundle.TOTALS: canonical_json(turned), bundle.OUTCOME: canonical_json(outcome)}
    with pytest.raises(archive.BundleWrong, match="not the outcome that was put on record"):
        bundle.check_bundle(files | both)
    outcome["figures"]["verdict"] = "carried"
    wrong = {bundle.TOTALS: canonical_json(turned), bundle.OUTCOME: canonical_json(outcome)}
    with pytest.raises(archive.BundleWrong, match=r"/figures/verdict is 'carried', counted 'not_"):
        bundle.check_bundle(files | wrong)


def test_totals_that_would_give_voters_away_are_in_no_bundle(
    app: Flask, client: FlaskClient
) -> None:
    scene = make_scene(weights=(1,) * 6, slug="kelp", privacy="secret_aggregate")
    vote = make_vote(scene)
    for index in range(3):
        cast(scene, vote, index, "for")
    close(vote)
    files = archive.read_archive(archive_of(client))
    assert json.loads(files[bundle.TOTALS])["sponsors"]["parts"] is None
    assert bundle.check_bundle(files)


def alter(files: archive.Files, name: str, times: int) -> Iterator[dict[str, bytes]]:
    """The files with one bit of one of them turned, here and there, and without it."""
    dice = random.Random(8)  # noqa: S311 - which bits to turn
    for _ in range(times):
        altered = bytearray(files[name])
        altered[dice.randrange(len(altered))] ^= 1 << dice.randrange(8)
        yield {**files, name: bytes(altered)}
    yield {each: content for each, content in files.items() if each != name}


def test_an_altered_byte_of_a_secret_vote_is_named(app: Flask, client: FlaskClient) -> None:
    held_secretly()
    files = archive.read_archive(archive_of(client))
    for name in (bundle.TOTALS, bundle.OUTCOME, bundle.LOG, bundle.RULES):
        for altered in alter(files, name, 12):
            with pytest.raises(archive.BundleWrong, match=name):
                bundle.check_bundle(altered)


def test_an_altered_byte_anywhere_is_named(app: Flask, client: FlaskClient) -> None:
    held_vote()
    data = archive_of(client)
    files = archive.read_archive(data)
    trusted = [read_verifier_key(client.get("/p/kelp/record/key").text.strip())]
    assert bundle.check_bundle(files, trusted)
    for name in files:
        for altered in alter(files, name, 2 if name.startswith("portal/") else 12):
            with pytest.raises(archive.BundleWrong, match=name):
                bundle.check_bundle(altered, trusted)
    dice = random.Random(8)  # noqa: S311 - which bytes to alter
    for _ in range(150):
        raw = bytearray(data)
        raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
        with pytest.raises(archive.BundleWrong, match="archive"):
            archive.read_archive(bytes(raw))
    with pytest.raises(archive.BundleWrong, match="archive"):
        archive.read_archive(data + b"\n")
    with pytest.raises(archive.BundleWrong, match="manifest"):
        bundle.check_bundle(files | {"more.txt": b""}, trusted)


def test_what_differs_is_said(app: Flask, client: FlaskClient) -> None:
    """Whoever alters a value and keeps everything else in order is told which value."""
    held_vote()
    files = archive.read_archive(archive_of(client))
    ballots = files[bundle.BALLOTS].splitlines()

    def refuse(sentence: str, name: str, content: bytes) -> None:
        with pytest.raises(archive.BundleWrong, match=sentence):
            bundle.check_bundle(files | {name: content})

    turned = ballots[0].replace(b'"position":"for"', b'"position":"against"')
    assert turned != ballots[0]
    refuse(
        "ballots.jsonl, line 1: no commit", bundle.BALLOTS, b"\n".join([turned, *ballots[1:], b""])
    )
    refuse("a ballot that stood", bundle.BALLOTS, b"\n".join([*ballots[1:], b""]))
    refuse("line 4: no commit", bundle.BALLOTS, b"\n".join([*ballots, ballots[0], b""]))
    outcome = json.loads(files[bundle.OUTCOME])
    outcome["figures"]["verdict"] = "not_carried"
    refuse("/figures/verdict is 'not_carried', counted", bundle.OUTCOME, canonical_json(outcome))
    rules = json.loads(files[bundle.RULES])
    rules["electorate"]["sponsors"][0]["weight"] += 1
    refuse("rules.json are not the rules", bundle.RULES, canonical_json(rules))
    power = json.loads(files[bundle.POWER])
    power["sponsors"]["banzhaf"][0] = "1/2"
    refuse("power.json: the banzhaf index", bundle.POWER, canonical_json(power))
    log = files[bundle.LOG].splitlines(keepends=True)
    refuse("line 3: not entry 3", bundle.LOG, b"".join([*log[:2], *log[3:]]))
    refuse(
        "root of the closed log", bundle.LOG, b"".join(log).replace(b"T12:00:00Z", b"T11:00:00Z")
    )
    refuse("checkpoint.txt", bundle.CHECKPOINT, files[bundle.CHECKPOINT].replace(b"kelp", b"reef"))


def test_the_files_of_another_vote_are_named(app: Flask, client: FlaskClient) -> None:
    """Each of them holds by itself, and was signed by the same key."""
    scene = held_vote()
    vote = make_vote(scene, make_consultation(scene))
    cast(scene, vote, 0, "against")
    close(vote)
    files, others = (archive.read_archive(archive_of(client, number)) for number in (1, 2))
    for name in (bundle.LOG, bundle.PROOF, bundle.CHECKPOINT, bundle.RULES, bundle.BALLOTS):
        with pytest.raises(archive.BundleWrong, match=name) as refused:
            bundle.check_bundle(files | {name: others[name]})
        assert "zip" not in str(refused.value)
        assert (bundle.RULES in str(refused.value)) is (name == bundle.RULES)


def test_weights_are_recomputed_from_what_was_bought(app: Flask, client: FlaskClient) -> None:
    """Even where the rules themselves were frozen with a wrong weight."""
    held_vote()
    rules = json.loads(archive.read_archive(archive_of(client))[bundle.RULES])
    bundle._check_weights(rules)
    assert rules["electorate"]["sponsors"][0]["weight"] < 20_000
    rules["electorate"]["sponsors"][0]["weight"] += 1
    with pytest.raises(archive.BundleWrong, match="elector 1 of the sponsors is"):
        bundle._check_weights(rules)


def signed_anew(files: archive.Files, entries: list[dict[str, Any]]) -> archive.Files:
    """The files with another log, closed and signed as if the portal itself had written it."""
    for seq, entry in enumerate(entries, start=1):
        entry["seq"] = seq
    leaves = [canonical_json(entry) for entry in entries]
    entries[-1]["body"]["closed_root"] = log_root(leaves[:-1]).hex()
    leaves[-1] = canonical_json(entries[-1])
    key = read_verifier_key(files[bundle.KEY].decode().strip())
    text = str(Checkpoint(key.name, len(leaves), log_root(leaves)))
    return files | {
        bundle.LOG: b"".join(leaf + b"\n" for leaf in leaves),
        bundle.PROOF: canonical_json({"hashes": [], "indices": list(range(len(leaves)))}),
        bundle.CHECKPOINT: seal_note(text, key, FixedKey().sign(text.encode())).encode(),
    }


def test_a_portal_that_keeps_two_ballots_of_one_elector_is_found_out(
    app: Flask, client: FlaskClient
) -> None:
    held_vote()
    files = archive.read_archive(archive_of(client))
    entries = [json.loads(line) for line in files[bundle.LOG].splitlines()]
    lines = files[bundle.BALLOTS].splitlines(keepends=True)
    second = json.loads(lines[-1])
    second["ballot"]["choice"] = {"position": "against"}
    known = commit(second["ballot"], bytes.fromhex(second["nonce"]))
    more = copy.deepcopy(entries)
    more.insert(-2, more[1] | {"body": {"commitment": known}})
    opened = {bundle.BALLOTS: b"".join([*lines, canonical_json(second), b"\n"])}
    with pytest.raises(archive.BundleWrong, match=r"the close counts 3 ballots, and 4 stood"):
        bundle.check_bundle(signed_anew(files | opened, more))
    more[-2]["body"]["ballots"] = 4
    with pytest.raises(archive.BundleWrong, match=r"ballots\.jsonl .* an elector has two ballots"):
        bundle.check_bundle(signed_anew(files | opened, more))


CHOICES: dict[Method, list[dict[str, Any]]] = {
    Method.APPROVAL: [{"approved": ["o1", "o2"]}, {"approved": ["o2"]}, {"recused": True}],
    Method.RANKED: [{"ranks": {"o1": 1, "o3": 2}}, {"ranks": {"o2": 1, "o1": 2}}, {"ranks": {}}],
    Method.SCORE: [{"scores": {"o1": 5, "o2": 1}}, {"scores": {"o3": 3}}],
    Method.BUDGET: [{"approved": ["o1"]}, {"approved": ["o1", "o2"]}, {"approved": ["o3"]}],
    Method.QUADRATIC: [{"votes": {"o1": 1, "o2": 1}}, {"votes": {"o3": 1}}],
}


@pytest.mark.parametrize("method", CHOICES)
def test_secret_votes_by_every_method_follow_from_their_totals(
    app: Flask, client: FlaskClient, method: Method
) -> None:
    held_secretly(method)
    files = archive.read_archive(archive_of(client))
    assert "follow from them" in bundle.check_bundle(files)[-1]
    totals = json.loads(files[bundle.TOTALS])
    count = totals["sponsors"]["count"]
    if method is Method.RANKED:
        count["pairwise"][0][1] += 9000
    elif method is Method.BUDGET:
        count["kept"] += 1
    else:
        count["totals"]["o3"] += 90_000
    with pytest.raises(archive.BundleWrong, match=r"totals\.json"):
        bundle.check_bundle(files | {bundle.TOTALS: canonical_json(totals)})


@pytest.mark.parametrize("method", CHOICES)
def test_votes_by_every_method_are_counted_again_in_a_bare_python(
    app: Flask, client: FlaskClient, tmp_path: Path, method: Method
) -> None:
    scene = make_scene(weights=(4, 4, 4, 2), slug="kelp", mode="binding")
    vote = make_vote(scene, paper=make_paper(method))
    for index, choice in enumerate(CHOICES[method]):
        cast(scene, vote, index, choice)
    close(vote)
    done = run_alone(unpack(archive_of(client), tmp_path) / "verify.py")
    assert done.returncode == 0, done.stdout + done.stderr


def held_together() -> Scene:
    """A counted vote of three proposals that stand in it as options."""
    scene = make_scene(weights=(4, 4, 4, 2), slug="kelp", mode="advisory")
    for title in ("Queues", "Mirrors", "Guides"):
        make_consultation(scene, title=title)
    options = tuple(Option("", str(each), proposal=each) for each in (1, 2, 3))
    paper = BallotPaper(Method.APPROVAL, options, seats=1)
    vote = make_vote(scene, 1, paper=paper, revisions={2: 1, 3: 1})
    for index, approved in enumerate((["p2"], ["p2", "p3"], ["p1"])):
        cast(scene, vote, index, {"approved": approved})
    close(vote)
    return scene


def test_a_vote_of_several_proposals_has_one_bundle_that_checks_itself(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    held_together()
    data = archive_of(client)
    assert archive_of(client, 2) == archive_of(client, 3) == data
    done = run_alone(unpack(data, tmp_path) / "verify.py")
    assert done.returncode == 0, done.stdout + done.stderr
    rules = json.loads((tmp_path / bundle.RULES).read_text())
    assert [text["title"] for text in (rules["proposal"], *rules["others"])] == [
        "Queues",
        "Mirrors",
        "Guides",
    ]


def test_what_is_altered_in_a_vote_of_several_proposals_is_named(
    app: Flask, client: FlaskClient
) -> None:
    """The text of each, the option of each, the count of each, and any byte."""
    held_together()
    files = archive.read_archive(archive_of(client))
    rules = json.loads(files[bundle.RULES])
    outcome = json.loads(files[bundle.OUTCOME])

    def refuse(sentence: str, name: str, value: Any) -> None:
        with pytest.raises(archive.BundleWrong, match=sentence):
            bundle.check_bundle(files | {name: canonical_json(value)})

    for at in range(3):
        for field in ("title", "summary", "body"):
            altered = copy.deepcopy(rules)
            text = [altered["proposal"], *altered["others"]][at]
            text[field] += "!"
            refuse("rules.json are not the rules", bundle.RULES, altered)
        altered = copy.deepcopy(rules)
        altered["options"][at]["name"] += "!"
        refuse("rules.json are not the rules", bundle.RULES, altered)
    for house in outcome["figures"]["houses"]:
        house["count"]["chosen"] = ["p1"]
    refuse("outcome.json", bundle.OUTCOME, outcome)
    for name in (bundle.RULES, bundle.BALLOTS, bundle.OUTCOME, bundle.LOG, bundle.POWER):
        for turned in alter(files, name, 12):
            with pytest.raises(archive.BundleWrong, match=name):
                bundle.check_bundle(turned)


def test_the_program_does_not_run_altered(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    held_vote()
    folder = unpack(archive_of(client), tmp_path)
    module = folder / "portal" / "domain" / "count.py"
    module.write_text(module.read_text() + "# more\n")
    done = run_alone(folder / "verify.py")
    assert done.returncode == 1
    assert "portal/domain/count.py is not the file" in done.stderr
