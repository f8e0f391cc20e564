"""What a run of schemathesis found."""

from collections import Counter, defaultdict
from typing import Any

from schemathesis.engine import Status, events


class Report:
    def __init__(self) -> None:
        self.statuses: dict[str, Counter[int]] = defaultdict(Counter)
        self.failures: dict[tuple[str, str, str], list[str]] = {}
        self.errors: list[str] = []
        self.checks: Counter[str] = Counter()

    def add(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.NonFatalError):
            self.errors.append(f"{event.label}: {event.value}")
        elif isinstance(event, events.FatalError):
            self.errors.append(repr(event.exception))
        elif isinstance(event, events.ScenarioFinished):
            self._add_scenario(event.recorder)

    def _add_scenario(self, recorder: Any) -> None:
        for case_id, interaction in recorder.interactions.items():
            if interaction.response is not None:
                label = recorder.cases[case_id].value.operation.label
                self.statuses[label][interaction.response.status_code] += 1
        for case_id, checks in recorder.checks.items():
            for check in checks:
                self.checks[check.name] += 1
                if check.status is Status.FAILURE:
                    self._add_failure(recorder, case_id, check)

    def _add_failure(self, recorder: Any, case_id: str, check: Any) -> None:
        case, found = recorder.cases[case_id].value, check.failure_info
        response = recorder.interactions[case_id].response
        answered = "no answer" if response is None else f"{response.status_code} {response.content[:400]!r}"
        meant = case.meta.phase.data.description if case.meta else ""
        text = "\n".join([found.failure.message, str(meant), found.code_sample, f"-> {answered}"])
        self.failures.setdefault((case.operation.label, check.name, found.failure.title), []).append(text)

    @property
    def requests(self) -> int:
        return sum(each.total() for each in self.statuses.values())

    @property
    def unreached(self) -> list[str]:
        """Operations that never succeeded: nothing is known of their good answers."""
        return sorted(label for label, seen in self.statuses.items() if not any(200 <= status < 300 for status in seen))

    def lines(self) -> list[str]:
        found = []
        for (label, check, title), texts in sorted(self.failures.items()):
            shortest = min(texts, key=len).replace("\n", "\n    ")[:2000]
            found.append(f"{check}: {label}: {title}, {len(texts)} times\n    {shortest}")
        found += [f"error: {error}" for error in self.errors]
        found += [f"never 2xx: {label} {dict(self.statuses[label])}" for label in self.unreached]
        checks = ", ".join(f"{name} {count}" for name, count in sorted(self.checks.items()))
        reached = len(self.statuses) - len(self.unreached)
        return [
            *found,
            f"checks: {checks}",
            f"{self.requests} requests, {reached} of {len(self.statuses)} operations answered 2xx, "
            f"{len(self.failures)} kinds of failures, {len(self.errors)} errors",
        ]
