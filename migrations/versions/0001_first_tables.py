"""First tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('outbox_messages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('dedupe_key', sa.String(length=120), nullable=False),
    sa.Column('recipient', sa.String(length=254), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('paragraphs', sa.Text(), nullable=False),
    sa.Column('action_label', sa.String(length=80), nullable=False),
    sa.Column('action_url', sa.String(length=2000), nullable=False),
    sa.Column('why', sa.String(length=300), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('problem', sa.String(length=300), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_messages')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_outbox_messages_dedupe_key'))
    )
    with op.batch_alter_table('outbox_messages', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_messages_due', ['sent_at', 'due_at'], unique=False)

    op.create_table('page_versions',
    sa.Column('scope', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('scope', name=op.f('pk_page_versions'))
    )
    op.create_table('people',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('email_canonical', sa.String(length=254), nullable=False),
    sa.Column('is_operator', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_people')),
    sa.UniqueConstraint('email_canonical', name=op.f('uq_people_email_canonical'))
    )
    op.create_table('pictures',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('media_type', sa.String(length=40), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pictures')),
    sa.UniqueConstraint('sha256', name=op.f('uq_pictures_sha256'))
    )
    op.create_table('processor_events',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(length=20), nullable=False),
    sa.Column('external_id', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=80), nullable=False),
    sa.Column('references', sa.JSON(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('handled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('problem', sa.String(length=300), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_processor_events')),
    sa.UniqueConstraint('source', 'external_id', name=op.f('uq_processor_events_source_external_id'))
    )
    with op.batch_alter_table('processor_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_processor_events_handled_at'), ['handled_at'], unique=False)

    op.create_table('projects',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('slug', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('tagline', sa.String(length=200), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('how_we_work', sa.Text(), nullable=False),
    sa.Column('website', sa.String(length=300), nullable=False),
    sa.Column('help_url', sa.String(length=300), nullable=False),
    sa.Column('security_url', sa.String(length=300), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_projects')),
    sa.UniqueConstraint('slug', name=op.f('uq_projects_slug'))
    )
    op.create_table('sign_in_links',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('browser_hash', sa.String(length=64), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('email_canonical', sa.String(length=254), nullable=False),
    sa.Column('next_path', sa.String(length=500), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_links')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_sign_in_links_token_hash'))
    )
    with op.batch_alter_table('sign_in_links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_links_email_canonical'), ['email_canonical'], unique=False)

    op.create_table('charter_versions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('damping', sa.Enum('linear', 'sqrt', 'equal', name='damping', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('cap', sa.String(length=64), nullable=False),
    sa.Column('quorum_weight', sa.String(length=64), nullable=False),
    sa.Column('quorum_electors', sa.String(length=64), nullable=False),
    sa.Column('threshold', sa.String(length=64), nullable=True),
    sa.Column('mode', sa.Enum('advisory', 'two_houses', 'binding', name='decisionmode', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('privacy', sa.Enum('sealed_roll_call', 'secret_aggregate', name='privacymode', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('seasoning_days', sa.Integer(), nullable=False),
    sa.Column('window_days', sa.Integer(), nullable=False),
    sa.Column('grace_days', sa.Integer(), nullable=False),
    sa.Column('reason_required', sa.Boolean(), nullable=False),
    sa.Column('note', sa.String(length=500), nullable=False),
    sa.Column('changed_by', sa.String(length=120), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_charter_versions_project_id_projects')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_charter_versions')),
    sa.UniqueConstraint('project_id', 'number', name=op.f('uq_charter_versions_project_id_number'))
    )
    op.create_table('linked_identities',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('issuer', sa.String(length=255), nullable=False),
    sa.Column('subject', sa.String(length=255), nullable=False),
    sa.Column('linked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_linked_identities_person_id_people')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_linked_identities')),
    sa.UniqueConstraint('issuer', 'subject', name=op.f('uq_linked_identities_issuer_subject'))
    )
    with op.batch_alter_table('linked_identities', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_linked_identities_person_id'), ['person_id'], unique=False)

    op.create_table('maintainerships',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.Enum('lead', 'maintainer', 'steward', 'treasurer', name='projectrole', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_maintainerships_person_id_people')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_maintainerships_project_id_projects')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_maintainerships')),
    sa.UniqueConstraint('project_id', 'person_id', 'role', name=op.f('uq_maintainerships_project_id_person_id_role'))
    )
    with op.batch_alter_table('maintainerships', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_maintainerships_person_id'), ['person_id'], unique=False)

    op.create_table('organizations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('slug', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.Enum('company', 'person', name='organizationkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('legal_name', sa.String(length=200), nullable=False),
    sa.Column('address', sa.String(length=500), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('tax_id', sa.String(length=40), nullable=False),
    sa.Column('website', sa.String(length=300), nullable=False),
    sa.Column('about', sa.String(length=600), nullable=False),
    sa.Column('picture_id', sa.Integer(), nullable=True),
    sa.Column('parent_id', sa.Integer(), nullable=True),
    sa.Column('parent_asked_id', sa.Integer(), nullable=True),
    sa.Column('processor_payer_id', sa.String(length=80), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['parent_asked_id'], ['organizations.id'], name=op.f('fk_organizations_parent_asked_id_organizations')),
    sa.ForeignKeyConstraint(['parent_id'], ['organizations.id'], name=op.f('fk_organizations_parent_id_organizations')),
    sa.ForeignKeyConstraint(['picture_id'], ['pictures.id'], name=op.f('fk_organizations_picture_id_pictures')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_organizations')),
    sa.UniqueConstraint('processor_payer_id', name=op.f('uq_organizations_processor_payer_id')),
    sa.UniqueConstraint('slug', name=op.f('uq_organizations_slug'))
    )
    with op.batch_alter_table('organizations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_organizations_parent_asked_id'), ['parent_asked_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_organizations_parent_id'), ['parent_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_organizations_picture_id'), ['picture_id'], unique=False)

    op.create_table('project_figures',
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('sponsors', sa.Integer(), nullable=False),
    sa.Column('named_sponsors', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_project_figures_project_id_projects')),
    sa.PrimaryKeyConstraint('project_id', name=op.f('pk_project_figures'))
    )
    op.create_table('proposals',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=140), nullable=False),
    sa.Column('summary', sa.String(length=400), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'consultation', 'voting', 'closed', 'decided', 'deferred', 'withdrawn', name='proposalstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('withdrawal_reason', sa.String(length=600), nullable=False),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_proposals_project_id_projects')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proposals')),
    sa.UniqueConstraint('project_id', 'number', name=op.f('uq_proposals_project_id_number'))
    )
    with op.batch_alter_table('proposals', schema=None) as batch_op:
        batch_op.create_index('ix_proposals_project_state', ['project_id', 'state', 'number'], unique=False)

    op.create_table('sign_ins',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('browser', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_sign_ins_person_id_people')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_ins')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_sign_ins_token_hash'))
    )
    with op.batch_alter_table('sign_ins', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_ins_person_id'), ['person_id'], unique=False)

    op.create_table('tiers',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('slug', sa.String(length=60), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_tiers_project_id_projects')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tiers')),
    sa.UniqueConstraint('project_id', 'slug', name=op.f('uq_tiers_project_id_slug'))
    )
    op.create_table('audit_entries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('tag', sa.String(length=80), nullable=False),
    sa.Column('sentence', sa.String(length=500), nullable=False),
    sa.Column('actor', sa.String(length=120), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('organization_id', sa.Integer(), nullable=True),
    sa.Column('project_id', sa.Integer(), nullable=True),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_audit_entries_organization_id_organizations')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_audit_entries_person_id_people')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_audit_entries_project_id_projects')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entries'))
    )
    with op.batch_alter_table('audit_entries', schema=None) as batch_op:
        batch_op.create_index('ix_audit_entries_organization', ['organization_id', 'id'], unique=False)
        batch_op.create_index('ix_audit_entries_project', ['project_id', 'id'], unique=False)

    op.create_table('invitations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('organization_id', sa.Integer(), nullable=True),
    sa.Column('project_id', sa.Integer(), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('email_canonical', sa.String(length=254), nullable=False),
    sa.Column('role', sa.String(length=40), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('invited_by', sa.String(length=120), nullable=False),
    sa.Column('invited_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(organization_id IS NULL) <> (project_id IS NULL)', name=op.f('ck_invitations_exactly_one_target')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_invitations_organization_id_organizations')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_invitations_project_id_projects')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitations')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_invitations_token_hash'))
    )
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invitations_email_canonical'), ['email_canonical'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitations_organization_id'), ['organization_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitations_project_id'), ['project_id'], unique=False)

    op.create_table('memberships',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('organization_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.Enum('owner', 'billing', 'representative', 'deputy', 'editor', 'viewer', name='organizationrole', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_memberships_organization_id_organizations')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_memberships_person_id_people')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_memberships')),
    sa.UniqueConstraint('organization_id', 'person_id', 'role', name=op.f('uq_memberships_organization_id_person_id_role'))
    )
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_memberships_person_id'), ['person_id'], unique=False)
        batch_op.create_index('uq_memberships_seat', ['organization_id', 'role'], unique=True, sqlite_where=sa.text("role IN ('representative', 'deputy')"), postgresql_where=sa.text("role IN ('representative', 'deputy')"))

    op.create_table('roadmap_items',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('proposal_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('accepted', 'in_progress', 'shipped', 'dropped', name='roadmapstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('owner', sa.String(length=120), nullable=False),
    sa.Column('shipped_url', sa.String(length=300), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_roadmap_items_project_id_projects')),
    sa.ForeignKeyConstraint(['proposal_id'], ['proposals.id'], name=op.f('fk_roadmap_items_proposal_id_proposals')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roadmap_items')),
    sa.UniqueConstraint('proposal_id', name=op.f('uq_roadmap_items_proposal_id'))
    )
    with op.batch_alter_table('roadmap_items', schema=None) as batch_op:
        batch_op.create_index('ix_roadmap_items_project_state', ['project_id', 'state', 'changed_at'], unique=False)

    op.create_table('tier_versions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('tier_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('description', sa.String(length=600), nullable=False),
    sa.Column('price_minor', sa.Integer(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('interval', sa.Enum('week', 'month', 'year', 'one_time', name='interval', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('voting_weight', sa.Integer(), nullable=False),
    sa.Column('audience', sa.Enum('organization', 'person', name='audience', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=True),
    sa.Column('sold_from', sa.Date(), nullable=True),
    sa.Column('sold_until', sa.Date(), nullable=True),
    sa.Column('benefits', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('capacity IS NULL OR capacity > 0', name=op.f('ck_tier_versions_capacity_positive')),
    sa.CheckConstraint('price_minor > 0', name=op.f('ck_tier_versions_price_positive')),
    sa.CheckConstraint('voting_weight >= 0', name=op.f('ck_tier_versions_weight_not_negative')),
    sa.ForeignKeyConstraint(['tier_id'], ['tiers.id'], name=op.f('fk_tier_versions_tier_id_tiers')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tier_versions')),
    sa.UniqueConstraint('tier_id', 'number', name=op.f('uq_tier_versions_tier_id_number'))
    )
    op.create_table('votes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('proposal_id', sa.Integer(), nullable=False),
    sa.Column('question', sa.String(length=300), nullable=False),
    sa.Column('method', sa.Enum('yes_no', 'approval', 'ranked', 'score', 'budget', 'quadratic', name='method', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state', sa.Enum('open', 'tallied', name='votestate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('rules', sa.JSON(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('record_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opens_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_by', sa.String(length=120), nullable=False),
    sa.CheckConstraint('closes_at > opens_at', name=op.f('ck_votes_window')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_votes_project_id_projects')),
    sa.ForeignKeyConstraint(['proposal_id'], ['proposals.id'], name=op.f('fk_votes_proposal_id_proposals')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_votes'))
    )
    with op.batch_alter_table('votes', schema=None) as batch_op:
        batch_op.create_index('ix_votes_project_closes_at', ['project_id', 'closes_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_votes_proposal_id'), ['proposal_id'], unique=False)
        batch_op.create_index('ix_votes_state_closes_at', ['state', 'closes_at'], unique=False)
        batch_op.create_index('uq_votes_open', ['proposal_id'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    op.create_table('decision_records',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('vote_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('accepted', 'declined', 'deferred', 'back_to_work', name='decisionkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('follows', sa.Boolean(), nullable=True),
    sa.Column('vetoed', sa.Boolean(), nullable=False),
    sa.Column('reasons', sa.Text(), nullable=False),
    sa.Column('responsible', sa.String(length=120), nullable=False),
    sa.Column('review_on', sa.Date(), nullable=False),
    sa.Column('decided_by', sa.String(length=120), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("reasons <> ''", name=op.f('ck_decision_records_reasons_given')),
    sa.ForeignKeyConstraint(['vote_id'], ['votes.id'], name=op.f('fk_decision_records_vote_id_votes')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decision_records')),
    sa.UniqueConstraint('vote_id', name=op.f('uq_decision_records_vote_id'))
    )
    op.create_table('electors',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('vote_id', sa.Integer(), nullable=False),
    sa.Column('house', sa.Enum('sponsors', 'maintainers', 'supporters', name='house', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('public_name', sa.String(length=120), nullable=True),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('raw_weight', sa.String(length=64), nullable=False),
    sa.Column('weight', sa.Integer(), nullable=False),
    sa.Column('banzhaf', sa.String(length=2000), nullable=True),
    sa.Column('shapley', sa.String(length=2000), nullable=True),
    sa.Column('voided_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_electors_person_id_people')),
    sa.ForeignKeyConstraint(['vote_id'], ['votes.id'], name=op.f('fk_electors_vote_id_votes')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_electors')),
    sa.UniqueConstraint('vote_id', 'house', 'position', name=op.f('uq_electors_vote_id_house_position'))
    )
    with op.batch_alter_table('electors', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_electors_person_id'), ['person_id'], unique=False)

    op.create_table('outcomes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('vote_id', sa.Integer(), nullable=False),
    sa.Column('carried', sa.Boolean(), nullable=True),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.Column('tallied_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['vote_id'], ['votes.id'], name=op.f('fk_outcomes_vote_id_votes')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outcomes')),
    sa.UniqueConstraint('vote_id', name=op.f('uq_outcomes_vote_id'))
    )
    op.create_table('roadmap_updates',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.String(length=1000), nullable=False),
    sa.Column('author', sa.String(length=120), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['item_id'], ['roadmap_items.id'], name=op.f('fk_roadmap_updates_item_id_roadmap_items')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roadmap_updates'))
    )
    with op.batch_alter_table('roadmap_updates', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_roadmap_updates_item_id'), ['item_id'], unique=False)

    op.create_table('sponsorships',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('organization_id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('tier_snapshot_id', sa.Integer(), nullable=False),
    sa.Column('commercial', sa.Enum('quoted', 'invoiced', 'paid', 'refunded', name='commercial', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('term', sa.Enum('pending', 'active', 'grace', 'lapsed', 'ended', name='term', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('publication', sa.Enum('hidden', 'in_review', 'published', 'rejected', name='publication', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('is_private', sa.Boolean(), nullable=False),
    sa.Column('approved_name', sa.String(length=120), nullable=True),
    sa.Column('approved_website', sa.String(length=300), nullable=True),
    sa.Column('approved_picture_id', sa.Integer(), nullable=True),
    sa.Column('review_note', sa.String(length=300), nullable=False),
    sa.Column('active_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('term_starts_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('term_ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('grace_ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancel_at_term_end', sa.Boolean(), nullable=False),
    sa.Column('processor', sa.String(length=20), nullable=False),
    sa.Column('renewal_id', sa.String(length=80), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(term = 'pending') = (active_since IS NULL)", name=op.f('ck_sponsorships_active_since_with_term')),
    sa.ForeignKeyConstraint(['approved_picture_id'], ['pictures.id'], name=op.f('fk_sponsorships_approved_picture_id_pictures')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_sponsorships_organization_id_organizations')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_sponsorships_project_id_projects')),
    sa.ForeignKeyConstraint(['tier_snapshot_id'], ['tier_versions.id'], name=op.f('fk_sponsorships_tier_snapshot_id_tier_versions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sponsorships')),
    sa.UniqueConstraint('reference', name=op.f('uq_sponsorships_reference')),
    sa.UniqueConstraint('renewal_id', name=op.f('uq_sponsorships_renewal_id'))
    )
    with op.batch_alter_table('sponsorships', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sponsorships_approved_picture_id'), ['approved_picture_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_sponsorships_organization_id'), ['organization_id'], unique=False)
        batch_op.create_index('ix_sponsorships_past', ['project_id', 'ended_at', 'id'], unique=False, sqlite_where=sa.text("term IN ('lapsed', 'ended') AND publication = 'published' AND NOT is_private"), postgresql_where=sa.text("term IN ('lapsed', 'ended') AND publication = 'published' AND NOT is_private"))
        batch_op.create_index('ix_sponsorships_project_term', ['project_id', 'term'], unique=False)
        batch_op.create_index(batch_op.f('ix_sponsorships_tier_snapshot_id'), ['tier_snapshot_id'], unique=False)
        batch_op.create_index('ix_sponsorships_wall', ['tier_snapshot_id', 'active_since', 'id'], unique=False, sqlite_where=sa.text("term IN ('active', 'grace') AND publication = 'published' AND NOT is_private"), postgresql_where=sa.text("term IN ('active', 'grace') AND publication = 'published' AND NOT is_private"))
        batch_op.create_index('uq_sponsorships_running', ['organization_id', 'project_id'], unique=True, sqlite_where=sa.text("term IN ('pending', 'active', 'grace')"), postgresql_where=sa.text("term IN ('pending', 'active', 'grace')"))

    op.create_table('ballots',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('vote_id', sa.Integer(), nullable=False),
    sa.Column('elector_id', sa.Integer(), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('choice', sa.JSON(), nullable=False),
    sa.Column('reason', sa.String(length=1000), nullable=False),
    sa.Column('cast_by_id', sa.Integer(), nullable=False),
    sa.Column('cast_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['cast_by_id'], ['people.id'], name=op.f('fk_ballots_cast_by_id_people')),
    sa.ForeignKeyConstraint(['elector_id'], ['electors.id'], name=op.f('fk_ballots_elector_id_electors')),
    sa.ForeignKeyConstraint(['vote_id'], ['votes.id'], name=op.f('fk_ballots_vote_id_votes')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ballots')),
    sa.UniqueConstraint('reference', name=op.f('uq_ballots_reference'))
    )
    with op.batch_alter_table('ballots', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ballots_elector_id'), ['elector_id'], unique=False)
        batch_op.create_index('ix_ballots_vote_current', ['vote_id', 'superseded_at'], unique=False)
        batch_op.create_index('uq_ballots_current', ['elector_id'], unique=True, sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))

    op.create_table('checkouts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('sponsorship_id', sa.Integer(), nullable=False),
    sa.Column('tier_snapshot_id', sa.Integer(), nullable=False),
    sa.Column('status', sa.Enum('started', 'open', 'completed', 'expired', 'mismatched', name='checkoutstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('processor_checkout_id', sa.String(length=120), nullable=True),
    sa.Column('url', sa.String(length=2000), nullable=False),
    sa.Column('problem', sa.String(length=300), nullable=False),
    sa.Column('started_by', sa.String(length=120), nullable=False),
    sa.Column('payer_email', sa.String(length=254), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['sponsorship_id'], ['sponsorships.id'], name=op.f('fk_checkouts_sponsorship_id_sponsorships')),
    sa.ForeignKeyConstraint(['tier_snapshot_id'], ['tier_versions.id'], name=op.f('fk_checkouts_tier_snapshot_id_tier_versions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_checkouts')),
    sa.UniqueConstraint('processor_checkout_id', name=op.f('uq_checkouts_processor_checkout_id')),
    sa.UniqueConstraint('reference', name=op.f('uq_checkouts_reference'))
    )
    with op.batch_alter_table('checkouts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_checkouts_sponsorship_id'), ['sponsorship_id'], unique=False)
        batch_op.create_index('uq_checkouts_live', ['sponsorship_id'], unique=True, sqlite_where=sa.text("status IN ('started', 'open')"), postgresql_where=sa.text("status IN ('started', 'open')"))

    op.create_table('elector_organizations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('vote_id', sa.Integer(), nullable=False),
    sa.Column('elector_id', sa.Integer(), nullable=False),
    sa.Column('organization_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['elector_id'], ['electors.id'], name=op.f('fk_elector_organizations_elector_id_electors')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_elector_organizations_organization_id_organizations')),
    sa.ForeignKeyConstraint(['vote_id'], ['votes.id'], name=op.f('fk_elector_organizations_vote_id_votes')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_elector_organizations')),
    sa.UniqueConstraint('vote_id', 'organization_id', name=op.f('uq_elector_organizations_vote_id_organization_id'))
    )
    with op.batch_alter_table('elector_organizations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_elector_organizations_elector_id'), ['elector_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_elector_organizations_organization_id'), ['organization_id'], unique=False)

    op.create_table('payments',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('sponsorship_id', sa.Integer(), nullable=False),
    sa.Column('tier_snapshot_id', sa.Integer(), nullable=False),
    sa.Column('term_starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('term_ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('amount_minor', sa.Integer(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('processor', sa.String(length=20), nullable=False),
    sa.Column('processor_payment_id', sa.String(length=120), nullable=False),
    sa.Column('receipt_url', sa.String(length=2000), nullable=False),
    sa.Column('paid_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_payments_amount_positive')),
    sa.ForeignKeyConstraint(['sponsorship_id'], ['sponsorships.id'], name=op.f('fk_payments_sponsorship_id_sponsorships')),
    sa.ForeignKeyConstraint(['tier_snapshot_id'], ['tier_versions.id'], name=op.f('fk_payments_tier_snapshot_id_tier_versions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payments')),
    sa.UniqueConstraint('processor', 'processor_payment_id', name=op.f('uq_payments_processor_processor_payment_id'))
    )
    with op.batch_alter_table('payments', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_payments_sponsorship_id'), ['sponsorship_id'], unique=False)

    op.create_table('sponsorship_events',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('sponsorship_id', sa.Integer(), nullable=False),
    sa.Column('dimension', sa.String(length=20), nullable=False),
    sa.Column('before', sa.String(length=40), nullable=False),
    sa.Column('after', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('actor', sa.String(length=120), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['sponsorship_id'], ['sponsorships.id'], name=op.f('fk_sponsorship_events_sponsorship_id_sponsorships')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sponsorship_events'))
    )
    with op.batch_alter_table('sponsorship_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sponsorship_events_sponsorship_id'), ['sponsorship_id'], unique=False)



def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table('sponsorship_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sponsorship_events_sponsorship_id'))

    op.drop_table('sponsorship_events')
    with op.batch_alter_table('payments', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_payments_sponsorship_id'))

    op.drop_table('payments')
    with op.batch_alter_table('elector_organizations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_elector_organizations_organization_id'))
        batch_op.drop_index(batch_op.f('ix_elector_organizations_elector_id'))

    op.drop_table('elector_organizations')
    with op.batch_alter_table('checkouts', schema=None) as batch_op:
        batch_op.drop_index('uq_checkouts_live', sqlite_where=sa.text("status IN ('started', 'open')"), postgresql_where=sa.text("status IN ('started', 'open')"))
        batch_op.drop_index(batch_op.f('ix_checkouts_sponsorship_id'))

    op.drop_table('checkouts')
    with op.batch_alter_table('ballots', schema=None) as batch_op:
        batch_op.drop_index('uq_ballots_current', sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))
        batch_op.drop_index('ix_ballots_vote_current')
        batch_op.drop_index(batch_op.f('ix_ballots_elector_id'))

    op.drop_table('ballots')
    with op.batch_alter_table('sponsorships', schema=None) as batch_op:
        batch_op.drop_index('uq_sponsorships_running', sqlite_where=sa.text("term IN ('pending', 'active', 'grace')"), postgresql_where=sa.text("term IN ('pending', 'active', 'grace')"))
        batch_op.drop_index('ix_sponsorships_wall', sqlite_where=sa.text("term IN ('active', 'grace') AND publication = 'published' AND NOT is_private"), postgresql_where=sa.text("term IN ('active', 'grace') AND publication = 'published' AND NOT is_private"))
        batch_op.drop_index(batch_op.f('ix_sponsorships_tier_snapshot_id'))
        batch_op.drop_index('ix_sponsorships_project_term')
        batch_op.drop_index('ix_sponsorships_past', sqlite_where=sa.text("term IN ('lapsed', 'ended') AND publication = 'published' AND NOT is_private"), postgresql_where=sa.text("term IN ('lapsed', 'ended') AND publication = 'published' AND NOT is_private"))
        batch_op.drop_index(batch_op.f('ix_sponsorships_organization_id'))
        batch_op.drop_index(batch_op.f('ix_sponsorships_approved_picture_id'))

    op.drop_table('sponsorships')
    with op.batch_alter_table('roadmap_updates', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_roadmap_updates_item_id'))

    op.drop_table('roadmap_updates')
    op.drop_table('outcomes')
    with op.batch_alter_table('electors', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_electors_person_id'))

    op.drop_table('electors')
    op.drop_table('decision_records')
    with op.batch_alter_table('votes', schema=None) as batch_op:
        batch_op.drop_index('uq_votes_open', sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
        batch_op.drop_index('ix_votes_state_closes_at')
        batch_op.drop_index(batch_op.f('ix_votes_proposal_id'))
        batch_op.drop_index('ix_votes_project_closes_at')

    op.drop_table('votes')
    op.drop_table('tier_versions')
    with op.batch_alter_table('roadmap_items', schema=None) as batch_op:
        batch_op.drop_index('ix_roadmap_items_project_state')

    op.drop_table('roadmap_items')
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.drop_index('uq_memberships_seat', sqlite_where=sa.text("role IN ('representative', 'deputy')"), postgresql_where=sa.text("role IN ('representative', 'deputy')"))
        batch_op.drop_index(batch_op.f('ix_memberships_person_id'))

    op.drop_table('memberships')
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invitations_project_id'))
        batch_op.drop_index(batch_op.f('ix_invitations_organization_id'))
        batch_op.drop_index(batch_op.f('ix_invitations_email_canonical'))

    op.drop_table('invitations')
    with op.batch_alter_table('audit_entries', schema=None) as batch_op:
        batch_op.drop_index('ix_audit_entries_project')
        batch_op.drop_index('ix_audit_entries_organization')

    op.drop_table('audit_entries')
    op.drop_table('tiers')
    with op.batch_alter_table('sign_ins', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_ins_person_id'))

    op.drop_table('sign_ins')
    with op.batch_alter_table('proposals', schema=None) as batch_op:
        batch_op.drop_index('ix_proposals_project_state')

    op.drop_table('proposals')
    op.drop_table('project_figures')
    with op.batch_alter_table('organizations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_organizations_picture_id'))
        batch_op.drop_index(batch_op.f('ix_organizations_parent_id'))
        batch_op.drop_index(batch_op.f('ix_organizations_parent_asked_id'))

    op.drop_table('organizations')
    with op.batch_alter_table('maintainerships', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_maintainerships_person_id'))

    op.drop_table('maintainerships')
    with op.batch_alter_table('linked_identities', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_linked_identities_person_id'))

    op.drop_table('linked_identities')
    op.drop_table('charter_versions')
    with op.batch_alter_table('sign_in_links', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_links_email_canonical'))

    op.drop_table('sign_in_links')
    op.drop_table('projects')
    with op.batch_alter_table('processor_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_processor_events_handled_at'))

    op.drop_table('processor_events')
    op.drop_table('pictures')
    op.drop_table('people')
    op.drop_table('page_versions')
    with op.batch_alter_table('outbox_messages', schema=None) as batch_op:
        batch_op.drop_index('ix_outbox_messages_due')

    op.drop_table('outbox_messages')
