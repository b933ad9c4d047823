"""Bundles: the files that hold everything about one closed vote, and the check of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from portal.domain.canonical import canonical_json, fingerprint
from portal.domain.charter import HEADCOUNT, ContributorsVoice, House, PrivacyMode
from portal.domain.count import CurrentBallot, count_vote
from portal.domain.errors import DomainError
from portal.domain.power import banzhaf, majority_quota, shapley_shubik
from portal.domain.record.archive import BundleWrong, Files, write_manifest
from portal.domain.record.entries import EntryType, commit, vote_subject
from portal.domain.record.notes import (
    NoteWrong,
    VerifierKey,
    open_note,
    read_checkpoint,
    read_verifier_key,
)
from portal.domain.record.totals import judge_totals
from portal.domain.record.tree import ProofWrong, leaf_hash, log_root, root_with
from portal.domain.stored_figures import write_figures, write_roll
from portal.domain.weights import THOUSANDTHS, Damping, effective_weights

MANIFEST = "manifest.json"
RULES = "rules.json"
POWER = "power.json"
BALLOTS = "ballots.jsonl"
TOTALS = "totals.json"
LOG = "log.jsonl"
PROOF = "proof.json"
CHECKPOINT = "checkpoint.txt"
KEY = "key.txt"
OUTCOME = "outcome.json"
PROGRAM = ("verify.py", "portal/")


def check_bundle(files: Files, trusted: Iterable[VerifierKey] = ()) -> list[str]:
    """Recompute a bundle and return what was found to hold, one sentence each.

    Raises ``BundleWrong`` with the first thing that differs. Where keys are trusted, one of them
    must have signed the checkpoint; otherwise the key is the bundle's own, to be compared with the
    one that the portal publishes.
    """
    try:
        held = _recompute(files, list(trusted))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, DomainError) as error:
        # A file of another shape than the portal writes: the manifest knows which.
        _check_manifest(files)
        raise BundleWrong(f"the files do not fit together: {error!r}") from error
    _check_manifest(files)
    return held


def _recompute(files: Files, trusted: list[VerifierKey]) -> list[str]:
    """Everything but the manifest, in the order in which one thing rests on another."""
    rules, outcome = _json(files, RULES), _json(files, OUTCOME)
    leaves = _lines(files, LOG)
    # The log first, up to its signature: another one must not put the blame on the rules.
    entries = _check_entries(leaves)
    key = _check_root(files, leaves, trusted, entries[0]["project"])
    _check_rules(rules, entries[0])
    _check_weights(rules)
    _check_power(rules, _json(files, POWER))
    root = bytes.fromhex(entries[-1]["body"]["closed_root"])
    standing = _standing(entries)
    if entries[-2]["body"]["ballots"] != standing.total():
        raise BundleWrong(
            f"{LOG}: the close counts {entries[-2]['body']['ballots']} ballots, and"
            f" {standing.total()} stood"
        )
    held = [
        f"the rules are those the vote opened with ({fingerprint(rules)})",
        "every weight follows from the frozen tiers, damping and cap; and so does power",
        f"{len(leaves)} entries are in the log that {key.name} signed with key {key.id.hex()}",
    ]
    if rules["privacy"] == PrivacyMode.SEALED_ROLL_CALL:
        ballots = _check_ballots(files, entries[0]["subject"], standing)
        _check_tally(rules, ballots, outcome, root)
        held.append(f"{len(ballots)} ballots match their commitments and count to the outcome")
    else:
        _check_totals(rules, _json(files, TOTALS), outcome, standing.total(), root)
        held.append(
            f"the totals of {standing.total()} sealed ballots fit the weights and the log, and"
            " quorum, threshold and verdict follow from them"
        )
    if fingerprint(outcome) != entries[-1]["body"]["outcome"]:
        raise BundleWrong(f"{OUTCOME} is not the outcome that was put on record")
    return held


def _text(files: Files, name: str) -> str:
    """A file of text."""
    try:
        return files[name].decode()
    except KeyError:
        raise BundleWrong(f"{name} is missing") from None
    except UnicodeDecodeError as error:
        raise BundleWrong(f"{name} is not text: {error}") from error


def _json(files: Files, name: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """A file of canonical JSON."""
    content = files.get(name)
    if content is None:
        raise BundleWrong(f"{name} is missing")
    return _canonical(content, name)


def _canonical(content: bytes, name: str) -> Any:  # noqa: ANN401 - as above
    try:
        value = json.loads(content)
        written = canonical_json(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise BundleWrong(f"{name} is not canonical JSON") from error
    if written != content:
        raise BundleWrong(f"{name} is not canonical JSON")
    return value


def _lines(files: Files, name: str) -> list[bytes]:
    """The lines of a file, each of them canonical JSON."""
    content = files.get(name)
    if content is None:
        raise BundleWrong(f"{name} is missing")
    if content and not content.endswith(b"\n"):
        raise BundleWrong(f"{name} does not end with a line")
    lines = content.split(b"\n")[:-1]
    for number, line in enumerate(lines, start=1):
        _canonical(line, f"{name}, line {number},")
    return lines


def _check_entries(leaves: list[bytes]) -> list[dict[str, Any]]:
    """The entries are those of one vote, complete and in order."""
    entries: list[dict[str, Any]] = [json.loads(leaf) for leaf in leaves]
    try:
        subject, project = entries[0]["subject"], entries[0]["project"]
        for seq, entry in enumerate(entries, start=1):
            if (entry["subject"], entry["seq"]) != (subject, seq):
                raise BundleWrong(f"{LOG}, line {seq}: not entry {seq} of {subject}")
            if entry["project"] != project:
                raise BundleWrong(f"{LOG}, line {seq}: another project's entry")
        types = [entry["type"] for entry in entries]
        if (types[0], types[-2:]) != (
            EntryType.VOTE_OPENED,
            [EntryType.VOTE_CLOSED, EntryType.TALLIED],
        ):
            raise BundleWrong(f"{LOG}: it does not lead from the opening to the tally")
        closed = log_root(leaves[:-1])
        if entries[-1]["body"]["closed_root"] != closed.hex():
            raise BundleWrong(f"{LOG}: the root of the closed log is another")
    except (KeyError, TypeError, IndexError) as error:
        raise BundleWrong(f"{LOG} does not hold a vote's entries") from error
    return entries


def _check_rules(rules: dict[str, Any], opened: dict[str, Any]) -> None:
    """The rules are those whose fingerprint was put on record at the opening."""
    if opened["body"]["fingerprint"] != fingerprint(rules):
        raise BundleWrong(f"{RULES} are not the rules that the vote was opened with")
    if opened["project"] != rules["project"]:
        raise BundleWrong(f"{LOG}: its entries are another project's")


def _check_weights(rules: dict[str, Any]) -> None:
    """Weights follow from the raw ones: damped and capped, but for people, who weigh one each."""
    _check_contributors(rules)
    damping, cap = Damping(rules["charter"]["damping"]), Fraction(rules["charter"]["cap"])
    for house, electors in rules["electorate"].items():
        raw = [Fraction(elector["raw"]) for elector in electors]
        if house in HEADCOUNT:
            weights = [THOUSANDTHS] * len(electors)
        else:
            weights = effective_weights(raw, damping=damping, cap=cap)
        for elector, weight in zip(electors, weights, strict=True):
            if elector["weight"] != weight:
                raise BundleWrong(
                    f"{RULES}: the weight of elector {elector['position']} of the {house} is"
                    f" {elector['weight']} thousandths, recomputed {weight}"
                )


def _check_contributors(rules: dict[str, Any]) -> None:
    """Contributors have a house only where the charter gave them one; older rules gave none."""
    voice = rules["charter"].get("contributors", ContributorsVoice.NONE)
    if House.CONTRIBUTORS in rules["electorate"] and voice != ContributorsVoice.HOUSE:
        raise BundleWrong(f"{RULES}: the charter gave contributors no house of their own")


def _check_power(rules: dict[str, Any], power: dict[str, Any]) -> None:
    """Power follows from the weights, by both indices, where it was computed."""
    threshold = None if rules["threshold"] is None else Fraction(rules["threshold"])
    if power.keys() != rules["electorate"].keys():
        raise BundleWrong(f"{POWER} is about other houses")
    for house, indices in power.items():
        weights = [elector["weight"] for elector in rules["electorate"][house]]
        quota = majority_quota(weights, threshold)
        for name, compute in (("banzhaf", banzhaf), ("shapley", shapley_shubik)):
            if indices[name] is None:
                continue
            expected = [str(each) for each in compute(weights, quota)]
            if indices[name] != expected:
                raise BundleWrong(f"{POWER}: the {name} index of the {house} is another")


def _check_root(
    files: Files, leaves: list[bytes], trusted: list[VerifierKey], project: str
) -> VerifierKey:
    """The entries lead to the root of the checkpoint, which a key signed."""
    proof = _json(files, PROOF)
    try:
        key = read_verifier_key(_text(files, KEY).removesuffix("\n"))
        text, signer = open_note(_text(files, CHECKPOINT), trusted or [key])
        checkpoint = read_checkpoint(text)
        held = _placed(proof["indices"], leaves)
        hashes = [bytes.fromhex(each) for each in proof["hashes"]]
        root = root_with(held, checkpoint.size, hashes)
    except NoteWrong as error:
        raise BundleWrong(f"{CHECKPOINT} or {KEY}: {error}") from error
    except (ProofWrong, ValueError, KeyError, TypeError, IndexError) as error:
        raise BundleWrong(
            f"{PROOF} does not prove {LOG} by {CHECKPOINT}; one of them is another: {error}"
        ) from error
    if root != checkpoint.root:
        raise BundleWrong(f"{LOG} or {PROOF}: they lead to another root than {CHECKPOINT} has")
    if not checkpoint.origin.endswith(f"/p/{project}/record"):
        raise BundleWrong(f"{CHECKPOINT} is about another log")
    return signer


def _placed(indices: list[int], leaves: list[bytes]) -> dict[int, bytes]:
    """The hash of each leaf by its place in the log."""
    if len(indices) != len(leaves):
        raise ProofWrong(f"{len(indices)} places for {len(leaves)} entries")
    return dict(zip(indices, map(leaf_hash, leaves), strict=True))


def _standing(entries: list[dict[str, Any]]) -> Counter[str]:
    """The commitments that stood at the close: neither replaced nor voided."""
    standing: Counter[str] = Counter()
    for entry in entries:
        if entry["type"] == EntryType.BALLOT_CAST:
            standing[entry["body"]["commitment"]] += 1
        elif entry["type"] in {EntryType.BALLOT_SUPERSEDED, EntryType.BALLOT_VOIDED}:
            standing[entry["body"]["commitment"]] -= 1
    return standing


def _check_totals(
    rules: dict[str, Any],
    totals: dict[str, Any],
    outcome: dict[str, Any],
    standing: int,
    root: bytes,
) -> None:
    """The totals fit the electorate and the log's ballots, and the outcome follows from them."""
    try:
        figures = judge_totals(rules, totals, ballots=standing, root=root)
        counted = {"figures": write_figures(figures), "roll": None}
    except (DomainError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleWrong(f"{TOTALS} cannot be: {error}") from error
    if counted != outcome:
        where = _first_difference(counted, outcome, "")
        raise BundleWrong(f"{OUTCOME} does not follow from {TOTALS}: {where}")


def _check_ballots(files: Files, vote: str, standing: Counter[str]) -> list[dict[str, Any]]:
    """The opened ballots are those whose commitments stood at the close, each exactly once."""
    ballots = []
    for number, line in enumerate(_lines(files, BALLOTS), start=1):
        opened = json.loads(line)
        try:
            ballot = opened["ballot"]
            known = commit(ballot, bytes.fromhex(opened["nonce"]))
            belongs = vote_subject(ballot["vote"]) == vote
        except (KeyError, TypeError, ValueError) as error:
            raise BundleWrong(f"{BALLOTS}, line {number}: this is no opened ballot") from error
        if not belongs or standing[known] != 1:
            raise BundleWrong(
                f"{BALLOTS}, line {number}: no commitment that stood at the close is to this ballot"
            )
        standing[known] -= 1
        ballots.append(ballot)
    if any(standing.values()):
        raise BundleWrong(f"{BALLOTS}: a ballot that stood at the close is missing")
    return ballots


def _check_tally(
    rules: dict[str, Any], ballots: list[dict[str, Any]], outcome: dict[str, Any], root: bytes
) -> None:
    """Counting the ballots by the rules gives the outcome."""
    try:
        current = [
            CurrentBallot(
                House(each["house"]),
                each["position"],
                each["choice"],
                each["reason"],
                each["conflict"],
            )
            for each in ballots
        ]
        figures = count_vote(rules, current, root=root)
        counted = {"figures": write_figures(figures), "roll": write_roll(figures.roll)}
    except (DomainError, ValueError, KeyError, TypeError) as error:
        raise BundleWrong(f"{BALLOTS} cannot be counted by {RULES}: {error}") from error
    if counted != outcome:
        where = _first_difference(counted, outcome, "")
        raise BundleWrong(f"{OUTCOME} is not what the ballots count to: {where}")


def _first_difference(counted: Any, stored: Any, at: str) -> str:  # noqa: ANN401 - JSON values
    """Where two values first differ, as a path, with both values."""
    if isinstance(counted, dict) and isinstance(stored, dict):
        for name in sorted(counted.keys() | stored.keys()):
            if counted.get(name) != stored.get(name):
                return _first_difference(counted.get(name), stored.get(name), f"{at}/{name}")
    if isinstance(counted, list) and isinstance(stored, list) and len(counted) == len(stored):
        for number, (one, other) in enumerate(zip(counted, stored, strict=True)):
            if one != other:
                return _first_difference(one, other, f"{at}/{number}")
    return f"{at or '/'} is {stored!r}, counted {counted!r}"


def _check_manifest(files: Files) -> None:
    """Every file is the one that the manifest names, and there is no other."""
    named = _json(files, MANIFEST)
    others = {name: content for name, content in files.items() if name != MANIFEST}
    expected = _canonical(write_manifest(others), MANIFEST)
    if named != expected:
        raise BundleWrong(f"{MANIFEST}: {_first_difference(expected, named, '')}")
