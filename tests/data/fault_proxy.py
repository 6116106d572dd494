"""A proxy in front of an S3 server that answers as bad networks and busy servers do.

Every fault is drawn from one seed. Half of the kinds come after the server has done what was asked:
the client is told of a failure, or nothing, although the object is there.
"""

import contextlib
import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KINDS = (
    "500 before",
    "500 after",
    "503 SlowDown",
    "reset before",
    "reset after",
    "stall",
    "truncate",
)
STALL_S = 1.0  # longer than the client waits, which the test says


class FaultProxy:
    """Forwards to `port` on loopback; injects a fault into a share `rate` of the requests."""

    def __init__(self, port: int, *, rate: float, seed: int) -> None:
        self.upstream, self.rate = port, rate
        self.faults: Counter[str] = Counter()
        self.requests = 0
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _QuietServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def injected(self) -> int:
        return self.faults.total()

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def draw(self) -> str | None:
        with self._lock:
            self.requests += 1
            if self._random.random() >= self.rate:
                return None
            # A stall costs a second of waiting: it is drawn less often than the others.
            kind = self._random.choices(KINDS, [1 if k == "stall" else 8 for k in KINDS])[0]
            self.faults[kind] += 1
            return kind


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what this is about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultProxy

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.proxy.draw()
        match kind:
            case "500 before":
                return self._answer_error(500, "InternalError")
            case "503 SlowDown":
                return self._answer_error(503, "SlowDown")
            case "reset before":
                return self._reset()
            case "stall":
                time.sleep(STALL_S)
                return self._reset()
        answer, content = self._ask_upstream(body)
        match kind:
            case "500 after":
                return self._answer_error(500, "InternalError")
            case "reset after":
                return self._reset()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return None
        if kind == "truncate":
            self.wfile.write(content[: len(content) // 2])
            return self._reset()
        self.wfile.write(content)
        return None

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _serve  # noqa: N815

    def _ask_upstream(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        upstream = http.client.HTTPConnection("127.0.0.1", self.proxy.upstream, timeout=60)
        with contextlib.closing(upstream):
            # The headers go on as they are: the signature covers the host that the client named.
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            return answer, answer.read()

    def _answer_error(self, status: int, code: str) -> None:
        content = b"" if self.command == "HEAD" else f"<Error><Code>{code}</Code></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _reset(self) -> None:
        """End the connection with a reset instead of a proper close."""
        self.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""
