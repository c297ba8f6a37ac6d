"""A server on the loopback address that keeps what it is sent."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

# Longer bodies are no single event.
MOST_BYTES = 1 << 20


class Sent:
    """A request: of what was captured, or of a golden file."""

    def __init__(self, method, url, headers, body):
        parts = urlsplit(url)
        self.method = method
        self.path = parts.path
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.headers = {name.lower(): value for name, value in headers}
        self.body = _read(self.headers.get("content-type", ""), body)


def _read(media_type, body):
    if not body:
        return None
    if media_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body, keep_blank_values=True))
    return json.loads(body)


class Capture:
    """The server, for the time of a `with`. Answers everything with 200 and `answer`."""

    def __init__(self, answer):
        self.sent = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self):
                length = min(int(self.headers.get("content-length") or 0), MOST_BYTES)
                body = self.rfile.read(length)
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                outer.sent.append(Sent(self.command, self.path, self.headers.items(), body.decode()))
                text = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_PATCH = _take

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
