"""The part of one option chain that is watched: nearest expiries, strikes around the money.

It says which contracts it wants lines for, and turns their lines into a `Chain`; no I/O.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from quanticity.domain import calendar
from quanticity.domain.options import Chain, Expiry
from quanticity.gateway.ibkr.allocation import Wish
from quanticity.gateway.ibkr.contracts import Listed, Series
from quanticity.gateway.ibkr.line import Line, count
from quanticity.gateway.ibkr.settings import Settings

_VENDOR = ("iv", "delta", "gamma", "vega", "theta")
_REMEMBERED = timedelta(seconds=60)
_BEFORE = timedelta(seconds=1)  # between two looks at the spot
_AT_THE_MONEY = (3, 2)  # strikes on each side, of the first and the second expiry
_NEAR = 2  # expiries that are watched as widely as can be
Class = tuple[date, str]


def nearest(series: Sequence[Series], n: int, at: datetime, far_days: int) -> list[Class]:
    """The next `n` expiries of all trading classes, and the one nearest to `far_days` from now.

    An expiry is over with its session's close; of two equally far the later one is taken.
    """
    found = sorted((day, one.root) for one in series for day in one.expiries)
    today = calendar.session_date(at)
    still_open = calendar.session(today).close_at > at
    alive = [
        (day, root)
        for day, root in found
        if (day > today or (day == today and still_open)) and calendar.is_session(day)
    ]
    near, rest = alive[:n], alive[n:]
    if not rest:
        return near
    far = min(rest, key=lambda one: (abs((one[0] - today).days - far_days), -one[0].toordinal()))
    return [*near, far]


@dataclass(slots=True, eq=False)
class Board:
    """Everything listed of the chosen expiries, and the centre of what is watched."""

    underlying: str
    settings: Settings
    multiplier: int = 100
    european: bool = False
    classes: tuple[Class, ...] = ()
    listed: dict[Class, tuple[Listed, ...]] = field(default_factory=dict)
    listed_on: date | None = None
    centre: float | None = None
    reach: int = 0
    is_deep: bool = False
    spots: deque[tuple[datetime, float]] = field(default_factory=deque)
    stood_at: datetime | None = None

    def __post_init__(self) -> None:
        self.reach = self.settings.n_strikes

    def see(self, at: datetime, spot: float) -> None:
        """Remember where the underlying was; as long as a quote may count."""
        self.spots.append((at, spot))
        while self.spots[0][0] < at - _REMEMBERED:
            self.spots.popleft()

    def recentre(self, spot: float) -> bool:
        """Move the centre when spot has left it by so many strikes; say whether it moved."""
        strikes = self._strikes(self.classes[0]) if self.classes else []
        if not strikes:
            return False
        at = _nearest_index(strikes, spot)
        if self.centre is not None:
            step = strikes[min(at + 1, len(strikes) - 1)] - strikes[max(at - 1, 0)]
            width = step / (min(at + 1, len(strikes) - 1) - max(at - 1, 0) or 1)
            if abs(spot - self.centre) <= self.settings.recentre_strikes * width:
                return False
        moved = self.centre != strikes[at]
        self.centre = strikes[at]
        return moved

    def size(self, reach: int) -> int:
        """Contracts that are watched at this reach."""
        each = (self._reach(rank, reach) for rank in range(len(self.classes)))
        return sum(2 * (2 * strikes + 1) for strikes in each if strikes >= 0)

    def watched(self) -> list[tuple[int, int, Listed]]:
        """Contracts within reach of the centre, each with expiry index and strikes away."""
        return list(self._watched()) if self.centre is not None else []

    def wishes(self) -> list[Wish]:
        """One wish per watched contract: nearest expiry first, then nearest strike.

        What a deep chain has at the money comes before all that (DOMAIN 1.8).
        """
        return [
            Wish(self._tier(rank, away), away, one.con_id) for rank, away, one in self.watched()
        ]

    def chain(
        self,
        lines: Mapping[int, Line],
        spot: float | None,
        at: datetime,
        live: Mapping[int, datetime],
    ) -> Chain | None:
        """Columns of every watched contract, or None before the first one has ticked.

        `live` says since when a contract streams: while it does, no tick means no change. What
        has not ticked is a row without a quote, with a volume and an interest that are not told:
        a gap that the coverage of whatever is computed from it counts. Its `as_of` is not the
        reader's clock but when the quotes at the money, which carry the gamma, were last known to
        stand.
        """
        watched = self.watched()
        rows = [(rank, one, lines.get(one.con_id) or _silent(one)) for rank, _, one in watched]
        n_unseen = sum(line.tick_at is None for _, _, line in rows)
        if n_unseen == len(rows):
            return None
        as_of = self._stands_as_of(
            {one.con_id: (rank, away) for rank, away, one in watched}, lines, live, at
        )
        rows.sort(key=lambda row: (row[0], row[1].contract.strike, -row[1].contract.right.sign))
        quotes = [line.contract_quote(at) for _, _, line in rows]
        confirmed = list(_confirmed([line for _, _, line in rows], live))
        seen = self._seen_since(min((each for each in confirmed if each), default=at))
        return Chain(
            underlying=self.underlying,
            spot=spot,
            as_of=as_of,
            feed="ibkr",
            delayed=any(line.delayed for _, _, line in rows),
            multiplier=self.multiplier,
            european=self.european,
            expiries=tuple(self._expiry(one, as_of) for one in self.classes),
            occ=np.array([one.contract.occ for _, one, _ in rows]),
            right=np.array([one.contract.right.sign for _, one, _ in rows], dtype=np.int64),
            strike=np.array([float(one.contract.strike) for _, one, _ in rows]),
            expiry_idx=np.array([rank for rank, _, _ in rows], dtype=np.int64),
            bid=_floats([quote.bid for quote in quotes]),
            ask=_floats([quote.ask for quote in quotes]),
            last=_floats([quote.last for quote in quotes]),
            bid_size=_counts([quote.bid_size for quote in quotes]),
            ask_size=_counts([quote.ask_size for quote in quotes]),
            volume=_counts([quote.volume for quote in quotes], unknown=-1),
            open_interest=_counts([quote.open_interest for quote in quotes], unknown=-1),
            quote_epoch_ms=np.array([_epoch_ms(each) for each in confirmed]),
            vendor=_vendor([line.model for _, _, line in rows]),
            warnings=(f"{n_unseen} contracts not seen yet",) if n_unseen else (),
            spot_low=min(seen, default=None),
            spot_high=max(seen, default=None),
        )

    def _watched(self) -> Iterator[tuple[int, int, Listed]]:
        assert self.centre is not None
        for rank, one_class in enumerate(self.classes):
            strikes = self._strikes(one_class)
            at = _nearest_index(strikes, self.centre)
            for one in self.listed[one_class]:
                away = abs(bisect_left(strikes, float(one.contract.strike)) - at)
                if away <= self._reach(rank, self.reach):
                    yield rank, away, one

    def _stands_as_of(
        self,
        places: Mapping[int, tuple[int, int]],
        lines: Mapping[int, Line],
        live: Mapping[int, datetime],
        at: datetime,
    ) -> datetime:
        """The middle one of the instants as of which the quotes at the money stand.

        Of contracts that take turns on a line some are always older; each is judged by its own
        age. An instant that was told is not taken back when the money moves to other strikes.
        """
        seen = [lines[con_id] for con_id in places if con_id in lines]
        known = [
            (confirmed, *places[line.con_id])
            for line, confirmed in zip(seen, _confirmed(seen, live), strict=True)
            if confirmed is not None
        ]
        near = [
            confirmed
            for confirmed, rank, away in known
            if rank < len(_AT_THE_MONEY) and away <= _AT_THE_MONEY[rank]
        ]
        instants = sorted(near or [confirmed for confirmed, _, _ in known])
        if not instants:
            return at
        middle = min(instants[len(instants) // 2], at)
        self.stood_at = middle if self.stood_at is None else max(middle, self.stood_at)
        return self.stood_at

    def _seen_since(self, since: datetime) -> list[float]:
        # Quotes that have grown stale are refused by their age.
        return [spot for at, spot in self.spots if at >= since - _BEFORE]

    def _tier(self, rank: int, away: int) -> int:
        if self.is_deep and rank < len(_AT_THE_MONEY) and away <= _AT_THE_MONEY[rank]:
            return rank
        return len(_AT_THE_MONEY) + rank

    def _reach(self, rank: int, reach: int) -> int:
        """Strikes of one expiry on each side; -1 is none.

        Later expiries are watched less widely: their strikes are fewer and move less. When lines
        are short, only the last of them stays, around the money.
        """
        if rank < _NEAR:
            return reach
        if reach > self.settings.narrowest_deep:
            return reach // 2
        return 1 if rank == len(self.classes) - 1 else -1

    def _strikes(self, one_class: Class) -> list[float]:
        return sorted({float(one.contract.strike) for one in self.listed.get(one_class, ())})

    def _expiry(self, one_class: Class, at: datetime) -> Expiry:
        day, root = one_class
        settlement = self.listed[one_class][0].settlement
        settles_at = calendar.settlement_at(day, settlement)
        return Expiry(
            day, root, settlement, settles_at, calendar.seconds_to(at, settles_at),
            calendar.sessions_to(day, at), calendar.days_to(day, at),
        )  # fmt: skip


def _nearest_index(strikes: Sequence[float], price: float) -> int:
    above = bisect_left(strikes, price)
    if above == 0 or above == len(strikes):
        return max(min(above, len(strikes) - 1), 0)
    return above if strikes[above] - price < price - strikes[above - 1] else above - 1


def _floats(values: Sequence[float | None]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _counts(
    values: Sequence[int | None], *, unknown: int = 0
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    known = (count(value) for value in values)
    return np.array([unknown if each is None else each for each in known], dtype=np.int64)


def _silent(one: Listed) -> Line:
    return Line(one.contract.occ, one.con_id, one.contract)


def _confirmed(lines: Sequence[Line], live: Mapping[int, datetime]) -> Iterator[datetime | None]:
    """When each quote was last known to stand.

    A stream is silent while nothing changes, so a streaming quote stands as of the last word on
    any contract of this underlying; were all of them silent, all would grow old. A quote that
    does not stream stands as of its own last tick.
    """
    told = [line.tick_at for line in lines if line.con_id in live and line.tick_at is not None]
    heard = max(told, default=None)
    for line in lines:
        since = live.get(line.con_id)
        streams = since is not None and line.tick_at is not None and line.tick_at >= since
        if line.quoted_at is None:
            yield None
        else:
            yield heard if streams and heard is not None else line.tick_at


def _epoch_ms(at: datetime | None) -> int:
    return -1 if at is None else int(at.timestamp() * 1000)


def _vendor(
    models: Sequence[tuple[float | None, ...] | None],
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    columns = zip(*(model or (None,) * len(_VENDOR) for model in models), strict=True)
    return {name: _floats(column) for name, column in zip(_VENDOR, columns, strict=True)}
