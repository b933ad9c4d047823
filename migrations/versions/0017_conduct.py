"""Conduct reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('conduct_reports',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('reporter_id', sa.Integer(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('who', sa.String(length=300), nullable=False),
    sa.Column('page', sa.String(length=300), nullable=False),
    sa.Column('state', sa.Enum('received', 'looked_at', 'closed', name='reportstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('ending', sa.Enum('talked', 'measures', 'no_breach', 'elsewhere', name='reportending', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('reason', sa.String(length=1000), nullable=False),
    sa.Column('handler_id', sa.Integer(), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['handler_id'], ['people.id'], name=op.f('fk_conduct_reports_handler_id_people')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_conduct_reports_project_id_projects')),
    sa.ForeignKeyConstraint(['reporter_id'], ['people.id'], name=op.f('fk_conduct_reports_reporter_id_people')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conduct_reports')),
    sa.UniqueConstraint('project_id', 'number', name=op.f('uq_conduct_reports_project_id_number'))
    )
    op.create_index('ix_conduct_reports_project_state', 'conduct_reports', ['project_id', 'state', 'received_at'], unique=False)
    op.create_index(op.f('ix_conduct_reports_reporter_id'), 'conduct_reports', ['reporter_id'], unique=False)
    op.create_table('conduct_distances',
    sa.Column('report_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_conduct_distances_person_id_people')),
    sa.ForeignKeyConstraint(['report_id'], ['conduct_reports.id'], name=op.f('fk_conduct_distances_report_id_conduct_reports')),
    sa.PrimaryKeyConstraint('report_id', 'person_id', name=op.f('pk_conduct_distances'))
    )
    op.create_index(op.f('ix_conduct_distances_person_id'), 'conduct_distances', ['person_id'], unique=False)
    op.create_table('conduct_notes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('report_id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('by_steward', sa.Boolean(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['people.id'], name=op.f('fk_conduct_notes_author_id_people')),
    sa.ForeignKeyConstraint(['report_id'], ['conduct_reports.id'], name=op.f('fk_conduct_notes_report_id_conduct_reports')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conduct_notes'))
    )
    op.create_index(op.f('ix_conduct_notes_report_id'), 'conduct_notes', ['report_id'], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("conduct_notes")
    op.drop_table("conduct_distances")
    op.drop_table("conduct_reports")
