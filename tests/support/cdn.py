"""A shared cache in front of an application, as bold as RFC 9111 allows: cookies and tokens are no part of its key."""

from typing import Any

from tests.support.asgi import Answer, AsgiClient


class Cdn:
    """`hits` are the targets that were answered from what somebody else had asked for."""

    def __init__(self, client: AsgiClient) -> None:
        self._client = client
        self._kept: dict[str, list[tuple[dict[str, str], Answer]]] = {}
        self.hits: list[str] = []

    async def get(self, target: str, headers: dict[str, str] | None = None, **options: Any) -> Answer:
        sent = headers or {}
        for wanted, kept in self._kept.get(target, ()):
            if all(sent.get(name, "") == value for name, value in wanted.items()):
                self.hits.append(target)
                return kept
        answer = await self._client.get(target, headers=sent, **options)
        if self._may_keep(answer):
            names = [part.strip().lower() for part in (answer.header("vary") or "").split(",") if part.strip()]
            self._kept.setdefault(target, []).append(({name: sent.get(name, "") for name in names}, answer))
        return answer

    @staticmethod
    def _may_keep(answer: Answer) -> bool:
        """Without a word a cache may guess (RFC 9111 §4.2.2), and this one does."""
        said = {part.strip().partition("=")[0].lower() for part in (answer.header("cache-control") or "").split(",")}
        return answer.status in (200, 301, 404, 410) and not said & {"no-store", "private", "no-cache"}
