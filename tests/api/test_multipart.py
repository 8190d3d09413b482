"""Multipart forms as PHP 8.2 reads them: what it made of each body is written down here."""

import tracemalloc
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.dialect.inputs import MOST_BYTES
from tests.support.documented import TOKEN
from tests.support.frozen import WEBHOOKS
from tests.support.rows import each_row

KIND = "multipart/form-data; boundary=B"
NAME = b'form-data; name="name"'
END = b"--B--\r\n"


def part(disposition: bytes, value: bytes, more: bytes = b"") -> bytes:
    return b"--B\r\nContent-Disposition: " + disposition + b"\r\n" + more + b"\r\n" + value + b"\r\n"


N = part(NAME, b"N") + END


def created(http: FlaskClient, body: bytes, kind: str = KIND) -> Any:
    """The answer to a form on top of a query that lacks the name only."""
    path = f"{WEBHOOKS}?webhook_url=http://xy&events[]=event_action"
    return http.post(path, data=body, content_type=kind, headers=TOKEN)


@each_row(
    ("body", "name"),
    [
        # No header of a part has a say in how its value is read.
        (
            part(NAME, b"--C\r\n\r\nx\r\n--C--", b"Content-Type: multipart/mixed; boundary=C\r\n"),
            "--C\r\n\r\nx\r\n--C--",
        ),
        (part(NAME, b"A: b\r\n\r\nhi", b"Content-Type: message/rfc822\r\n"), "A: b\r\n\r\nhi"),
        (part(NAME, b"Tg==", b"Content-Transfer-Encoding: base64\r\n"), "Tg=="),
        (part(NAME, b"a=20b", b"Content-Transfer-Encoding: quoted-printable\r\n"), "a=20b"),
        (part(NAME, b"N", b"Content-Type: text/plain; charset=utf-16\r\n"), "N"),
        (part(NAME, "é漢".encode()), "é漢"),
        (part(NAME, b"\xe9"), "\ufffd"),
        # The lines of the form.
        (N.replace(b"\r\n", b"\n"), "N"),
        (b"hello\r\n" + N, "N"),
        (END + N, "N"),
        (part(NAME, b"a\r\nb\nc"), "a\r\nb\nc"),
        (part(NAME, b"a--B\r\nc"), "a--B\r\nc"),
        (part(NAME, b"a\r\n--Bx\r\nc"), "a"),
        (part(NAME, b"N"), "N"),
        (part(NAME, b"N").rstrip(), "N"),
        (b"--B\r\n\r\nContent-Disposition: " + NAME + b"\r\n\r\nx\r\n" + N, "N"),
        (b"--B\r\nX: y\r\n\r\nx\r\n" + N, "N"),
        # The name of the field.
        (part(b'FORM-data;NAME= "name"', b"N"), "N"),
        (part(b"attachment; name=name; x=y", b"N"), "N"),
        (part(b"form-data; name='name'", b"N"), "N"),
        (part(b'form-data; name="name', b"N"), "N"),
        (part(b'form-data;\r\n name="name"', b"N"), "N"),
        (part(b"form-data; name=x; name=name", b"N"), "N"),
        (part(b'form-data; x="name=x; name=y"; name="name"', b"N"), "N"),
        (part(b'form-data; name=""', b"x") + N, "N"),
        # A file is no field, also when none was chosen.
        (part(b'form-data; name="name"; filename=""', b"") + N, "N"),
        (N.replace(END, b"") + part(b'form-data; name="name"; filename=""', b""), "N"),
        (N.replace(END, b"") + part(b'form-data; name="name"; filename="a; name=b"', b"x"), "N"),
        (part(b'form-data; filename="a"', b"x") + N, "N"),
    ],
)
def test_a_form_as_php_reads_it(body: bytes, name: str, http: FlaskClient) -> None:
    answer = created(http, body)
    assert (answer.status_code, answer.get_json().get("data", {}).get("name")) == (200, name)
    assert "X-Mockserver-Reason" not in answer.headers


@each_row(
    "disposition",
    [b"form-data", b"form-data; name", b"form-data; name*=utf-8''name", b'form-data; name = "name"'],
)
def test_what_follows_a_part_without_a_name_is_not_read(disposition: bytes, http: FlaskClient) -> None:
    assert list(created(http, part(disposition, b"x") + N).get_json()["errors"]) == ["name"]


def test_a_file_does_not_hide_the_field_of_the_query(http: FlaskClient) -> None:
    for chosen in (b"", b'""', b'"a.txt"'):
        body = part(b'form-data; name="webhook_url"; filename=' + chosen, b"x") + N
        assert created(http, body).status_code == 200


def test_names_outside_ascii_and_with_quotes_are_read(http: FlaskClient) -> None:
    body = part(b'form-data; name="events[\xc3\xa9\\"]"', b"nope") + N
    assert list(created(http, body).get_json()["errors"]) == ['events.é"']


@each_row(
    ("kind", "is_read"),
    [
        *[(f"multipart/form-data; {rest}", True) for rest in ('boundary="B"', "x=y; BOUNDARY=B; z", "boundary=B, x")],
        *[(f"multipart/form-data{rest}", False) for rest in ("", "; boundary", "; boundary=", '; boundary="B')],
        *[(f"multipart/form-data; boundary={other}", False) for other in ("'B'", "BB", "b")],
    ],
)
def test_the_boundary_as_php_reads_it(kind: str, is_read: bool, http: FlaskClient) -> None:
    answer = created(http, N, kind)
    assert answer.status_code == (200 if is_read else 422)
    assert ("can't be read" in answer.headers.get("X-Mockserver-Reason", "")) is not is_read


def test_a_form_without_a_field_is_read_without_a_note(http: FlaskClient) -> None:
    assert created(http, END).headers["X-Mockserver-Reason"].startswith("name: The name field is required")


@pytest.mark.parametrize(("before", "status"), [(999, 200), (1000, 422)])
def test_as_many_parts_are_read_as_fields_of_another_form(before: int, status: int, http: FlaskClient) -> None:
    assert created(http, part(b"form-data; name=x", b"") * before + N).status_code == status


@pytest.mark.slow
@each_row(
    "unit", [b"\n--B", b"\n--B\r\n\r\n", b"a", b";a=", b"\\'", b" ", b"\n a", b"\nContent-Disposition:", b"\t\r\n"]
)
def test_a_large_form_is_read_with_little_memory(unit: bytes, http: FlaskClient) -> None:
    """Whatever its header or its value repeats: a pattern may need 200 bytes for each byte of a header."""
    for header in (
        b"",
        b"--B\r\nContent-Disposition: form-data; x='",
        b"--B\r\nContent-Disposition: form-data; x=\r\n\r\n",
    ):
        body = header + unit * ((MOST_BYTES - 100) // len(unit)) + b"\r\n\r\n"
        tracemalloc.start()
        try:
            assert created(http, body).status_code == 422
            assert tracemalloc.get_traced_memory()[1] < 20 * MOST_BYTES
        finally:
            tracemalloc.stop()
