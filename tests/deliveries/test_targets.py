"""Which targets are really called, and which are captured: the table, and that nothing is looked up needlessly."""

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from talkover_mock.base.addresses import CONTAINER_HOSTS
from talkover_mock.deliveries.records import Outcome
from talkover_mock.deliveries.sender import Sending, outgoing
from talkover_mock.deliveries.targets import Captured, Unresolved, resolve
from tests.support.rows import each_row

Answers = dict[str, list[str]]


@pytest.fixture
def no_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any lookup fails the test, and so does any socket."""

    def fail(*arguments: Any, **_: Any) -> None:
        pytest.fail(f"something left this process: {arguments}")

    for name in ("getaddrinfo", "gethostbyname", "socket"):
        monkeypatch.setattr(socket, name, fail)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answers], list[str]]:
    """Sets what names resolve to, and gives the list of those that were looked up."""
    asked: list[str] = []

    def install(answers: Answers) -> list[str]:
        def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
            asked.append(host)
            if host not in answers:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers[host]]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return install


@each_row(
    ("url", "address", "port"),
    [
        ("http://127.0.0.1/", "127.0.0.1", 80),
        ("https://127.0.0.1/", "127.0.0.1", 443),
        ("http://127.9.8.7:9000/x", "127.9.8.7", 9000),
        ("http://user:pass@127.0.0.1:9000/", "127.0.0.1", 9000),
        ("http://example.com@127.0.0.1/", "127.0.0.1", 80),
        ("http://127.0.0.1:0/", "127.0.0.1", 0),
        ("HTTPS://127.0.0.1/", "127.0.0.1", 443),
        ("http://10.0.0.1/", "10.0.0.1", 80),
        ("http://172.16.0.1/", "172.16.0.1", 80),
        ("http://172.31.255.255/", "172.31.255.255", 80),
        ("http://192.168.1.1/", "192.168.1.1", 80),
        ("http://0.0.0.0:8080/", "0.0.0.0", 8080),
        ("http://[::1]:9000/", "::1", 9000),
        ("http://[::]/", "::", 80),
        ("http://[fd12:3456::1]/", "fd12:3456::1", 80),
        ("http://[::ffff:127.0.0.1]/", "::ffff:7f00:1", 80),
        ("http://[::ffff:10.0.0.1]/", "::ffff:a00:1", 80),
        ("http://2130706433/", "127.0.0.1", 80),
        ("http://0x7f000001/", "127.0.0.1", 80),
    ],
)
def test_an_address_of_this_machine_or_network_is_called(url: str, address: str, port: int) -> None:
    target = resolve(url)
    assert ([ip_address(each) for each in target.addresses], target.port) == ([ip_address(address)], port)


@each_row(
    "url",
    [
        "https://example.com/webhook",
        "http://EXAMPLE.com:8080/",
        "http://example.com./",
        "http://localhost@example.com/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://service.local/",
        "http://evil-host.docker.internal/",
        "http://host.testcontainers.internal.evil.example/",
        "http://app.test.svc.cluster.local/",
        "http://example。com/",  # other scripts' full stops
        "http://example\uff0ecom/",
        "http://example｡com/",
        "http://example⒈com/",
        "http://bücher.example/",
        # Names that C libraries take for addresses, but this one does not.
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        # Public addresses, and those that only seem private.
        "http://8.8.8.8/",
        "http://172.32.0.1/",
        "http://192.169.0.1/",
        "http://100.64.0.1/",
        "http://192.0.2.1/",
        "http://198.51.100.1/",
        "http://203.0.113.1/",
        "http://0.0.0.1/",
        "http://255.255.255.255/",
        "http://224.0.0.1/",
        "http://[2001:4860:4860::8888]/",
        "http://[2001:db8::1]/",
        "http://[::ffff:8.8.8.8]/",
        "http://[2002:7f00:1::]/",
        "http://[64:ff9b::7f00:1]/",
    ],
)
@pytest.mark.usefixtures("no_lookup")
def test_everything_else_is_captured_without_a_lookup(url: str) -> None:
    with pytest.raises(Captured, match=r"not on this machine or network; start with --deliver-to \S+ to deliver there"):
        resolve(url)


METADATA = (
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://[fd00:ec2::254]/",
    "http://[fd00:ec2::23]/",
    "http://[fd00:c1::a9fe:a9fe]/",
    "http://[fd20:ce::254]/",
    "http://[fe80::1]/",
    "http://[fe80::a9fe:a9fe%25eth0]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[64:ff9b::169.254.169.254]/",
)


def host(url: str) -> str:
    return url.split("/")[2].strip("[]")


@each_row("opened", [False, True])
@each_row("url", METADATA)
@pytest.mark.usefixtures("no_lookup")
def test_a_metadata_address_is_never_called(url: str, opened: bool) -> None:
    with pytest.raises(Captured, match="is a link-local or metadata address; such addresses are never called"):
        resolve(url, [host(url)] if opened else [])


@each_row("opened", [False, True])
@each_row("name", ["2852039166", "0xa9fea9fe", "0xA9FEA9FE", "025177524776"])
def test_a_metadata_address_written_as_a_number_is_never_called(name: str, opened: bool) -> None:
    with pytest.raises(Captured, match=f"{name.lower()} has no address that may be called"):
        resolve(f"http://{name}/", [name] if opened else [])


@pytest.mark.parametrize("name", ["134744072", "0x08080808"])
def test_a_public_address_written_as_a_number_is_captured(name: str) -> None:
    with pytest.raises(Captured, match=f"{name} has no address that may be called"):
        resolve(f"http://{name}/")


@pytest.mark.parametrize("name", ["receiver", "my_app", *CONTAINER_HOSTS, "app.localhost", "RECEIVER", "receiver."])
def test_a_container_s_name_is_looked_up_once_and_called(name: str, names: Callable[[Answers], list[str]]) -> None:
    looked_up = name.lower().rstrip(".")
    asked = names({looked_up: ["172.18.0.2", "172.18.0.2", "172.18.0.3"]})
    assert resolve(f"http://{name}:9000/").addresses == ("172.18.0.2", "172.18.0.3")
    assert asked == [looked_up]


@pytest.mark.parametrize(
    "addresses",
    [["8.8.8.8"], ["169.254.169.254"], ["fe80::1%1"], ["::ffff:169.254.169.254"], ["100.64.0.1", "8.8.4.4"]],
)
def test_a_name_with_only_public_or_link_local_addresses_is_captured(
    addresses: list[str], names: Callable[[Answers], list[str]]
) -> None:
    names({"receiver": addresses})
    with pytest.raises(Captured, match="receiver has no address that may be called"):
        resolve("http://receiver/")


def test_of_a_name_with_several_addresses_only_the_near_ones_are_called(
    names: Callable[[Answers], list[str]],
) -> None:
    names({"receiver": ["169.254.169.254", "8.8.8.8", "::1", "10.0.0.1"]})
    assert resolve("http://receiver/").addresses == ("::1", "10.0.0.1")


@pytest.mark.parametrize("given", ["hooks.example.com", "Hooks.Example.com", "hooks.example.com."])
@pytest.mark.parametrize("url", ["https://hooks.example.com/x", "https://HOOKS.example.com./x"])
def test_an_opened_host_is_called_wherever_it_is_but_for_metadata(
    given: str, url: str, names: Callable[[Answers], list[str]]
) -> None:
    names({"hooks.example.com": ["93.184.216.34", "169.254.169.254", "fe80::1", "fd00:ec2::254", "10.0.0.1"]})
    assert resolve(url, [given]).addresses == ("93.184.216.34", "10.0.0.1")


def test_an_opened_name_that_points_to_metadata_is_captured(names: Callable[[Answers], list[str]]) -> None:
    names({"hooks.example.com": ["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"]})
    with pytest.raises(Captured, match=r"hooks\.example\.com has no address that may be called"):
        resolve("http://hooks.example.com/", ["hooks.example.com"])


@pytest.mark.usefixtures("no_lookup")
def test_opening_a_host_opens_no_other() -> None:
    for name in ("example.com", "b.hooks.example.com", "hooks.example.com.evil.example"):
        with pytest.raises(Captured):
            resolve(f"http://{name}/", ["hooks.example.com"])


@pytest.mark.parametrize("url", ["http://8.8.8.8/", "http://[2001:4860:4860::8888]/"])
def test_an_opened_public_address_is_called(url: str) -> None:
    assert resolve(url, [host(url)]).addresses == (host(url),)


@pytest.mark.parametrize("url", ["http://receiver/", "http://host.docker.internal/", "http://" + "a" * 64 + "/"])
def test_a_name_without_an_address_is_unresolved(url: str, names: Callable[[Answers], list[str]]) -> None:
    names({})
    with pytest.raises(Unresolved):
        resolve(url)


@pytest.mark.usefixtures("no_lookup")
def test_a_name_that_cannot_be_one_is_unresolved() -> None:
    with pytest.raises(Unresolved):
        resolve("http://" + "ü" * 64 + "/")


@pytest.mark.parametrize("url", ["http://127.0.0.1:65536/", "http://127.0.0.1:x/", "http://[::1/"])
@pytest.mark.usefixtures("no_lookup")
def test_a_broken_url_is_a_value_error(url: str) -> None:
    with pytest.raises(ValueError, match=r"Port|Invalid|port"):
        resolve(url)


@pytest.mark.parametrize("url", ["https://example.com/webhook", "http://169.254.169.254/", "https://例え.example/"])
@pytest.mark.usefixtures("no_lookup")
def test_a_captured_request_is_answered_200_by_the_mock_itself(url: str) -> None:
    outcome = Sending(outgoing("POST", url, [], b"{}", 1)).run()
    assert outcome == Outcome(200, captured=outcome.captured)
    assert outcome.captured
    assert outcome.successful
