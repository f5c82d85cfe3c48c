"""Why a field of a report is null: one sentence each, `field: CODE (detail)`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Notes:
    """Sentences collected on the way."""

    warnings: list[str] = field(default_factory=list)

    def missing(self, name: str, code: str, detail: str = "") -> None:
        """Say why a field is null."""
        self.warnings.append(f"{name}: {code}" + (f" ({detail})" if detail else ""))
