"""A raw HTTP server that writes down what it gets and answers what it is told. It shares no code with anything."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recorded:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Recorded], bytes]


def reply(status: str, document: object = None, **headers: str) -> bytes:
    body = b"" if document is None else json.dumps(document).encode()
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "content-type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def behave(request: Recorded) -> bytes:
    """What the contract says of a server on which no lead exists."""
    if request.method == "POST":
        return reply("200 OK", {"lead_id": f"id-{request.document['crm_id']}", **request.document})
    return reply("202 Accepted")


@dataclass
class RecordingServer:
    port: int
    answer: Answer = behave
    requests: list[Recorded] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def recording(answer: Answer = behave, tls: ssl.SSLContext | None = None) -> Iterator[RecordingServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    if tls is not None:
        listener = tls.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)
    server = RecordingServer(listener.getsockname()[1], answer)
    connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threads.append(threading.Thread(target=_serve, args=(server, connection)))
            threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for connection in connections:
            _close(connection)
        for thread in threads:
            thread.join()


def _serve(server: RecordingServer, connection: socket.socket) -> None:
    try:
        with connection, connection.makefile("rb") as stream:
            while (request := _read(stream)) is not None:
                server.requests.append(request)
                answer = server.answer(request)
                if not answer:
                    return
                connection.sendall(answer)
    except OSError:
        return


def _read(stream: Any) -> Recorded | None:
    line = stream.readline().decode("latin-1")
    if not line.strip():
        return None
    method, target, _ = line.split(" ")
    headers: dict[str, str] = {}
    while header := stream.readline().decode("latin-1").strip():
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Recorded(method, target, headers, stream.read(int(headers.get("content-length", "0"))))


def _close(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
