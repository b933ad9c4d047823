"""The form with which anybody has a ballot file counted."""

from __future__ import annotations

from fractions import Fraction

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from wtforms import FileField, RadioField, SelectField, ValidationError
from wtforms.fields.choices import SelectChoice

from portal.domain.tally.file_rules import Completion
from portal.domain.tally.options import Unranked
from portal.domain.votes import Method
from portal.web.exact_fields import ShareField, WholeField
from portal.web.forms import Form

MOST_BYTES = 4 * 1024 * 1024
_BY_THE_FILE = "file"


class TallyForm(Form):
    """A ballot file, and how to count it."""

    file = FileField(
        _l("Ballot file"),
        description=_l(
            "CSV with a column per option, pabulib (.pb) or PrefLib (.soc .soi .toc .toi);"
            " at most 4 MB."
        ),
        render_kw={"accept": ".csv,.pb,.soc,.soi,.toc,.toi"},
    )
    method = SelectField(
        _l("Method"),
        default=_BY_THE_FILE,
        choices=[
            SelectChoice(_BY_THE_FILE, _l("As the file suggests")),
            SelectChoice(Method.RANKED.value, _l("Ranked (Schulze, winning votes)")),
            SelectChoice(Method.APPROVAL.value, _l("Approval")),
            SelectChoice(Method.SCORE.value, _l("Score")),
            SelectChoice(Method.BUDGET.value, _l("Budget (Equal Shares)")),
            SelectChoice(Method.QUADRATIC.value, _l("Quadratic")),
            SelectChoice(Method.YES_NO.value, _l("Yes or no")),
        ],
        description=_l(
            "A cell of a CSV file is a rank; by other methods a mark of approval, a score, votes,"
            " or for, against and abstain."
        ),
    )
    unranked = RadioField(
        _l("Ranked: an option left unranked"),
        default=Unranked.ABSTAIN.value,
        choices=[
            SelectChoice(Unranked.ABSTAIN.value, _l("takes part in no pair")),
            SelectChoice(Unranked.LAST.value, _l("comes last")),
        ],
    )
    seats = WholeField(_l("Seats"), least=1, most=1000, default="1", required=True)
    completion = SelectField(
        _l("Budget: what is left over"),
        default=Completion.ADD1.value,
        choices=[
            SelectChoice(Completion.ADD1.value, _l("raise every share by one unit at a time")),
            SelectChoice(Completion.ADD1_FILL.value, _l("raise every share, then fill by support")),
            SelectChoice(Completion.FILL.value, _l("fill by support")),
            SelectChoice(Completion.NONE.value, _l("stays left over")),
        ],
    )
    threshold = ShareField(
        _l("Yes or no: threshold"),
        description=_l("A share above one half, such as 2/3. Empty means more for than against."),
    )

    @property
    def upload(self) -> FileStorage:
        """The file that was chosen; ask after the form was validated."""
        upload: FileStorage = self.file.data
        return upload

    @property
    def counted_by(self) -> Method | None:
        """The method that was chosen, None for the file's own."""
        return None if self.method.data == _BY_THE_FILE else Method(self.method.data)

    def validate_file(self, field: FileField) -> None:
        """Refuse a form without a file."""
        if not isinstance(field.data, FileStorage) or not field.data.filename:
            raise ValidationError(_("Choose a ballot file."))

    def validate_threshold(self, field: ShareField) -> None:
        """Refuse a threshold that is not above one half."""
        if field.share is not None and not Fraction(1, 2) < field.share <= 1:
            raise ValidationError(_("A threshold is a share above one half, up to 1."))
