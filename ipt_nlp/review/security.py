"""What holds for every answer and every request, whatever the page."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With "no-referrer" browsers send the origin "null" with forms, which is refused below.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}
MAX_BODY = 20 * 2**20
_SAFE = {"GET", "HEAD", "OPTIONS"}


class Guard:
    """Refuses requests for other hosts or from other sites, and adds the headers.

    A page of another site that resolves to this machine (DNS rebinding) sends its own name as
    host; a form of another site says so in ``Origin`` or ``Sec-Fetch-Site``.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if problem := self._problem(scope["method"], headers):
            status, message = problem
            await PlainTextResponse(message, status, headers=HEADERS)(scope, receive, send)
            return
        cached = scope["path"].startswith("/static/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    out[name] = value
                out["Cache-Control"] = "no-cache" if cached else "no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _problem(self, method: str, headers: Headers) -> tuple[int, str] | None:
        if self.hosts and headers.get("host", "").lower() not in self.hosts:
            return 421, "This is not the address of the review room."
        if method in _SAFE:
            return None
        origin, host = headers.get("origin"), headers.get("host", "").lower()
        if origin is not None and urlsplit(origin).netloc.lower() != host:
            return 403, "Refused: the request comes from another site."
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return 403, "Refused: the request comes from another site."
        length = headers.get("content-length", "")
        if not length.isdecimal():
            return 411, "Refused: the length is missing."
        if int(length) > MAX_BODY:
            return 413, f"Refused: more than {MAX_BODY // 2**20} MiB."
        return None
