"""The bot's numbers."""

from dataclasses import dataclass

from quanticity.config.loader import section


@dataclass(frozen=True, slots=True)
class Settings:
    """Real seconds; the comments in defaults.toml say what each is for."""

    commands: int
    window_s: float
    code_life_s: float
    answer_within_s: float
    claim_s: float
    tries: int


def settings() -> Settings:
    """The numbers in force."""
    found: Settings = section("publishing.bot", Settings)
    return found
