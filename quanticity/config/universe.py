"""Which symbols are watched, and what each is to us (DOMAIN 0.7)."""

from dataclasses import dataclass

from quanticity.config import loader


@dataclass(frozen=True, slots=True)
class Settings:
    """The universe; `chains` are the symbols whose option chains are kept fresh."""

    depth: tuple[str, ...]
    standard: tuple[str, ...]
    chains: tuple[str, ...]
    sectors: dict[str, str]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol whose quotes and prints are streamed."""
        return self.depth + self.standard


def universe() -> Settings:
    """The universe in force."""
    found: Settings = loader.section("universe", Settings)
    return found
