"""Which symbols are watched, and what each is to us (DOMAIN 0.7)."""

from dataclasses import dataclass

from quanticity.config import loader


@dataclass(frozen=True, slots=True)
class Settings:
    """The universe; `chains` have their option chains kept fresh, `indexes` are inputs."""

    depth: tuple[str, ...]
    standard: tuple[str, ...]
    chains: tuple[str, ...]
    indexes: tuple[str, ...]
    sectors: dict[str, str]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol whose quotes and prints are streamed."""
        return self.depth + self.standard

    @property
    def stocks(self) -> tuple[str, ...]:
        """Single stocks: an ETF is about everything, and its news about nothing."""
        return tuple(s for s in self.standard if self.sector(s) != "VOLATILITY")

    def sector(self, symbol: str) -> str:
        """The sector of a symbol; what is not mapped is OTHER."""
        return self.sectors.get(symbol, "OTHER")

    @property
    def held_sectors(self) -> tuple[str, ...]:
        """Every sector with a member, in alphabetical order."""
        return tuple(sorted({self.sector(symbol) for symbol in self.symbols}))


def universe() -> Settings:
    """The universe in force."""
    found: Settings = loader.section("universe", Settings)
    return found
