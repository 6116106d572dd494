"""Questions to HTTP servers whose address may name a user and a password.

MLflow's and Prefect's clients send these as a header; Python's urllib takes them for a part of the
host's name.
"""

import base64
import urllib.request
from urllib.parse import unquote, urlsplit


def request_to(url: str, path: str) -> urllib.request.Request:
    """Return a request for `path` below the address `url`; who asks is in its header.

    Args:
        url: of a server, `http://user:password@host:port/prefix`; escapes such as `%2F` in user
            and password are resolved, a query is left out.
        path: begins with a slash.

    Raises:
        ValueError: the address is none.
    """
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(f"{parts.scheme}://{host}{parts.path.rstrip('/')}{path}")
    if login:
        user, _, password = login.partition(":")
        token = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
        # Not sent on to where a server redirects to.
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request
