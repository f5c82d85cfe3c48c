"""Which contracts exist: underlyings, option series, expiries, price rules; asked once a session.

The library's contracts stay in here and in the rooms that send them; others get our words.
"""

import asyncio
from dataclasses import dataclass
from datetime import date

from ib_insync import Contract
from ib_insync import ContractDetails as TheirDetails

from quanticity.domain import calendar, clock
from quanticity.domain.calendar import Settlement
from quanticity.domain.errors import PermanentError
from quanticity.domain.instruments import OptionContract, Share
from quanticity.gateway.ibkr import translate
from quanticity.gateway.ibkr.connection import Link
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ports import ContractDetails


@dataclass(frozen=True, slots=True)
class Series:
    """One trading class of an underlying: its expiries and its multiplier."""

    root: str
    multiplier: int
    expiries: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One listed option contract."""

    contract: OptionContract
    con_id: int
    settlement: Settlement


class Contracts:
    """Asks for contract details and remembers the answers until the next session."""

    def __init__(self, link: Link, settings: Settings) -> None:
        self._link = link
        self._settings = settings
        self._session: date | None = None
        self._underlyings: dict[str, Contract] = {}
        self._details: dict[OptionContract, ContractDetails] = {}
        self._con_ids: dict[OptionContract, int] = {}
        self._theirs: dict[tuple[OptionContract, int], Contract] = {}
        self._symbols: dict[str, str] = {}
        self._rules: dict[int, tuple[tuple[float, float], ...]] = {}
        self._asking_rule = asyncio.Lock()

    async def underlying(self, symbol: str) -> Contract:
        """The stock or index of this symbol, with its con_id."""
        self._forget_yesterday()
        if symbol not in self._underlyings:
            wanted = translate.their_underlying(symbol, self._settings.indexes)
            found = self._only(symbol, await self._ask(symbol, wanted))
            assert found.contract is not None
            wanted.conId = found.contract.conId
            self._underlyings[symbol] = wanted
        return self._underlyings[symbol]

    async def qualify(self, contract: OptionContract) -> ContractDetails:
        """Find exactly one listed contract, or raise PermanentError."""
        self._forget_yesterday()
        if contract not in self._details:
            symbol = self._symbols.get(contract.root, contract.root)
            wanted = translate.their_option(contract, 0, symbol)
            found = self._only(contract.occ, await self._ask(contract.occ, wanted))
            rule = await self._rule(translate.rule_of(found, "SMART"))
            self._details[contract] = translate.details(found, rule, self._settings.am_settled)
        return self._details[contract]

    async def con_id(self, contract: OptionContract) -> int:
        """The broker's number of a contract; no question when its chain was listed."""
        known = self._con_ids.get(contract)
        return (await self.qualify(contract)).con_id if known is None else known

    async def series(self, symbol: str) -> tuple[Series, ...]:
        """The trading classes of an underlying, without adjusted ones."""
        underlying = await self.underlying(symbol)
        chains = await self._link.ask(
            f"option parameters of {symbol}",
            lambda ib: ib.reqSecDefOptParamsAsync(symbol, "", underlying.secType, underlying.conId),
            self._settings.details_s,
        )
        found = [
            Series(
                chain.tradingClass,
                translate.multiplier(chain.multiplier),
                tuple(sorted(map(translate.expiry_date, chain.expirations))),
            )
            for chain in chains
            if chain.exchange == "SMART" and not chain.tradingClass[-1:].isdigit()
        ]
        self._symbols.update({series.root: symbol for series in found})
        return tuple(found)

    async def listed(self, symbol: str, root: str, expiry: date) -> tuple[Listed, ...]:
        """Every contract of one expiry of one trading class."""
        wanted = Contract(
            symbol=symbol, secType="OPT", lastTradeDateOrContractMonth=f"{expiry:%Y%m%d}",
            exchange="SMART", currency="USD", tradingClass=root,
        )  # fmt: skip
        found = tuple(
            Listed(
                translate.option_contract(one.contract),
                one.contract.conId,
                translate.settlement(one, self._settings.am_settled),
            )
            for one in await self._ask(f"{root} {expiry}", wanted)
            if one.contract is not None
        )
        self._con_ids.update({one.contract: one.con_id for one in found})
        return found

    def theirs(self, contract: OptionContract | Share, con_id: int) -> Contract:
        """The contract to stream or order with."""
        if isinstance(contract, Share):
            return translate.their_share(contract, con_id)
        key = contract, con_id
        if key not in self._theirs:
            symbol = self._symbols.get(contract.root, contract.root)
            self._theirs[key] = translate.their_option(contract, con_id, symbol)
        return self._theirs[key]

    async def _ask(self, what: str, wanted: Contract) -> list[TheirDetails]:
        return await self._link.ask(
            f"contract details of {what}",
            lambda ib: ib.reqContractDetailsAsync(wanted),
            self._settings.details_s,
        )

    async def _rule(self, rule: int | None) -> tuple[tuple[float, float], ...]:
        # Two requests for one rule at once share a future in the library: one at a time.
        async with self._asking_rule:
            if rule is not None and rule not in self._rules:
                steps = await self._link.ask(
                    f"price rule {rule}",
                    lambda ib: ib.reqMarketRuleAsync(rule),
                    self._settings.details_s,
                )
                if not steps:
                    return ()
                self._rules[rule] = tuple((step.lowEdge, step.increment) for step in steps)
        return self._rules.get(rule, ()) if rule is not None else ()

    @staticmethod
    def _only(what: str, found: list[TheirDetails]) -> TheirDetails:
        if len(found) != 1:
            raise PermanentError(
                f"CONTRACT_AMBIGUOUS: expected one contract for {what}, was {len(found)}"
            )
        return found[0]

    def _forget_yesterday(self) -> None:
        session = calendar.session_date(clock.now())
        if session != self._session:
            self._session = session
            self._details.clear()
            self._underlyings.clear()
            self._con_ids.clear()
