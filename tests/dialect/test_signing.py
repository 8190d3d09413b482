"""Signatures: the contract's check value, and every scheme against values that were computed elsewhere."""

import base64

import pytest

from talkover_mock.dialect.signing import SCHEMES, sign
from tests.support.documented import AGENT, WEBHOOK
from tests.support.rows import each_row

CHECK_BODY = (
    b'{"event":"webhook.test","agent_id":"' + AGENT.encode() + b'","agent_name":"My Agent","webhook_id":"'
    b"" + WEBHOOK.encode() + b'","webhook_name":"My Webhook","timestamp":"2025-09-03T23:19:51.000Z","test":true}'
)
CHECK_SECRET = "optional_secret_for_hmac"
CHECK_VALUE = "c54f309fa0642bdb8b6f6dcb0bb1b167a8b56fb28e52f0db297ecd0319fcc9e1"

SECRET, BODY, MOMENT, ID = "s3cret", b'{"path":"a\\/b"}', 1756941591, "msg_1"
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD_BODY, STANDARD_MOMENT = b'{"test": 2432232314}', 1614265330
STANDARD_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_the_check_value_of_the_contract() -> None:
    assert len(CHECK_BODY) == 229
    assert sign(SCHEMES["hmac"], CHECK_SECRET, CHECK_BODY, 0, "") == {"Signature": CHECK_VALUE}


@each_row(
    ("scheme", "expected"),
    [
        ("hmac", {"Signature": "e6b7e23f8ceb3654aad86a9c45489cd6e5a0f56fab75857af998f9cde3d1e97d"}),
        ("github", {"X-Hub-Signature-256": "sha256=e6b7e23f8ceb3654aad86a9c45489cd6e5a0f56fab75857af998f9cde3d1e97d"}),
        (
            "stripe",
            {"Stripe-Signature": "t=1756941591,v1=521637c2f2d4fa550b20e6a1d1619617e94a9eb805a024cec2cfad2ce96b43af"},
        ),
        (
            "standard",
            {
                "webhook-signature": "v1,9RuDvb+/hIQVEW7IVsSmKnUXjbq3B3IUYuZMRhMgQzs=",
                "webhook-id": "msg_1",
                "webhook-timestamp": "1756941591",
            },
        ),
        ("shopify", {"X-Shopify-Hmac-Sha256": "5rfiP4zrNlSq2GqcRUic1uWg9W+rdYV6+Zj5zePR6X0="}),
    ],
)
def test_a_scheme_signs_as_openssl_computes_it(scheme: str, expected: dict[str, str]) -> None:
    signed = sign(SCHEMES[scheme], SECRET, BODY, MOMENT, ID)
    assert list(signed.items()) == list(expected.items())


def test_every_scheme_has_its_own_name_and_header() -> None:
    assert {name: (scheme.name, scheme.header, scheme.prefix) for name, scheme in SCHEMES.items()} == {
        "hmac": ("hmac", "Signature", ""),
        "github": ("github", "X-Hub-Signature-256", "sha256="),
        "stripe": ("stripe", "Stripe-Signature", "v1="),
        "standard": ("standard", "webhook-signature", "v1,"),
        "shopify": ("shopify", "X-Shopify-Hmac-Sha256", ""),
    }


@each_row(
    ("scheme", "expected"),
    [
        ("hmac", "p:e6b7e23f8ceb3654aad86a9c45489cd6e5a0f56fab75857af998f9cde3d1e97d"),
        ("github", "p:e6b7e23f8ceb3654aad86a9c45489cd6e5a0f56fab75857af998f9cde3d1e97d"),
        ("stripe", "t=1756941591,p:521637c2f2d4fa550b20e6a1d1619617e94a9eb805a024cec2cfad2ce96b43af"),
        ("standard", "p:9RuDvb+/hIQVEW7IVsSmKnUXjbq3B3IUYuZMRhMgQzs="),
        ("shopify", "p:5rfiP4zrNlSq2GqcRUic1uWg9W+rdYV6+Zj5zePR6X0="),
    ],
)
def test_another_header_and_prefix_leave_the_signature_as_it_is(scheme: str, expected: str) -> None:
    signed = sign(SCHEMES[scheme]._replace(header="X-Mine", prefix="p:"), SECRET, BODY, MOMENT, ID)
    assert next(iter(signed.items())) == ("X-Mine", expected)


def test_the_example_of_standard_webhooks_itself() -> None:
    signed = sign(SCHEMES["standard"], STANDARD_SECRET, STANDARD_BODY, STANDARD_MOMENT, STANDARD_ID)
    assert signed == {
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "webhook-id": STANDARD_ID,
        "webhook-timestamp": "1614265330",
    }


@each_row(
    ("secret", "same_key_as"),
    [
        (STANDARD_SECRET.removeprefix("whsec_"), STANDARD_SECRET),  # the prefix is for people, as in its libraries
        ("optional_secret_for_hmac", "whsec_" + base64.b64encode(b"optional_secret_for_hmac").decode()),
        ("whsec_not base64!", "whsec_" + base64.b64encode(b"whsec_not base64!").decode()),
        ("whsec_abcd!efgh", "whsec_" + base64.b64encode(b"whsec_abcd!efgh").decode()),  # padded right, one sign wrong
        ("ключ", "whsec_" + base64.b64encode("ключ".encode()).decode()),
    ],
)
def test_a_secret_of_standard_webhooks_is_base64_and_else_the_key_itself(secret: str, same_key_as: str) -> None:
    standard = SCHEMES["standard"]
    assert sign(standard, secret, BODY, MOMENT, ID) == sign(standard, same_key_as, BODY, MOMENT, ID)


@pytest.mark.parametrize("scheme", ["stripe", "standard"])
def test_the_time_is_signed_too(scheme: str) -> None:
    first, second = (sign(SCHEMES[scheme], SECRET, BODY, moment, ID) for moment in (MOMENT, MOMENT + 1))
    header = SCHEMES[scheme].header
    assert first[header].split(SCHEMES[scheme].prefix)[1] != second[header].split(SCHEMES[scheme].prefix)[1]


@pytest.mark.parametrize("scheme", ["hmac", "github", "shopify"])
def test_the_other_schemes_sign_the_body_alone(scheme: str) -> None:
    assert sign(SCHEMES[scheme], SECRET, BODY, 1, "a") == sign(SCHEMES[scheme], SECRET, BODY, 2, "b")


def test_a_secret_beyond_ascii_is_its_utf_8_bytes() -> None:
    assert sign(SCHEMES["hmac"], "ключ", b"body", 0, "") == {
        "Signature": "9568e54262e7e2a3af7950415c92a950527c5aafc6156a6c0ed647f05fca3ce8"
    }
