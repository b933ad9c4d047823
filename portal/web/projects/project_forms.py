"""Forms of a project: profile, maintainers, and what the operator creates."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, SelectMultipleField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from portal.domain.permissions import ProjectRole
from portal.domain.projects import CURRENCIES, LONGEST_SLUG, LONGEST_TEXT, ProjectProfile
from portal.web.forms import EmailField, Form, LongTextField, TextField, WebAddressField

ROLES = {
    ProjectRole.LEAD: _l("Lead"),
    ProjectRole.MAINTAINER: _l("Maintainer"),
    ProjectRole.STEWARD: _l("Steward"),
    ProjectRole.TREASURER: _l("Treasurer"),
}
_CHOICES = [SelectChoice(role.value, name) for role, name in ROLES.items()]


class ProfileForm(Form):
    """What a project says about itself."""

    name = TextField(_l("Name"), max_length=120, required=True)
    tagline = TextField(
        _l("Tagline"),
        max_length=200,
        description=_l("One line: what the project is, and for whom."),
    )
    description = LongTextField(
        _l("Description"), max_length=LONGEST_TEXT, description=_l("Markdown.")
    )
    how_we_work = LongTextField(
        _l("How we work"),
        max_length=LONGEST_TEXT,
        description=_l("Markdown. Who is in the room, what a stake buys, and what it does not."),
    )
    website = WebAddressField(_l("Website"), max_length=300)
    help_url = WebAddressField(
        _l("Where users find help"),
        max_length=300,
        description=_l("Questions about using the software go there, not to the roadmap."),
    )
    security_url = WebAddressField(_l("Security policy"), max_length=300)

    def read(self) -> ProjectProfile:
        """The profile as typed."""
        return ProjectProfile(
            name=self.name.data,
            tagline=self.tagline.data,
            description=self.description.data,
            how_we_work=self.how_we_work.data,
            website=self.website.data,
            help_url=self.help_url.data,
            security_url=self.security_url.data,
        )


class InvitationForm(Form):
    """An offer of a role, by mail."""

    email = EmailField(_l("E-mail address"), required=True)
    role = SelectField(_l("Role"), choices=_CHOICES, default=ProjectRole.MAINTAINER.value)


class RolesForm(Form):
    """Which roles a maintainer has."""

    roles = SelectMultipleField(
        _l("Roles"), choices=_CHOICES, option_widget=CheckboxInput(), widget=ListWidget()
    )

    def validate_roles(self, field: SelectMultipleField) -> None:
        """Refuse an empty selection: removing somebody is said in so many words."""
        if not field.data:
            raise ValidationError(_("Tick at least one role, or remove the maintainer below."))

    def read(self) -> frozenset[ProjectRole]:
        """The roles that are ticked."""
        return frozenset(ProjectRole(value) for value in self.roles.data)


class NewProjectForm(Form):
    """A project, as the operator creates it."""

    name = TextField(_l("Name"), max_length=120, required=True)
    slug = TextField(
        _l("Address"),
        max_length=LONGEST_SLUG,
        required=True,
        description=_l("Lower-case words joined by hyphens. It never changes afterwards."),
    )
    currency = SelectField(
        _l("Currency"),
        choices=[SelectChoice(code) for code in CURRENCIES],
        default="EUR",
        description=_l("All tiers of the project are sold in it."),
    )
    lead_email = EmailField(
        _l("First lead"),
        required=True,
        description=_l("An e-mail address. Whoever signs in with it leads the project."),
    )
