"""The REST API: operators read everything, members read their feed."""

from typing import Any

from django.db.models import Model, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException, NotFound, ParseError, PermissionDenied
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from analytics.models import Signal, Source
from execution.models import Fill, Order, Position
from publishing import selectors as publishing
from publishing import track_record
from publishing.models import Announcement, Delivery
from publishing.subscriptions.selectors import tier_of
from quanticity.config.universe import universe
from quanticity.domain import clock
from quanticity.domain.readings import plain
from quanticity.store import keys, readings
from quanticity.store.client import StoreDown
from reporting import selectors
from reporting.dashboard import live, serializers, snapshot
from reporting.dashboard.formats import whole
from reporting.measures.achievable import curve

MOST = 100


class StoreSilent(APIException):
    """Readings cannot be had now."""

    status_code = 503
    default_detail = "The store does not answer. Try again in a moment."


class Rows(ReadOnlyModelViewSet[Any]):
    """A table, newest first, page by page; operators only (the default permission)."""

    model: type[Model]
    newest: tuple[str, ...]

    def get_queryset(self) -> QuerySet[Any]:
        """All rows; the cursor cuts."""
        return self.model._default_manager.all()  # noqa: SLF001 - Django's public name for it

    @property
    def paginator(self) -> CursorPagination:
        """Pages in this table's own order."""
        if not hasattr(self, "_pages"):
            self._pages = CursorPagination()
            self._pages.ordering = self.newest
        return self._pages


class Signals(Rows):
    """Admitted signals."""

    model, serializer_class = Signal, serializers.SignalSerializer
    newest = ("-created_at", "-signal_id")


class Positions(Rows):
    """Trades."""

    model, serializer_class = Position, serializers.PositionSerializer
    newest = ("-trade_id",)


class Orders(Rows):
    """Orders."""

    model, serializer_class = Order, serializers.OrderSerializer
    newest = ("-recorded_at", "-order_ref")


class Fills(Rows):
    """Executions."""

    model, serializer_class = Fill, serializers.FillSerializer
    newest = ("-executed_at", "-exec_id")


class Announcements(Rows):
    """Facts about executed trades."""

    model, serializer_class = Announcement, serializers.AnnouncementSerializer
    newest = ("-clock_at", "-id")


class Deliveries(Rows):
    """Messages."""

    model, serializer_class = Delivery, serializers.DeliverySerializer
    newest = ("-due_at", "-id")


class Symbols(APIView):
    """The universe."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request) -> Response:
        """Every symbol that is watched, and whether its option chain is kept."""
        watched = universe()
        rows = [{"symbol": s, "has_chain": s in watched.chains} for s in watched.symbols]
        return Response({"results": rows})


class Readings(APIView):
    """One symbol's latest readings."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request, symbol: str) -> Response:
        """Envelopes by family; a family that has never answered is absent."""
        if symbol not in universe().symbols:
            raise NotFound(f"no such symbol: {symbol}")
        try:
            found = readings.read(symbol, tuple(keys.FAMILY_TTL))
        except StoreDown as error:
            raise StoreSilent from error
        return Response({"symbol": symbol, "readings": found})


class Feed(APIView):
    """A member's feed: only what their tier may see, only once its time has come."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        parameters=[
            OpenApiParameter("after_seq", int, description="the last place that was read"),
            OpenApiParameter("limit", int, description=f"at most {MOST}"),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """The next events after a place, oldest first."""
        tier = tier_of(request.user)
        if tier is None:
            raise PermissionDenied
        after_seq, limit = _whole(request, "after_seq", 0), _whole(request, "limit", MOST)
        items = publishing.feed(tier, after_seq, min(limit, MOST), clock.now())
        return Response(
            {
                "tier": tier,
                "results": [plain(live.event(item)) for item in items],
                "next_after_seq": items[-1].seq if items else after_seq,
            }
        )


class Receipts(APIView):
    """The ledger: what everybody may see of it."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="v1_receipts_list",
        parameters=[
            OpenApiParameter("after_seq", int, description="the last record that was read"),
            OpenApiParameter("limit", int, description=f"at most {MOST}"),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """The next public records, oldest first, as `verify_receipts` reads them."""
        after_seq, limit = _whole(request, "after_seq", 0), _whole(request, "limit", MOST)
        rows = track_record.public(clock.now()).filter(seq__gt=after_seq).order_by("seq")
        found = list(rows.values(*track_record.FIELDS)[: min(limit, MOST)])
        last = found[-1]["seq"] if found else after_seq
        return Response({"results": found, "next_after_seq": last})


class Receipt(APIView):
    """One record of the ledger with its proof."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request, seq: int) -> Response:
        """The record, its canonical text, and its way to its session's root."""
        found = track_record.inclusion(seq, clock.now())
        if found is None:
            raise NotFound(f"no public record {seq}")
        return Response(plain(found))


class Performance(APIView):
    """What each tier could have had of the live account's trades."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request) -> Response:
        """Per tier: trades, how many figures are known, and their running sum in dollars."""
        achieved = selectors.achieved(Source.LIVE, clock.now())
        curves = {str(tier): curve(trades) for tier, trades in achieved.items()}
        return Response(plain({"source": Source.LIVE.value, "tiers": curves}))


class Status(APIView):
    """How the platform is."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, _request: Request) -> Response:
        """Health, queues, trading state and deliveries."""
        now = clock.now()
        return Response(
            plain(
                {
                    "as_of": now,
                    "health": snapshot.health(),
                    "trading": snapshot.scopes(),
                    "deliveries": publishing.health(now),
                }
            )
        )


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    found = whole(text)
    if found is None:
        raise ParseError(f"{name}: expected a whole number, was {text[:20]!r}")
    return found
