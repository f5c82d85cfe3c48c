"""The admin's sidebar: by what operators look for, in the order of the pipeline."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy

# Title of the group, then (label, icon, admin view).
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("Signals", (
        ("Decisions", "psychology", "analytics_decision"),
        ("Signals", "sensors", "analytics_signal"),
        ("Gates and shadow trades", "visibility", "execution_shadowtrade"),
        ("Scheduled events", "event", "analytics_scheduledevent"),
        ("Metric histories", "timeline", "analytics_metrichistory"),
    )),
    ("Market data", (
        ("Feed events", "rss_feed", "analytics_feedevent"),
        ("Blind spans", "visibility_off", "analytics_blindspan"),
        ("Quarantine", "report", "analytics_quarantined"),
        ("Backfills", "history", "analytics_backfillrun"),
    )),
    ("Execution", (
        ("Positions", "work", "execution_position"),
        ("Position events", "history", "execution_positionevent"),
        ("Order intents", "flag", "execution_orderintent"),
        ("Orders", "receipt_long", "execution_order"),
        ("Order events", "forum", "execution_orderevent"),
        ("Fills", "done_all", "execution_fill"),
        ("Commissions", "payments", "execution_commission"),
        ("Risk events", "block", "execution_riskevent"),
        ("Trading state", "toggle_on", "execution_tradingscope"),
        ("Breakers", "electric_bolt", "execution_breakertrip"),
        ("Approvals", "how_to_reg", "execution_approval"),
        ("Breaks", "report", "execution_quarantine"),
        ("Book risk", "query_stats", "execution_bookrisk"),
        ("Sessions", "event", "execution_sessionresult"),
        ("Closing marks", "bedtime", "execution_closingmark"),
        ("Statements", "description", "execution_statementcheck"),
        ("Statements fetched", "download", "execution_statementfetch"),
        ("Notices", "notifications", "execution_notice"),
        ("Account", "account_balance", "execution_accountvalues"),
        ("Cash moved", "payments", "execution_cashmove"),
        ("Reconciliations", "balance", "execution_reconciliation"),
    )),
    ("Publishing", (
        ("Announcements", "campaign", "publishing_announcement"),
        ("Deliveries", "send", "publishing_delivery"),
        ("Routes", "alt_route", "publishing_route"),
        ("Receipts", "link", "publishing_receipt"),
        ("Session roots", "account_tree", "publishing_root"),
        ("Engagement", "thumb_up", "publishing_engagement"),
        ("Webhook endpoints", "webhook", "subscriptions_endpoint"),
        ("Letters", "mail", "subscriptions_letter"),
        ("Entitlements", "badge", "subscriptions_entitlement"),
    )),
    ("Platform", (
        ("Config overrides", "tune", "quanticity_configoverride"),
        ("Audit entries", "fact_check", "quanticity_auditentry"),
        ("Leases", "lock", "quanticity_leaserow"),
        ("Periodic tasks", "schedule", "django_celery_beat_periodictask"),
        ("Intervals", "timer", "django_celery_beat_intervalschedule"),
        ("Users", "person", "auth_user"),
        ("Groups", "group", "auth_group"),
    )),
)  # fmt: skip


def sidebar(_request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links, as Unfold wants them."""
    dashboard = {"title": "Live dashboard", "icon": "monitoring", "link": reverse_lazy("dashboard")}
    published = {"title": "Published", "icon": "insights", "link": reverse_lazy("published")}
    return [
        {"items": [dashboard, published]},
        *(
            {
                "title": title,
                "separator": True,
                "items": [
                    {
                        "title": label,
                        "icon": icon,
                        "link": reverse_lazy(f"admin:{view}_changelist"),
                    }
                    for label, icon, view in items
                ],
            }
            for title, items in GROUPS
        ),
    ]
