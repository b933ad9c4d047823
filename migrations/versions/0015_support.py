"""Support requests, the conversation about each, documentation gaps, and the pace that is public."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('support_requests',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('organization_id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('open', 'answered', 'closed_answered', 'closed_gap', 'closed_need', 'settled', name='supportstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('tried', sa.String(length=160), nullable=False),
    sa.Column('happened', sa.Text(), nullable=False),
    sa.Column('environment', sa.String(length=300), nullable=False),
    sa.Column('aim_days', sa.Integer(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('need_id', sa.Integer(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('aim_days > 0', name=op.f('ck_support_requests_aim_positive')),
    sa.ForeignKeyConstraint(['author_id'], ['people.id'], name=op.f('fk_support_requests_author_id_people')),
    sa.ForeignKeyConstraint(['need_id'], ['needs.id'], name=op.f('fk_support_requests_need_id_needs')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_support_requests_organization_id_organizations')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_support_requests_project_id_projects')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_support_requests')),
    sa.UniqueConstraint('project_id', 'number', name=op.f('uq_support_requests_project_id_number'))
    )
    op.create_index('ix_support_requests_project_state', 'support_requests', ['project_id', 'state', 'asked_at'], unique=False)
    op.create_index(op.f('ix_support_requests_need_id'), 'support_requests', ['need_id'], unique=False)
    op.create_index('ix_support_requests_organization_asked', 'support_requests', ['organization_id', 'project_id', 'asked_at'], unique=False)
    op.create_index(op.f('ix_support_requests_author_id'), 'support_requests', ['author_id'], unique=False)
    op.create_index('ix_support_requests_answered', 'support_requests', ['project_id', 'answered_at'], unique=False)
    op.create_table('support_messages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('request_id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('by_project', sa.Boolean(), nullable=False),
    sa.Column('signed', sa.String(length=120), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['people.id'], name=op.f('fk_support_messages_author_id_people')),
    sa.ForeignKeyConstraint(['request_id'], ['support_requests.id'], name=op.f('fk_support_messages_request_id_support_requests')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_support_messages'))
    )
    op.create_index(op.f('ix_support_messages_request_id'), 'support_messages', ['request_id'], unique=False)
    op.create_index(op.f('ix_support_messages_author_id'), 'support_messages', ['author_id'], unique=False)
    op.create_table('documentation_gaps',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('request_id', sa.Integer(), nullable=False),
    sa.Column('found_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('url', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_documentation_gaps_project_id_projects')),
    sa.ForeignKeyConstraint(['request_id'], ['support_requests.id'], name=op.f('fk_documentation_gaps_request_id_support_requests')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_documentation_gaps')),
    sa.UniqueConstraint('request_id', name=op.f('uq_documentation_gaps_request_id'))
    )
    op.create_index('ix_documentation_gaps_project', 'documentation_gaps', ['project_id', 'written_at'], unique=False)
    op.create_table('support_paces',
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('answers', sa.Integer(), nullable=False),
    sa.Column('median_halves', sa.Integer(), nullable=False),
    sa.CheckConstraint('answers > 0', name=op.f('ck_support_paces_answers_positive')),
    sa.CheckConstraint('median_halves >= 0', name=op.f('ck_support_paces_median_not_negative')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_support_paces_project_id_projects')),
    sa.PrimaryKeyConstraint('project_id', name=op.f('pk_support_paces'))
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table('support_paces')
    op.drop_table('documentation_gaps')
    op.drop_table('support_messages')
    op.drop_table('support_requests')
