"""A plain client for the sandbox, so that its tests know nothing of the importer's own."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from importer.sandbox import Sandbox


class Api:
    def __init__(self, sandbox: Sandbox, org: str = "o1") -> None:
        self.sandbox = sandbox
        self.org = org
        self.http = httpx.Client(
            base_url=sandbox.base_url, headers={"x-org-api-key": sandbox.api_key}, timeout=5, trust_env=False
        )

    def send(self, method: str, path: str, body: Any, **options: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "application/json", **options.pop("headers", {})}
        return self.http.request(method, path, content=content, headers=headers, **options)

    def create(self, crm_id: str = "C-1", **changes: Any) -> httpx.Response:
        return self.send("POST", f"/v4/orgs/{self.org}/leads", self.lead(crm_id, **changes))

    def assign(self, reference: str = "C-1", **body: Any) -> httpx.Response:
        return self.send("PUT", self.path(reference, "assign"), body or {"user_id": "u1"})

    def event(self, reference: str = "C-1", **body: Any) -> httpx.Response:
        return self.send("PUT", self.path(reference, "events"), body or {"event": "CALLED"})

    def path(self, reference: str, last: str) -> str:
        return f"/v4/orgs/{self.org}/leads/{quote(reference, safe='')}/{last}"

    def lead(self, crm_id: str = "C-1", **changes: Any) -> dict[str, Any]:
        body = {
            "crm_id": crm_id,
            "first_name": "Ada",
            "phone_number": "+12025550100",
            "attributes": {"city": "Basel"},
            **changes,
        }
        return {key: value for key, value in body.items() if value is not ...}


@pytest.fixture
def open_api() -> Iterator[Callable[..., Api]]:
    """Starts a sandbox (without a rate limit by default) and gives a client of it."""
    with ExitStack() as stack:

        def start(*, org: str = "o1", **options: Any) -> Api:
            sandbox = stack.enter_context(Sandbox(**{"rate": 0, **options}))
            api = Api(sandbox, org)
            stack.enter_context(api.http)
            return api

        yield start


@pytest.fixture(scope="module")
def shared_sandbox() -> Iterator[Sandbox]:
    with Sandbox(rate=0, orgs=None) as sandbox:
        yield sandbox


@pytest.fixture
def api(shared_sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[Api]:
    """A client with an organization of its own on a server that the module's tests share."""
    api = Api(shared_sandbox, org=f"org-{abs(hash(request.node.nodeid))}")
    with api.http:
        yield api
