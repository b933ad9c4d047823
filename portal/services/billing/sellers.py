"""What a project says of itself on documents, the agreement it offers, and its buyers' data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.documents import LONGEST_AGREEMENT
from portal.domain.errors import Conflict, Refusal
from portal.domain.organizations import PROFILE_LENGTHS
from portal.domain.permissions import Actor, Permission, require
from portal.domain.sellers import BillingData, Seller, clean_seller, seller_obstacles
from portal.domain.text import clean_line, clean_lines
from portal.models.documents import AgreementVersion, SellerRow
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.services.audit import record_change
from portal.services.sponsorship.sponsorships import lock_organization


def save_seller(actor: Actor, project_id: int, seller: Seller, *, now: datetime) -> None:
    """Change what documents to come say of the seller; those issued stay as they are.

    Refuses malformed values at their field, and an account number with wrong check digits.
    """
    require(actor, Permission.PROJECT_BILLING_EDIT, project_id=project_id)
    cleaned = clean_seller(seller)
    # The project's row is the gate: two first savings at once write one row.
    db.session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    row = _find_row(project_id)
    if row is None:
        row = SellerRow(project_id=project_id)
        db.session.add(row)
    elif row.seller == cleaned:
        return
    for key, value in asdict(cleaned).items():
        setattr(row, key, value)
    record_change(
        "project:seller:edit",
        f"Documents name {cleaned.legal_name} as seller.",
        actor=actor,
        now=now,
        project_id=project_id,
        details={"iban": cleaned.iban, "rate": cleaned.tax_rate, "charges": cleaned.charges_tax},
    )


def write_agreement(actor: Actor, project_id: int, text: str, *, number: int, now: datetime) -> int:
    """Offer a new version of the agreement, ``number``; returns it.

    What was accepted stays readable. Refuses an empty text, the same text, and a number that
    somebody else wrote in the meantime.
    """
    require(actor, Permission.PROJECT_BILLING_EDIT, project_id=project_id)
    try:
        cleaned = clean_lines(text, max_length=LONGEST_AGREEMENT)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, field="text") from refusal
    if not cleaned:
        raise Refusal("agreement.empty", "Write what both sides agree on.", field="text")
    newest = find_agreement(project_id)
    if number != (newest.number if newest else 0) + 1:
        raise Conflict("agreement.number", "Somebody wrote a newer version. Look at it first.")
    if newest is not None and newest.text == cleaned:
        raise Refusal("agreement.same", "This is the version in force.", field="text")
    db.session.add(
        AgreementVersion(
            project_id=project_id,
            number=number,
            text=cleaned,
            written_by=actor.name,
            written_at=now,
        )
    )
    record_change(
        "project:agreement:write",
        f"Wrote version {number} of the agreement.",
        actor=actor,
        now=now,
        project_id=project_id,
    )
    return number


def save_billing_data(
    actor: Actor, organization_id: int, data: BillingData, *, now: datetime
) -> None:
    """Change what documents to come say of the buyer; refuses what cannot be kept, at its field."""
    require(actor, Permission.ORGANIZATION_BILLING_EDIT, organization_id=organization_id)
    organization = lock_organization(organization_id)
    changed = []
    for key, raw in asdict(data).items():
        clean = clean_lines if key == "address" else clean_line
        try:
            value = clean(raw, max_length=PROFILE_LENGTHS[key])
        except Refusal as refusal:
            raise Refusal(refusal.code, refusal.message, field=key) from refusal
        if getattr(organization, key) != value:
            setattr(organization, key, value)
            changed.append(key)
    if changed:
        words = ", ".join(key.replace("_", " ") for key in changed)
        record_change(
            "organization:billing:edit",
            f"Changed {words}.",
            actor=actor,
            now=now,
            organization_id=organization_id,
            details={"fields": changed},
        )


def get_seller(project_id: int) -> Seller:
    """The seller of a project; refuses while it cannot sell by invoice."""
    row = _find_row(project_id)
    for obstacle in seller_obstacles(row.seller if row else None):
        raise Refusal(obstacle.code, obstacle.message)
    if row is None:
        raise AssertionError("a missing seller is an obstacle")
    return row.seller


def find_agreement(project_id: int) -> AgreementVersion | None:
    """The version of the agreement that is offered now."""
    return db.session.scalar(
        select(AgreementVersion)
        .where(AgreementVersion.project_id == project_id)
        .order_by(AgreementVersion.number.desc())
        .limit(1)
    )


def billing_data(organization: Organization) -> BillingData:
    """What documents say of a buyer."""
    return BillingData(
        legal_name=organization.legal_name,
        address=organization.address,
        country=organization.country,
        tax_id=organization.tax_id,
    )


def _find_row(project_id: int) -> SellerRow | None:
    return db.session.scalar(select(SellerRow).where(SellerRow.project_id == project_id))
