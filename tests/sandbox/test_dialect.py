"""The sandbox speaks Stripe as the installed SDK describes it, and no dialect of its own."""

from __future__ import annotations

import json
import re

import pytest

from portal.sandbox.dialect import find_route, routes
from portal.sandbox.errors import StripeError
from portal.sandbox.parameters import read_parameters
from portal.sandbox.resources import ANSWERERS
from portal.sandbox.shapes import find_problems
from tests.sandbox.stage import DECLINED, SUCCEEDS, Stage, open_stage


def _read(method: str, path: str, *pairs: tuple[str, str]) -> dict[str, object]:
    found = find_route(method, path)
    assert found is not None
    return read_parameters(found[0], pairs)


def _refusal(method: str, path: str, name: str) -> str | None:
    try:
        _read(method, path, (name, "1"))
    except StripeError as error:
        return error.code
    return None


@pytest.fixture(scope="module")
def invoice() -> dict[str, object]:
    """A paid invoice as the sandbox answers it."""
    with open_stage() as stage:
        stage.pay(str(stage.open_session()["url"]), email="a@acme.example")
        found: dict[str, object] = stage.call("GET", "invoices").json()["data"][0]
    return found


def test_every_route_the_sandbox_answers_is_one_the_sdk_calls() -> None:
    known = {(route.method, route.path) for route in routes()}
    assert len(known) > 500
    assert set(ANSWERERS) <= known


def test_every_parameter_the_sandbox_acts_on_is_one_the_sdk_declares() -> None:
    for (method, path), answerer in ANSWERERS.items():
        for dotted in answerer.acts_on:
            first, *rest = dotted.split(".")
            name = first + "".join(f"[{part}]" for part in rest)
            name = re.sub(r"\b(line_items|items|phases|custom_fields)(\]?)\[", r"\1\2[0][", name)
            refused = _refusal(method, path.replace("{", "").replace("}", ""), name)
            assert refused != "parameter_unknown", (method, path, dotted)


def test_fixed_paths_win_over_placeholders() -> None:
    found = find_route("GET", "/v1/customers/search")
    assert found is not None
    assert found[0].path == "/v1/customers/search"


def test_parameters_take_the_types_the_sdk_declares() -> None:
    assert _read(
        "POST",
        "/v1/checkout/sessions",
        ("mode", "subscription"),
        ("line_items[0][quantity]", "2"),
        ("line_items[1][price]", "price_1"),
        ("metadata[reference]", "7"),
        ("allow_promotion_codes", "true"),
        ("expand[]", "subscription"),
        ("expand[]", "invoice"),
    ) == {
        "mode": "subscription",
        "line_items": [{"quantity": 2}, {"price": "price_1"}],
        "metadata": {"reference": "7"},
        "allow_promotion_codes": True,
        "expand": ["subscription", "invoice"],
    }


@pytest.mark.parametrize(
    ("pair", "code", "param"),
    [
        (("line_item[0][price]", "p"), "parameter_unknown", "line_item"),
        (("line_items[0][cost]", "1"), "parameter_unknown", "line_items[0][cost]"),
        (("payment_method_types[0]", "card"), "parameter_unknown", "payment_method_types"),
        (("idempotency_key", "k"), "parameter_unknown", "idempotency_key"),
        (
            ("line_items[0][quantity]", "1.5"),
            "parameter_invalid_integer",
            "line_items[0][quantity]",
        ),
        (("line_items[0][quantity]", "٣"), "parameter_invalid_integer", "line_items[0][quantity]"),
        (("success_url", ""), "parameter_invalid_empty", "success_url"),
        (("mode", "gift"), None, "mode"),
        (("allow_promotion_codes", "yes"), None, "allow_promotion_codes"),
        (("line_items", "p"), None, "line_items"),
        (("metadata[x][y]", "z"), None, "metadata[x]"),
        (("metadata[reference]", "x" * 501), None, "metadata[reference]"),
    ],
)
def test_what_the_sdk_does_not_declare_is_refused(
    pair: tuple[str, str], code: str | None, param: str
) -> None:
    with pytest.raises(StripeError) as refused:
        _read("POST", "/v1/checkout/sessions", pair)
    assert (refused.value.code, refused.value.param) == (code, param)


def test_missing_parameters_are_named() -> None:
    with pytest.raises(StripeError) as refused:
        _read("POST", "/v1/prices", ("unit_amount", "5"))
    assert (refused.value.code, refused.value.param) == ("parameter_missing", "currency")


def test_refusals_arrive_in_stripes_shape(stage: Stage) -> None:
    answer = stage.call("POST", "customers", {"nickname": "Acme"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["code"] == "parameter_unknown"
    assert answer.json()["error"]["param"] == "nickname"
    assert answer.headers["Request-Id"].startswith("req_")


def test_a_parameter_the_sandbox_would_ignore_is_refused_rather_than_dropped(stage: Stage) -> None:
    answer = stage.call("POST", "customers", {"balance": "500"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "balance"


def test_every_kind_of_object_fits_the_sdks_types(stage: Stage) -> None:
    """Stage checks each answer; here every kind is asked for once, with its expansions."""
    recurring, once = stage.open_session(), stage.open_session("payment")
    for session in (recurring, once):
        stage.pay(str(session["url"]), DECLINED, email="a@acme.example")
        stage.pay(str(session["url"]), SUCCEEDS)
    stage.forward(366)
    kinds = set()
    for path, expand in (
        ("products", None),
        ("prices", "data.product"),
        ("customers", None),
        ("checkout/sessions", "data.subscription"),
        ("checkout/sessions", "data.invoice.payments"),
        ("checkout/sessions", "data.payment_intent.latest_charge"),
        ("checkout/sessions", "data.line_items"),
        ("subscriptions", "data.latest_invoice.payments"),
        ("subscriptions", "data.default_payment_method"),
        ("invoices", "data.payments"),
        ("invoice_payments", "data.invoice.customer"),
        ("payment_intents", None),
        ("charges", "data.balance_transaction"),
        ("balance_transactions", "data.source"),
        ("events", None),
    ):
        answer = stage.call(
            "GET", path, {"limit": 100, "expand[]": expand} if expand else {"limit": 100}
        )
        assert answer.status_code == 200, answer.text
        for thing in answer.json()["data"]:
            kinds.add(thing["object"])
            if thing["object"] == "event":
                assert find_problems(thing["data"]["object"]) == []
    assert len(kinds) == 11, kinds


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("id",), None, "invoice.id"),
        (("amount_due",), "120000", "invoice.amount_due"),
        (("amount_due",), True, "invoice.amount_due"),
        (("collection_method",), "by_hand", "invoice.collection_method"),
        (
            ("parent", "subscription_details", "subscription"),
            7,
            "subscription_details.subscription",
        ),
        (("lines", "data", 0, "period", "end"), "soon", "lines.data[0].period.end"),
        (("lines", "data", 0, "pricing", "unit_amount_decimal"), 5.0, "unit_amount_decimal"),
        (("subscription",), "sub_1", "invoice.subscription: not known"),
        (("status_transitions",), ..., "invoice.status_transitions: required but missing"),
    ],
)
def test_the_check_of_shapes_names_what_is_wrong(
    invoice: dict[str, object], path: tuple[str | int, ...], value: object, complaint: str
) -> None:
    assert find_problems(invoice) == []
    broken = json.loads(json.dumps(invoice))
    *steps, last = path
    node = broken
    for step in steps:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    assert any(complaint in problem for problem in find_problems(broken)), find_problems(broken)
