"""The outermost wall of the hub: counts every request, and turns what nobody foresaw into a problem instead of a stack trace."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carrel.web import problems
from carrel.web.metrics import Metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observe:
    """Labels are the route's pattern, never the path: what strangers type must not grow our memory."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            answer = problems.of_accident(error)
            if status:
                raise  # the answer has begun: only closing the connection can say that it is not whole
            await answer(scope, receive, watched)
        finally:
            self._count(scope, status)

    def _count(self, scope: Scope, status: int) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
