"""Questions to HTTP servers whose address may name a user and a password.

MLflow's and Prefect's clients send these as a header; Python's urllib takes them for a part of the
host's name.
"""

import base64
import urllib.request
from urllib.parse import unquote, urlsplit


def without_login(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return the address of a server without user and password, and these, or None.

    Args:
        url: `http://user:password@host:port/prefix`; escapes such as `%2F` in user and password are
            resolved, a query is left out. What is no such URL is returned as it is.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.username is None:
        return url, None
    host = parts.netloc.rpartition("@")[2]
    login = unquote(parts.username), unquote(parts.password or "")
    return f"{parts.scheme}://{host}{parts.path}", login


def request_to(url: str, path: str) -> urllib.request.Request:
    """Return a request for `path` below the address `url`; who asks is in its header.

    Args:
        url: of a server, see `without_login`; a query is left out.
        path: begins with a slash.

    Raises:
        ValueError: the address is none.
    """
    address, login = without_login(url)
    parts = urlsplit(address)
    request = urllib.request.Request(
        f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}{path}"
    )
    if login:
        token = base64.b64encode(":".join(login).encode()).decode()
        # Not sent on to where a server redirects to.
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request
