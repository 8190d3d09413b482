"""`talkover-mock probe`."""

from typing import Any

import click

from talkover_mock.base.words import number_of
from talkover_mock.cli._options import host_names, json_value, pairs, utf8_secret, whole
from talkover_mock.cli._remote import Failed, Output, Unexpected, json_option
from talkover_mock.client.probing import got
from talkover_mock.deliveries.probes import PROBES
from talkover_mock.dialect.signing import SCHEMES
from talkover_mock.probe import probe

COLUMNS = ("PROBE", "EXPECTED", "GOT", "PASSED", "WHY")


@click.command(
    name="probe",
    help=f"""Examine the receiver of webhooks at URL.

    Sends it right and wrong deliveries, 16 or, if the signature covers a time, 18, without a mock server. The exit
    code is 1 if an answer is not as expected, and 2 if URL may not be called or does not answer.

    The probes are {", ".join(each.name for each in PROBES)}.
    """,
)
@click.argument("url")
@click.option(
    "--secret",
    required=True,
    callback=utf8_secret,
    envvar="TALKOVER_MOCK_SECRET",
    show_envvar=True,
    metavar="SECRET",
    help="The secret with which the deliveries are signed.",
)
@click.option(
    "--expect",
    multiple=True,
    metavar="PROBE=STATUS",
    help="Expect another answer to a probe: such as 2xx, 409 or not-5xx. May be repeated.",
)
@click.option("--event", metavar="EVENT", help="The event of the payload.  [default: event_phone_call_started]")
@click.option("--unknown", is_flag=True, help="Allow an event that the API does not have.")
@click.option("--data", metavar="JSON", help="Further keys of the payload; they replace keys of the same name.")
@click.option("--http-method", metavar="METHOD", help="POST, PUT or PATCH.  [default: POST]")
@click.option(
    "--custom-header", "custom_headers", multiple=True, metavar="NAME=VALUE", help="A further header. May be repeated."
)
@click.option("--timeout", type=whole(0), metavar="SECONDS", help="Wait at most so long for an answer.  [default: 30]")
@click.option("--signature-scheme", metavar="SCHEME", help=f"{', '.join(SCHEMES)}.  [default: hmac]")
@click.option("--signature-header", metavar="NAME", help="The header of the signature.  [default: the scheme's]")
@click.option("--signature-prefix", metavar="TEXT", help="The text before the signature.  [default: the scheme's]")
@click.option("--delivery-json", metavar="STYLE", help="php, or plain for UTF-8 without escapes.  [default: php]")
@click.option(
    "--deliver-to",
    multiple=True,
    callback=host_names,
    envvar="TALKOVER_MOCK_DELIVER_TO",
    show_envvar=True,
    metavar="HOST",
    help="A host outside this machine and its network that may be called. May be repeated.",
)
@json_option
def command(url: str, secret: str | None, as_json: bool, **given: Any) -> None:
    expect = pairs(given.pop("expect"), "escapes=401")
    headers = pairs(given.pop("custom_headers"), "X-Tenant=7")
    custom = [{"key": name, "value": value} for name, value in headers.items()]
    data = json_value("--data", given.pop("data"))
    try:
        probed = probe(url, secret or "", expect=expect, custom_headers=custom, data=data, **given)
    except (ValueError, ConnectionError) as error:
        raise Failed(str(error)) from None
    rows = [(each["name"], each["expected"], got(each), each["passed"], each["why"]) for each in probed]
    Output(as_json).show(probed, COLUMNS, rows)
    failed = [each["name"] for each in probed if not each["passed"]]
    if failed:
        raise Unexpected(f"{len(failed)} of {number_of(len(probed), 'probe')} failed: {', '.join(failed)}")
