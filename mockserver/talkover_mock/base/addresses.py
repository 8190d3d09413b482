"""Names and addresses of this machine, as programs on it and in its containers know it."""

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
CONTAINER_HOSTS = ("host.docker.internal", "host.containers.internal", "host.testcontainers.internal")
"""The names by which containers know the machine that runs them: Docker's, Podman's and Testcontainers'."""
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
"""The addresses of a server that listens on every address, each with the local one under which it answers."""


def url_of(host: str, port: int) -> str:
    """The URL of a server bound to `host`: `http://127.0.0.1:7357`; the local one if it is bound to every address."""
    host = EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
