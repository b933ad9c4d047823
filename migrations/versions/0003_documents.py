"""Documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


_SQLITE = (
    "CREATE TRIGGER documents_no_update BEFORE UPDATE ON documents BEGIN SELECT RAISE(ABORT, 'rows of documents never change'); END",
    "CREATE TRIGGER documents_no_delete BEFORE DELETE ON documents BEGIN SELECT RAISE(ABORT, 'rows of documents never change'); END",
    "CREATE TRIGGER documents_no_replace BEFORE INSERT ON documents WHEN EXISTS (SELECT 1 FROM documents WHERE (id = NEW.id) OR (occasion = NEW.occasion) OR (occasion = NEW.occasion) OR (project_id = NEW.project_id AND kind = NEW.kind AND series_number = NEW.series_number) OR (project_id = NEW.project_id AND number = NEW.number) OR (reference = NEW.reference) OR (reference = NEW.reference)) BEGIN SELECT RAISE(ABORT, 'rows of documents never change'); END",
    "CREATE TRIGGER agreement_versions_no_update BEFORE UPDATE ON agreement_versions BEGIN SELECT RAISE(ABORT, 'rows of agreement_versions never change'); END",
    "CREATE TRIGGER agreement_versions_no_delete BEFORE DELETE ON agreement_versions BEGIN SELECT RAISE(ABORT, 'rows of agreement_versions never change'); END",
    "CREATE TRIGGER agreement_versions_no_replace BEFORE INSERT ON agreement_versions WHEN EXISTS (SELECT 1 FROM agreement_versions WHERE (id = NEW.id) OR (project_id = NEW.project_id AND number = NEW.number)) BEGIN SELECT RAISE(ABORT, 'rows of agreement_versions never change'); END",
    "CREATE TRIGGER agreement_acceptances_no_update BEFORE UPDATE ON agreement_acceptances BEGIN SELECT RAISE(ABORT, 'rows of agreement_acceptances never change'); END",
    "CREATE TRIGGER agreement_acceptances_no_delete BEFORE DELETE ON agreement_acceptances BEGIN SELECT RAISE(ABORT, 'rows of agreement_acceptances never change'); END",
    "CREATE TRIGGER agreement_acceptances_no_replace BEFORE INSERT ON agreement_acceptances WHEN EXISTS (SELECT 1 FROM agreement_acceptances WHERE (id = NEW.id) OR (quote_id = NEW.quote_id) OR (quote_id = NEW.quote_id)) BEGIN SELECT RAISE(ABORT, 'rows of agreement_acceptances never change'); END",
    "CREATE TRIGGER settlements_no_update BEFORE UPDATE ON settlements BEGIN SELECT RAISE(ABORT, 'rows of settlements never change'); END",
    "CREATE TRIGGER settlements_no_delete BEFORE DELETE ON settlements BEGIN SELECT RAISE(ABORT, 'rows of settlements never change'); END",
    "CREATE TRIGGER settlements_no_replace BEFORE INSERT ON settlements WHEN EXISTS (SELECT 1 FROM settlements WHERE (id = NEW.id)) BEGIN SELECT RAISE(ABORT, 'rows of settlements never change'); END",
)
_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$",
    "CREATE TRIGGER documents_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON documents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER agreement_versions_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON agreement_versions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER agreement_acceptances_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON agreement_acceptances FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER settlements_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON settlements FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)


_SQLITE = (
    "CREATE TRIGGER documents_no_update BEFORE UPDATE ON documents BEGIN SELECT RAISE(ABORT, 'rows of documents never change'); END",
    "CREATE TRIGGER documents_no_delete BEFORE DELETE ON documents BEGIN SELECT RAISE(ABORT, 'rows of documents never change'); END",
    "CREATE TRIGGER documents_no_replace BEFORE INSERT ON documents WHEN EXISTS (SELECT 1 FROM documents WHERE (id = NEW.id) OR (occasion = NEW.occasion) OR (project_id = NEW.project_id AND kind = NEW.kind AND series_number = NEW.series_number) OR (project_id = NEW.project_id AND number = NEW.number) OR (reference = NEW.reference)) BEGIN SELECT RAISE(ABORT, 'rows of documents never change'); END",
    "CREATE TRIGGER agreement_versions_no_update BEFORE UPDATE ON agreement_versions BEGIN SELECT RAISE(ABORT, 'rows of agreement_versions never change'); END",
    "CREATE TRIGGER agreement_versions_no_delete BEFORE DELETE ON agreement_versions BEGIN SELECT RAISE(ABORT, 'rows of agreement_versions never change'); END",
    "CREATE TRIGGER agreement_versions_no_replace BEFORE INSERT ON agreement_versions WHEN EXISTS (SELECT 1 FROM agreement_versions WHERE (id = NEW.id) OR (project_id = NEW.project_id AND number = NEW.number)) BEGIN SELECT RAISE(ABORT, 'rows of agreement_versions never change'); END",
    "CREATE TRIGGER agreement_acceptances_no_update BEFORE UPDATE ON agreement_acceptances BEGIN SELECT RAISE(ABORT, 'rows of agreement_acceptances never change'); END",
    "CREATE TRIGGER agreement_acceptances_no_delete BEFORE DELETE ON agreement_acceptances BEGIN SELECT RAISE(ABORT, 'rows of agreement_acceptances never change'); END",
    "CREATE TRIGGER agreement_acceptances_no_replace BEFORE INSERT ON agreement_acceptances WHEN EXISTS (SELECT 1 FROM agreement_acceptances WHERE (id = NEW.id) OR (quote_id = NEW.quote_id)) BEGIN SELECT RAISE(ABORT, 'rows of agreement_acceptances never change'); END",
    "CREATE TRIGGER settlements_no_update BEFORE UPDATE ON settlements BEGIN SELECT RAISE(ABORT, 'rows of settlements never change'); END",
    "CREATE TRIGGER settlements_no_delete BEFORE DELETE ON settlements BEGIN SELECT RAISE(ABORT, 'rows of settlements never change'); END",
    "CREATE TRIGGER settlements_no_replace BEFORE INSERT ON settlements WHEN EXISTS (SELECT 1 FROM settlements WHERE (id = NEW.id)) BEGIN SELECT RAISE(ABORT, 'rows of settlements never change'); END",
)
_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$",
    "CREATE TRIGGER documents_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON documents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER agreement_versions_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON agreement_versions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER agreement_acceptances_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON agreement_acceptances FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER settlements_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON settlements FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "agreement_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by", sa.String(length=120), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_agreement_versions_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_versions")),
        sa.UniqueConstraint(
            "project_id", "number", name=op.f("uq_agreement_versions_project_id_number")
        ),
    )
    op.create_table(
        "bank_imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("layout", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "preview",
                "reading",
                "done",
                name="importstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("lines_new", sa.Integer(), nullable=False),
        sa.Column("lines_known", sa.Integer(), nullable=False),
        sa.Column("lines_outgoing", sa.Integer(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("uploaded_by", sa.String(length=120), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "rows_read >= 0 AND rows_read <= rows_total", name=op.f("ck_bank_imports_progress")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_bank_imports_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_imports")),
        sa.UniqueConstraint("project_id", "sha256", name=op.f("uq_bank_imports_project_id_sha256")),
    )
    with op.batch_alter_table("bank_imports", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bank_imports_project_id"), ["project_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_bank_imports_state"), ["state"], unique=False)

    op.create_table(
        "number_series",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "quote",
                "invoice",
                "credit_note",
                "receipt",
                name="documentkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_number_series_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("project_id", "kind", name=op.f("pk_number_series")),
    )
    op.create_table(
        "sellers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("legal_name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("tax_id", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("account_holder", sa.String(length=200), nullable=False),
        sa.Column("iban", sa.String(length=34), nullable=False),
        sa.Column("bic", sa.String(length=11), nullable=False),
        sa.Column("bank_note", sa.String(length=300), nullable=False),
        sa.Column("charges_tax", sa.Boolean(), nullable=False),
        sa.Column("tax_name", sa.String(length=20), nullable=False),
        sa.Column("tax_rate", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(length=8), nullable=False),
        sa.Column("net_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_sellers_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sellers")),
        sa.UniqueConstraint("project_id", name=op.f("uq_sellers_project_id")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("occasion", sa.String(length=120), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("sponsorship_id", sa.Integer(), nullable=False),
        sa.Column("follows_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "quote",
                "invoice",
                "credit_note",
                "receipt",
                name="documentkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("series_number", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.Integer(), nullable=False),
        sa.Column(
            "treatment",
            sa.Enum(
                "none",
                "charged",
                "reverse_charge",
                "outside",
                name="treatment",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("po_number", sa.String(length=80), nullable=False),
        sa.Column("payment_reference", sa.String(length=25), nullable=False),
        sa.Column("term_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("term_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('quote', 'invoice') OR follows_id IS NOT NULL",
            name=op.f("ck_documents_follows"),
        ),
        sa.CheckConstraint("net_minor + tax_minor = total_minor", name=op.f("ck_documents_sums")),
        sa.CheckConstraint("total_minor > 0", name=op.f("ck_documents_total_positive")),
        sa.ForeignKeyConstraint(
            ["follows_id"], ["documents.id"], name=op.f("fk_documents_follows_id_documents")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_documents_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_documents_project_id_projects")
        ),
        sa.ForeignKeyConstraint(
            ["sponsorship_id"],
            ["sponsorships.id"],
            name=op.f("fk_documents_sponsorship_id_sponsorships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("occasion", name=op.f("uq_documents_occasion")),
        sa.UniqueConstraint(
            "project_id",
            "kind",
            "series_number",
            name=op.f("uq_documents_project_id_kind_series_number"),
        ),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_documents_project_id_number")),
        sa.UniqueConstraint("reference", name=op.f("uq_documents_reference")),
    )
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_documents_follows_id"), ["follows_id"], unique=False)
        batch_op.create_index("ix_documents_organization", ["organization_id", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_documents_payment_reference"), ["payment_reference"], unique=False
        )
        batch_op.create_index(
            "ix_documents_project_kind", ["project_id", "kind", "issued_on"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_documents_sponsorship_id"), ["sponsorship_id"], unique=False
        )

    op.create_table(
        "agreement_acceptances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_version_id", sa.Integer(), nullable=False),
        sa.Column("quote_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_version_id"],
            ["agreement_versions.id"],
            name=op.f("fk_agreement_acceptances_agreement_version_id_agreement_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_agreement_acceptances_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["quote_id"], ["documents.id"], name=op.f("fk_agreement_acceptances_quote_id_documents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_acceptances")),
        sa.UniqueConstraint("quote_id", name=op.f("uq_agreement_acceptances_quote_id")),
    )
    op.create_table(
        "bank_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("bank_import_id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payer", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=600), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "to_match",
                "matched",
                "set_aside",
                name="linestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("invoice_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_bank_lines_amount_positive")),
        sa.ForeignKeyConstraint(
            ["bank_import_id"],
            ["bank_imports.id"],
            name=op.f("fk_bank_lines_bank_import_id_bank_imports"),
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["documents.id"], name=op.f("fk_bank_lines_invoice_id_documents")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_bank_lines_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_lines")),
        sa.UniqueConstraint(
            "project_id", "fingerprint", name=op.f("uq_bank_lines_project_id_fingerprint")
        ),
    )
    with op.batch_alter_table("bank_lines", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bank_lines_bank_import_id"), ["bank_import_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_bank_lines_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(
            "ix_bank_lines_state", ["project_id", "state", "booked_on"], unique=False
        )

    op.create_table(
        "document_standings",
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "offered",
                "accepted",
                "expired",
                "unpaid",
                "part_paid",
                "paid",
                "credited",
                "issued",
                name="documentstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("open_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("hosted_url", sa.String(length=2000), nullable=False),
        sa.Column("processor_invoice_id", sa.String(length=120), nullable=True),
        sa.CheckConstraint("open_minor >= 0", name=op.f("ck_document_standings_open_not_negative")),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_document_standings_document_id_documents"),
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_standings")),
        sa.UniqueConstraint(
            "processor_invoice_id", name=op.f("uq_document_standings_processor_invoice_id")
        ),
    )
    with op.batch_alter_table("document_standings", schema=None) as batch_op:
        batch_op.create_index(
            "ix_document_standings_open",
            ["due_on"],
            unique=False,
            sqlite_where=sa.text("open_minor > 0"),
            postgresql_where=sa.text("open_minor > 0"),
        )

    op.create_table(
        "invoice_reminders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("remind_on", sa.Date(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["documents.id"], name=op.f("fk_invoice_reminders_invoice_id_documents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_reminders")),
        sa.UniqueConstraint(
            "invoice_id", "remind_on", name=op.f("uq_invoice_reminders_invoice_id_remind_on")
        ),
    )
    with op.batch_alter_table("invoice_reminders", schema=None) as batch_op:
        batch_op.create_index(
            "ix_invoice_reminders_due",
            ["remind_on"],
            unique=False,
            sqlite_where=sa.text("sent_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL"),
        )

    op.create_table(
        "settlements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("credit_note_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_settlements_amount_positive")),
        sa.ForeignKeyConstraint(
            ["credit_note_id"],
            ["documents.id"],
            name=op.f("fk_settlements_credit_note_id_documents"),
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["documents.id"], name=op.f("fk_settlements_invoice_id_documents")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_settlements_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlements")),
    )
    with op.batch_alter_table("settlements", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_settlements_credit_note_id"), ["credit_note_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_settlements_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_settlements_payment_id"), ["payment_id"], unique=False)

    with op.batch_alter_table("sponsorships", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("po_number", sa.String(length=80), server_default="", nullable=False)
        )

    dialect = op.get_bind().dialect.name
    for statement in _POSTGRESQL if dialect == "postgresql" else _SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("sponsorships", schema=None) as batch_op:
        batch_op.drop_column("po_number")

    with op.batch_alter_table("settlements", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_settlements_payment_id"))
        batch_op.drop_index(batch_op.f("ix_settlements_invoice_id"))
        batch_op.drop_index(batch_op.f("ix_settlements_credit_note_id"))

    op.drop_table("settlements")
    with op.batch_alter_table("invoice_reminders", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_invoice_reminders_due",
            sqlite_where=sa.text("sent_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL"),
        )

    op.drop_table("invoice_reminders")
    with op.batch_alter_table("document_standings", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_document_standings_open",
            sqlite_where=sa.text("open_minor > 0"),
            postgresql_where=sa.text("open_minor > 0"),
        )

    op.drop_table("document_standings")
    with op.batch_alter_table("bank_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_bank_lines_state")
        batch_op.drop_index(batch_op.f("ix_bank_lines_invoice_id"))
        batch_op.drop_index(batch_op.f("ix_bank_lines_bank_import_id"))

    op.drop_table("bank_lines")
    op.drop_table("agreement_acceptances")
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_documents_sponsorship_id"))
        batch_op.drop_index("ix_documents_project_kind")
        batch_op.drop_index(batch_op.f("ix_documents_payment_reference"))
        batch_op.drop_index("ix_documents_organization")
        batch_op.drop_index(batch_op.f("ix_documents_follows_id"))

    op.drop_table("documents")
    op.drop_table("sellers")
    op.drop_table("number_series")
    with op.batch_alter_table("bank_imports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bank_imports_state"))
        batch_op.drop_index(batch_op.f("ix_bank_imports_project_id"))

    op.drop_table("bank_imports")
    op.drop_table("agreement_versions")

    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
