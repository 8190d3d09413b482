"""How a delivery is signed: every scheme, header, prefix and encoding is found, and no other secret's."""

import base64
import hashlib
import hmac
from itertools import product

import pytest

from talkover_mock.dialect.signing import SCHEMES, sign
from talkover_mock.learning.signatures import best_fit, near_fit, signing_headers
from tests.support.rows import each_row

BODY, SECRET, TIME = b'{"a":"\\u00e9"}', "whsec_c2VjcmV0", 1756941591


@each_row(("scheme", "header", "prefix"), [*product(SCHEMES, (None, "X-Mine"), (None, "", "v9="))])
def test_the_settings_of_every_scheme_are_found(scheme: str, header: str | None, prefix: str | None) -> None:
    usual = SCHEMES[scheme]
    used = usual._replace(header=header or usual.header, prefix=usual.prefix if prefix is None else prefix)
    headers = [("Host", "x"), *sign(used, SECRET, BODY, TIME, "id-1").items()]
    fit = best_fit(headers, BODY, ["another", SECRET])
    assert fit
    found = {"signature_scheme": "hmac", **fit.settings}
    made = SCHEMES[str(found["signature_scheme"])]
    again = made._replace(
        header=found.get("signature_header", made.header), prefix=found.get("signature_prefix", made.prefix)
    )
    assert sign(again, SECRET, BODY, TIME, "id-1") == dict(headers[1:])


def test_of_equal_ways_the_one_with_the_fewest_settings_is_found() -> None:
    fit = best_fit([*sign(SCHEMES["github"], SECRET, BODY, 0, "").items()], BODY, [SECRET])
    assert fit
    assert fit.settings == {"signature_scheme": "github"}
    lower = [(name.lower(), value) for name, value in sign(SCHEMES["hmac"], SECRET, BODY, 0, "").items()]
    fit = best_fit(lower, BODY, [SECRET])
    assert fit
    assert fit.settings == {}, "a proxy may write names in lower case"


@each_row("scheme", SCHEMES)
def test_another_secret_or_another_body_fits_nothing(scheme: str) -> None:
    headers = [*sign(SCHEMES[scheme], SECRET, BODY, TIME, "id-1").items()]
    assert best_fit(headers, BODY, ["another"]) is None
    assert best_fit(headers, BODY + b" ", [SECRET]) is None
    assert best_fit(headers, BODY, []) is None
    assert near_fit(headers, BODY, ["another"]) == ""


KEY = SECRET.encode()
SIGNED = f"m1.{TIME}.".encode() + BODY
PLAIN = hmac.new(KEY, BODY, hashlib.sha256).hexdigest()
AROUND = ", and more than a prefix around it"


@each_row(
    ("headers", "words"),
    [
        ([("X-S", hmac.new(KEY, BODY, hashlib.sha512).hexdigest())], "X-S has the hexadecimal HMAC-SHA512 of the body"),
        (
            [("X-S", hmac.new(KEY, BODY, hashlib.sha256).hexdigest().upper())],
            "X-S has the upper-case hexadecimal HMAC-SHA256 of the body",
        ),
        (
            [
                ("X-Time", str(TIME)),
                ("X-S", base64.b64encode(hmac.digest(KEY, f"{TIME}.".encode() + BODY, "sha256")).decode()),
            ],
            "X-S has the base64 HMAC-SHA256 of the time of X-Time, a dot and the body",
        ),
        (
            [
                ("svix-id", "m1"),
                ("svix-timestamp", str(TIME)),
                ("svix-signature", f"v1,{base64.b64encode(hmac.digest(b'secret', SIGNED, 'sha256')).decode()}"),
            ],
            "svix-signature has the base64 HMAC-SHA256 of svix-id, the time of svix-timestamp and the body, with dots, "
            "with the secret decoded from base64",
        ),
        (
            [
                ("webhook-id", "m1"),
                ("webhook-timestamp", str(TIME)),
                ("webhook-signature", f"v1,{base64.b64encode(hmac.digest(KEY[6:], SIGNED, 'sha256')).decode()}"),
            ],
            "webhook-signature has the base64 HMAC-SHA256 of webhook-id, the time of webhook-timestamp and the body, "
            "with dots, with the secret without whsec_",
        ),
        *(
            ([("X-S", before + PLAIN + after)], f"X-S has the hexadecimal HMAC-SHA256 of the body{AROUND}")
            for before, after in [
                ('keyId="talq_of_mine",signature=', ""),
                ("Bearer short;sig=", ""),
                ("+14155550123 ", ""),
                ("14155550123=", ""),
                ("\x1b[31m", ""),
                ("t=1756943415,v1=", ""),
                ('"', '"'),
                (f"{SECRET}=", ""),
            ]
        ),
        ([("Host", "a"), ("Authorization", f"Bearer {SECRET}")], "Authorization has the secret itself"),
        ([("X-Key", base64.b64encode(KEY).decode())], "X-Key has the secret itself"),
    ],
)
def test_a_way_that_no_setting_has_is_told_in_words(headers: list[tuple[str, str]], words: str) -> None:
    assert best_fit(headers, BODY, [SECRET]) is None
    assert near_fit(headers, BODY, [SECRET]) == words


def test_a_short_secret_may_be_in_a_header_by_chance() -> None:
    assert near_fit([("Content-Length", "4155550"), ("X-Mode", "secret")], BODY, ["4155550", "secret"]) == ""


def test_headers_that_look_like_a_signature() -> None:
    assert signing_headers(
        [("X-Talkover-Signature", "a"), ("Digest", "b"), ("Host", "c"), ("HMAC-4155550196", "")]
    ) == [
        "X-Talkover-Signature",
        "Digest",
        "HMAC-12025550100",
    ]


@pytest.mark.parametrize(("scheme", "between"), [("stripe", ","), ("standard", " ")])
def test_of_two_signatures_while_secrets_change_the_one_with_the_secret_is_found(scheme: str, between: str) -> None:
    former, mine = (sign(SCHEMES[scheme], secret, BODY, TIME, "id-1") for secret in ("former", SECRET))
    name = SCHEMES[scheme].header
    for first, second in ((former[name], mine[name]), (mine[name], former[name])):
        value = first + between + second.removeprefix(f"t={TIME},")
        fit = best_fit([*(mine | {name: value}).items()], BODY, [SECRET])
        assert fit
        assert fit.settings == {"signature_scheme": scheme}


def test_a_header_whose_name_has_the_secret_is_not_learned() -> None:
    assert best_fit([(f"X-{SECRET}", PLAIN)], BODY, [SECRET]) is None
