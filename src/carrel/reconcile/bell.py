"""Wake-ups inside one process. With several replicas the same port is served by LISTEN/NOTIFY of the store."""

import asyncio
from collections import defaultdict
from collections.abc import Collection


class BellEar:
    """One listener. Rings that come while nobody waits are kept as one."""

    def __init__(self, bell: "Bell", topics: Collection[str]) -> None:
        self._bell = bell
        self._topics = tuple(topics)
        self._rang = asyncio.Event()

    def hear(self) -> None:
        self._rang.set()

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - the waiting itself is the subject
        try:
            async with asyncio.timeout(timeout):
                await self._rang.wait()
        except TimeoutError:
            return False
        self._rang.clear()
        return True

    def close(self) -> None:
        self._bell.forget(self, self._topics)


class Bell:
    """`ports.wake.Wake` for one event loop. Not for use from other threads."""

    def __init__(self) -> None:
        self._ears: defaultdict[str, set[BellEar]] = defaultdict(set)

    def ring(self, topic: str) -> None:
        for ear in self._ears.get(topic, ()):
            ear.hear()

    def ear(self, topics: Collection[str]) -> BellEar:
        ear = BellEar(self, topics)
        for topic in topics:
            self._ears[topic].add(ear)
        return ear

    def forget(self, ear: BellEar, topics: Collection[str]) -> None:
        for topic in topics:
            ears = self._ears.get(topic)
            if ears is None:
                continue
            ears.discard(ear)
            if not ears:
                del self._ears[topic]
