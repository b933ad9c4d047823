"""Forms of an organization's desk."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from wtforms import (
    BooleanField,
    FileField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.domain.errors import Refusal
from portal.domain.organizations import PROFILE_LENGTHS, OrganizationKind, Profile
from portal.domain.permissions import OrganizationRole
from portal.services.identity.pictures import MOST_BYTES, EncodedPicture, encode_picture
from portal.web.forms import EmailField, Form, LongTextField, OnceForm, TextField, WebAddressField
from portal.web.identity.role_names import ROLE_NAMES

# Codes for groups of countries, for tests and for parts of countries: nobody has a seat there.
_NO_COUNTRIES = frozenset("AC CP DG EA EU EZ IC QO TA UN XA XB ZZ".split())


def country_choices() -> list[SelectChoice]:
    """Countries in the reader's language, by name, after an empty choice."""
    names = get_locale().territories
    countries = [
        (code, name)
        for code, name in names.items()
        if len(code) == 2 and code.isalpha()  # noqa: PLR2004 - ISO 3166 alpha-2
    ]
    listed = sorted(
        (one for one in countries if one[0] not in _NO_COUNTRIES), key=lambda one: one[1]
    )
    named = [("", _("Not given")), *listed]
    return [SelectChoice(code, name) for code, name in named]


class FoundForm(OnceForm):
    """A new organization, and the page to come back to once it is founded."""

    next = HiddenField()
    name = TextField(
        _l("Name of the organization"),
        max_length=PROFILE_LENGTHS["name"],
        required=True,
        missing=_l("Enter the organization’s name."),
        description=_l("As it is known in public. You can change it later; its address stays."),
        render_kw={"autocomplete": "organization"},
    )
    kind = RadioField(
        _l("What it is"),
        choices=[
            SelectChoice(
                OrganizationKind.COMPANY.value, _l("A company, an association or another body")
            ),
            SelectChoice(OrganizationKind.PERSON.value, _l("Myself, as a person")),
        ],
        default=OrganizationKind.COMPANY.value,
    )


class ProfileForm(Form):
    """What an organization says about itself."""

    name = TextField(
        _l("Name"),
        max_length=PROFILE_LENGTHS["name"],
        required=True,
        missing=_l("Enter the organization’s name."),
        description=_l("Shown to the public once a maintainer has approved it."),
    )
    website = WebAddressField(
        _l("Website"),
        max_length=PROFILE_LENGTHS["website"],
        description=_l("Starts with https:// or http://."),
    )
    about = LongTextField(
        _l("About"),
        max_length=PROFILE_LENGTHS["about"],
        description=_l("Two or three sentences, at most 600 characters."),
    )
    logo = FileField(
        _l("Logo"),
        description=_l("PNG, JPEG or WebP, at most 2 MB. It is shown on a light ground."),
        render_kw={"accept": "image/png,image/jpeg,image/webp"},
    )
    remove_logo = BooleanField(_l("Remove the present logo"))
    legal_name = TextField(_l("Legal name"), max_length=PROFILE_LENGTHS["legal_name"])
    address = LongTextField(
        _l("Address"),
        max_length=PROFILE_LENGTHS["address"],
        description=_l("Street, postal code and town, as they stand on an invoice."),
    )
    country = SelectField(_l("Country"))
    tax_id = TextField(
        _l("Tax id"),
        max_length=PROFILE_LENGTHS["tax_id"],
        description=_l("VAT number or the like, with its country prefix if it has one."),
    )

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - whatever the form takes
        """Offer the countries in the reader's language."""
        super().__init__(**values)
        self.country.choices = country_choices()
        self.picture: EncodedPicture | None = None

    def validate_logo(self, field: FileField) -> None:
        """Re-encode what was uploaded; refuses what is no picture, or too large a one."""
        upload = field.data
        if not isinstance(upload, FileStorage) or not upload.filename:
            return
        try:
            self.picture = encode_picture(upload.read(MOST_BYTES + 1))
        except Refusal as refusal:
            raise ValidationError(refusal.message) from refusal

    def read_profile(self) -> Profile:
        """The profile that was typed."""
        return Profile(**{key: self[key].data or "" for key in PROFILE_LENGTHS})


class ParentForm(Form):
    """Which organization this one belongs to."""

    parent = TextField(
        _l("Parent company"),
        max_length=200,
        required=True,
        missing=_l("Enter the parent company’s address here."),
        description=_l("The last part of its public address: acme, if that is /o/acme."),
    )


class InviteForm(Form):
    """Whom to invite, and as what."""

    email = EmailField(
        _l("E-mail address"), required=True, missing=_l("Enter the address to invite.")
    )
    role = RadioField(
        _l("Role"),
        choices=[SelectChoice(role.value, ROLE_NAMES[role]) for role in OrganizationRole],
        default=OrganizationRole.VIEWER.value,
    )


class RolesForm(Form):
    """All roles of one member."""

    roles = SelectMultipleField(
        _l("Roles"),
        choices=[SelectChoice(role.value, ROLE_NAMES[role]) for role in OrganizationRole],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    replace = BooleanField(
        _l("Take the role from whoever holds it now"),
        description=_l("For representative and deputy, of whom there is one each."),
    )

    def read_roles(self) -> frozenset[OrganizationRole]:
        """The roles that were ticked."""
        return frozenset(OrganizationRole(value) for value in self.roles.data or ())
