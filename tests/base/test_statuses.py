"""The phrases of statuses do not depend on the version of Python."""

from http import HTTPStatus

from talkover_mock.base.statuses import STATUS_PHRASES

NAMED_ANEW = {
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
}


def test_the_phrases_that_a_later_python_has_renamed_stay() -> None:
    assert {status: STATUS_PHRASES[status] for status in NAMED_ANEW} == NAMED_ANEW
    others = {status.value: status.phrase for status in HTTPStatus if status not in NAMED_ANEW}
    assert others.items() <= STATUS_PHRASES.items()
    assert 299 not in STATUS_PHRASES
