"""Servers that answer as some S3 servers do and good ones do not."""

# ruff: noqa: N815 - named by the class of the standard library
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def odd_server(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class CarelessServer(http.server.BaseHTTPRequestHandler):
    """Stores and returns objects, but ignores `If-None-Match`, as older S3 servers do."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes] = {}  # noqa: RUF012 - shared by the requests on purpose

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"e"')
        self.send_header("Last-Modified", "Sun, 01 Nov 2026 00:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self) -> None:
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200)

    def do_GET(self) -> None:
        found = self.objects.get(self.path)
        self.answer(404 if found is None else 200, found or b"")

    def do_POST(self) -> None:
        """Delete many, the only kind of deletion that the client uses."""
        request = self.rfile.read(int(self.headers["Content-Length"])).decode()
        for key in re.findall("<Key>(.*?)</Key>", request):
            self.objects.pop(f"{self.path.partition('?')[0]}/{key}", None)
        self.answer(200, b"<DeleteResult></DeleteResult>")

    def log_message(self, *arguments: object) -> None:
        pass


class AskingServer(CarelessServer):
    """Gives nothing to whoever does not sign, and honours `If-None-Match`."""

    objects: dict[str, bytes] = {}  # noqa: RUF012 - shared by the requests on purpose
    lock = threading.Lock()

    def do_PUT(self) -> None:
        with self.lock:
            if self.path in self.objects and self.headers.get("If-None-Match") == "*":
                self.rfile.read(int(self.headers["Content-Length"]))
                return self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return super().do_PUT()

    def do_GET(self) -> None:
        if "Authorization" not in self.headers:
            return self.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        return super().do_GET()

    do_HEAD = do_GET


class OpenServer(AskingServer):
    """Gives everything to everybody, and lists nothing."""

    objects: dict[str, bytes] = {}  # noqa: RUF012 - shared by the requests on purpose

    def do_GET(self) -> None:
        if "list-type=2" in self.path:
            return self.answer(200, b"<ListBucketResult></ListBucketResult>")
        return CarelessServer.do_GET(self)

    do_HEAD = do_GET
