"""PRODUCT W3, W4: the life of a statement as a table, what skips the desk, what the public sees."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.domain.charter import StatementsShown
from portal.domain.errors import Conflict, Refusal
from portal.domain.needs import Credit
from portal.domain.proposals import ProposalState
from portal.domain.statements import (
    SCREENING,
    StatementAction,
    StatementPosition,
    StatementState,
    StatementText,
    check_in_consultation,
    check_screening,
    fold_name,
    move,
    skips_screening,
    stricter,
)

S, A = StatementState, StatementAction
WORDS = StatementText(
    StatementPosition.SUPPORT, "Meaning", "", "None", credit=Credit.NONE, pseudonym=""
)


@pytest.mark.parametrize("state", sorted(set(S) - {S.REFUSED}))
def test_w3_every_change_goes_back_to_the_desk(state: StatementState) -> None:
    assert move(state, A.PUT) is S.WAITING


@pytest.mark.parametrize("action", [A.PUT, A.WITHDRAW, A.RELEASE, A.RECALL])
def test_what_was_refused_stays_so(action: StatementAction) -> None:
    with pytest.raises(Refusal) as refused:
        move(S.REFUSED, action)
    assert refused.value.code == "statement.refused"


@pytest.mark.parametrize("state", sorted(set(S) - {S.WAITING}))
@pytest.mark.parametrize("action", sorted(SCREENING))
def test_w3_stewards_decide_on_what_waits_and_on_nothing_else(
    state: StatementState, action: StatementAction
) -> None:
    with pytest.raises(Refusal) as refused:
        move(state, action)
    assert refused.value.code == f"statement.{state}"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"meaning": ""}, "meaning"),
        ({"conflicts": ""}, "conflicts"),
        ({"position": StatementPosition.WITH_CHANGES}, "changes"),
        ({"credit": Credit.PSEUDONYM}, "pseudonym"),
    ],
)
def test_what_is_missing_is_said_at_its_field(changes: dict[str, object], field: str) -> None:
    assert WORDS.missing() == []
    (refusal,) = replace(WORDS, **changes).missing()  # type: ignore[arg-type]
    assert refusal.field == field


@pytest.mark.parametrize("credit", list(Credit))
@pytest.mark.parametrize("before", [None, *S])
def test_w4_trust_skips_the_desk_under_an_open_name_and_nothing_a_steward_touched(
    credit: Credit, before: StatementState | None
) -> None:
    openly = credit in {Credit.ORGANIZATION, Credit.PERSON}
    untouched = before in {None, S.RELEASED}
    assert skips_screening(credit, before, trusted=True) is (openly and untouched)
    assert not skips_screening(credit, before, trusted=False)


@pytest.mark.parametrize("state", sorted(set(ProposalState) - {ProposalState.CONSULTATION}))
def test_only_a_consultation_takes_statements(state: ProposalState) -> None:
    with pytest.raises(Refusal) as refused:
        check_in_consultation(state)
    assert refused.value.code == "statement.over"
    check_in_consultation(ProposalState.CONSULTATION)


def test_w3_a_decision_needs_its_reason_and_the_text_that_was_read() -> None:
    here = ProposalState.CONSULTATION
    for action in (A.ASK_TO_REWORD, A.REFUSE):
        with pytest.raises(Refusal) as refused:
            check_screening(action, "", here, seen=1, revision=1)
        assert refused.value.code == "statement.reason"
        check_screening(action, "Why", here, seen=1, revision=1)
    with pytest.raises(Conflict):
        check_screening(A.RELEASE, "", here, seen=1, revision=2)
    with pytest.raises(Refusal) as screening:
        check_screening(A.WITHDRAW, "", here, seen=1, revision=1)
    assert screening.value.code == "statement.screening"


def test_after_the_consultation_nobody_is_asked_to_reword() -> None:
    with pytest.raises(Refusal) as refused:
        check_screening(A.ASK_TO_REWORD, "Why", ProposalState.VOTING, seen=1, revision=1)
    assert refused.value.code == "statement.too_late"
    check_screening(A.RELEASE, "", ProposalState.VOTING, seen=1, revision=1)


def test_the_public_sees_the_less_of_what_was_promised_and_what_holds() -> None:
    nothing, positions, everything = StatementsShown
    assert stricter(nothing, everything) is nothing
    assert stricter(everything, nothing) is nothing
    assert stricter(everything, positions) is positions
    assert stricter(everything, everything) is everything


def test_names_are_compared_by_letters_and_digits() -> None:
    assert fold_name(" Quill-Wort ") == fold_name("quillwort")
    assert fold_name("ＱＵＩＬＬＷＯＲＴ") == fold_name("quillwort")
    assert fold_name("Straße 7") == fold_name("STRASSE7")
    assert fold_name("— …") == ""
