"""A stand-in for the Hugging Face hub: serves folders over HTTP as the hub serves repositories.

`root/models/ORG/NAME` and `root/datasets/ORG/NAME` are repositories with one revision, `COMMIT`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def hub_server(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a running server, and the list of paths that it has been asked for."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, root, asked))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, root: Path, asked: list[str], *args: Any) -> None:
        self.root, self.asked = root, asked
        super().__init__(*args)

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_POST(self) -> None:
        """Answer `paths-info`: which of the named paths exist."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        _, kind, org, name, *_ = urlsplit(self.path).path.strip("/").split("/")
        files = _listing(self.root / kind / org / name)
        self._send_json([entry for entry in files if entry["path"] in form["paths"]])

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.asked.append(path)
        match path.split("/"):
            case ["api", ("models" | "datasets") as kind, org, name, "revision", _]:
                self._send_repository(f"{org}/{name}", self.root / kind / org / name)
            case ["api", ("models" | "datasets") as kind, org, name, "tree", _, *below]:
                repository = self.root / kind / org / name
                found = (repository / "/".join(below)).glob(
                    "**/*" if "recursive=true" in self.path.lower() else "*"
                )
                self._send_json([_entry(repository, path) for path in sorted(found)])
            case ["datasets", org, name, "resolve", _, *below]:
                self._send_file(self.root / "datasets" / org / name / "/".join(below), with_body=with_body)
            case [org, name, "resolve", _, *below]:
                self._send_file(self.root / "models" / org / name / "/".join(below), with_body=with_body)
            case _:
                self._send(HTTPStatus.NOT_FOUND, b"", {})

    def _send_repository(self, name: str, repository: Path) -> None:
        if not repository.is_dir():
            self._send(HTTPStatus.NOT_FOUND, b"", {"X-Error-Code": "RepoNotFound"})
            return
        siblings = [{"rfilename": entry["path"]} for entry in _listing(repository)]
        self._send_json({"id": name, "sha": COMMIT, "siblings": siblings})

    def _send_file(self, file: Path, *, with_body: bool) -> None:
        if not file.is_file():
            self._send(HTTPStatus.NOT_FOUND, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            return
        content, headers = (
            file.read_bytes(),
            {"X-Repo-Commit": COMMIT, "ETag": f'"{file.stat().st_size:040x}"'},
        )
        status = HTTPStatus.OK
        if with_body and "Range" in self.headers:
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            stop = int(last) + 1 if last else len(content)
            headers["Content-Range"] = f"bytes {first}-{stop - 1}/{len(content)}"
            content, status = content[int(first) : stop], HTTPStatus.PARTIAL_CONTENT
        self._send(status, content, headers, with_body=with_body)

    def _send_json(self, value: object) -> None:
        self._send(HTTPStatus.OK, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(
        self, status: HTTPStatus, content: bytes, headers: dict[str, str], *, with_body: bool = True
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)


def _listing(repository: Path) -> list[dict[str, object]]:
    """Return an entry for every file of a repository."""
    return [_entry(repository, file) for file in sorted(repository.rglob("*")) if file.is_file()]


def _entry(repository: Path, path: Path) -> dict[str, object]:
    return {
        "type": "file" if path.is_file() else "directory",
        "path": path.relative_to(repository).as_posix(),
        "size": path.stat().st_size,
        "oid": f"{path.stat().st_size:040x}",
    }
