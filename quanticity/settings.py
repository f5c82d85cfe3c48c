"""Django settings: one file; every secret and address comes from the environment (INTERFACES 3)."""

import contextlib
import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import dj_database_url

from quanticity.domain import clock
from quanticity.domain.errors import ConfigError

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("QC_VAR", BASE_DIR / "var")).resolve()
VAR.mkdir(parents=True, exist_ok=True)


def _text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def _port(name: str, default: int) -> int:
    text = _text(name, str(default))
    if not text.isdigit():
        raise ConfigError(f"{name}: expected a port number, was {text!r}")
    return int(text)


def _choice(name: str, allowed: tuple[str, ...]) -> str:
    text = _text(name, allowed[0])
    if text not in allowed:
        raise ConfigError(f"{name}: expected one of {', '.join(allowed)}, was {text!r}")
    return text


def _kept_secret(name: str) -> str:
    """Read a secret of this installation, making it once, readable by its owner only."""
    path = VAR / name
    if not path.exists():
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.touch(mode=0o600)
        scratch.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(scratch)  # the first process to come decides
        scratch.unlink()
    return path.read_text().strip()


def _database_of(url: str, number: int) -> str:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"{url}{'&' if parts.query else '?'}db={number}"
    return urlunsplit(parts._replace(path=f"/{number}"))


# --- what trades, and on which clock --------------------------------------------------------------
TRADING_MODE = _choice("QC_TRADING_MODE", ("sim", "paper", "live", "replay"))
MODE_IS_WRITTEN = bool(_text("QC_TRADING_MODE"))
LIVE_ARMED = _text("QC_LIVE_ARMED")
IBKR_HOST = _text("QC_IBKR_HOST")
IBKR_PORT = _port("QC_IBKR_PORT", 4002)
IBKR_CLIENT_ID = _port("QC_IBKR_CLIENT_ID", 101)
IBKR_ACCOUNT = _text("QC_IBKR_ACCOUNT")
CLOCK_FILE = VAR / "clock.json"
HALT_FILE = Path(_text("QC_HALT_FILE") or VAR / "HALT")  # while it is there, nothing is bought
if TRADING_MODE == "sim" and CLOCK_FILE.exists():
    clock.install(clock.ScaledClock(CLOCK_FILE))

# --- place and identity ---------------------------------------------------------------------------
PORT = _port("QC_PORT", 8000)
FLOWER_PORT = _port("QC_FLOWER_PORT", 5555)
PUBLIC_URL = _text("QC_PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
ALLOWED_HOSTS = _text("QC_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
SECRET_KEY = _text("QC_SECRET_KEY") or _kept_secret("secret_key")
# Names and seals of the ledger hang on this: it stays when the key above is rotated.
RECEIPTS_KEY = _text("QC_RECEIPTS_KEY") or SECRET_KEY
DEBUG = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_NAME = f"qc_session_{PORT}"  # two instances on one host keep two logins
CSRF_COOKIE_NAME = f"qc_csrf_{PORT}"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
# HTTPS is the proxy's to enforce; only a proxy that we trust may say that it did.
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None

# --- servers --------------------------------------------------------------------------------------
DATABASES = {
    "default": dj_database_url.parse(_text("QC_DATABASE_URL") or f"sqlite:///{VAR / 'db.sqlite3'}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # At a real broker, what was committed before it was sent is there after a power cut, too; a
    # simulated exchange loses its own disk in the same cut, and each commit would cost 5 ms.
    _SYNCHRONOUS = "NORMAL" if TRADING_MODE in ("sim", "replay") else "FULL"
    # Four writing processes lose nothing with these; without them one write in eight fails.
    DATABASES["default"]["ENGINE"] = "quanticity.sqlite"
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            f"PRAGMA journal_mode=WAL;PRAGMA synchronous={_SYNCHRONOUS};"
            "PRAGMA busy_timeout=20000;PRAGMA foreign_keys=ON;"
        ),
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Nobody waits for ever for another's lock (RELIABILITY 4.3), in ms; the URL may say otherwise.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault(
        "options",
        "-c lock_timeout=5000 -c statement_timeout=10000 "
        "-c idle_in_transaction_session_timeout=10000",
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_REDIS_FILE = VAR / "redis.url"  # `manage.py up` leaves the embedded server's address here
REDIS_URL = _text("QC_REDIS_URL") or (
    _REDIS_FILE.read_text().strip() if _REDIS_FILE.exists() else "redis://127.0.0.1:6379/0"
)
BROKER_URL = _text("QC_BROKER_URL") or _database_of(REDIS_URL, 1)
CHANNELS_URL = _text("QC_CHANNELS_URL") or _database_of(REDIS_URL, 2)
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # redis-py 8 would close an idle WebSocket after five seconds (channels_redis #422).
        "CONFIG": {"hosts": [{"address": CHANNELS_URL, "socket_timeout": None}]},
    }
}

# --- applications ---------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "django.contrib.admin.apps.SimpleAdminConfig",  # urls.py discovers: workers draw no pages
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "simple_history",
    "quanticity",
    "analytics",
    "execution",
    "publishing",
    "publishing.subscriptions",
    "reporting",
    "reporting.dashboard",
]
if os.environ.get("QC_APPS") == "pure":  # set by manage.py for commands that need no service
    INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "simple_history"]
    INSTALLED_APPS += ["quanticity", "analytics"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "quanticity.middleware.gated_pages_are_private",
    "quanticity.middleware.operators_pages",
]
ROOT_URLCONF = "quanticity.urls"
ASGI_APPLICATION = "quanticity.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "quanticity" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "quanticity.middleware.mode",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
AUTHENTICATION_BACKENDS = ["publishing.subscriptions.backends.ThrottledBackend"]
LOGIN_URL = "/account/login/"
LOGIN_REDIRECT_URL = "/feed/"
LOGOUT_REDIRECT_URL = "/"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "quanticity" / "static"]
STATIC_ROOT = VAR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns of a missing one
WHITENOISE_USE_FINDERS = True
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
FORMAT_MODULE_PATH = "quanticity.formats"  # seconds and the zone, in every admin list
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "font-src": ["'self'"],
        "base-uri": ["'none'"],
        "img-src": ["'self'", "data:"],
        "style-src": ["'self'"],
        "script-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    },
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 100,
    "COERCE_DECIMAL_TO_STRING": False,
    "SCHEMA_COERCE_PATH_PK": False,  # our keys are not all called id
}
SPECTACULAR_SETTINGS = {
    "TITLE": "QuantiCity",
    "DESCRIPTION": "Read-only. Instants are ISO-8601 UTC, numbers are numbers, unknown is null.",
    "VERSION": "1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
UNFOLD = {
    "SITE_TITLE": "QuantiCity",
    "SITE_HEADER": "QuantiCity",
    "ENVIRONMENT": "quanticity.apps.environment_badge",
    "SHOW_HISTORY": True,
    "SITE_URL": "/dashboard/",
    "SITE_ICON": "/static/qc/icon.svg",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/qc/icon.svg"}],
    "STYLES": ["/static/qc/admin.css"],
    "COLORS": {
        "primary": {
            "50": "#eff7ff",
            "100": "#dbecff",
            "200": "#bfdeff",
            "300": "#93caff",
            "400": "#6cb6ff",
            "500": "#3b93f0",
            "600": "#0b6fd0",
            "700": "#0b62b8",
            "800": "#0d4f8f",
            "900": "#0b2a4a",
            "950": "#06121f",
        },
    },
    "SIDEBAR": {"show_search": True, "navigation": "quanticity.navigation.sidebar"},
}

# --- channels out: a feature without its credential is off ----------------------------------------
DISCORD_WEBHOOKS = {
    tier: _text(f"DISCORD_WEBHOOK_{tier.upper()}")
    for tier in ("premium", "basic", "free", "analysis", "ops")
}
DISCORD_BOT_TOKEN = _text("DISCORD_BOT_TOKEN")
# `premium:123,basic:456`: the role that a tier's entries mention.
DISCORD_ROLE_IDS = dict(
    part.split(":", 1) for part in _text("DISCORD_ROLE_IDS").split(",") if ":" in part
)
TELEGRAM_BOT_TOKEN = _text("TELEGRAM_BOT_TOKEN")
TELEGRAM_BOT_NAME = _text("TELEGRAM_BOT_NAME").lstrip("@")
TELEGRAM_WEBHOOK_SECRET = _text("TELEGRAM_WEBHOOK_SECRET")
TELEGRAM_CHATS = {
    tier: _text(f"TELEGRAM_CHAT_{tier.upper()}") for tier in ("premium", "basic", "free")
}
TELEGRAM_API_URL = _text("QC_TELEGRAM_API_URL", "https://api.telegram.org").rstrip("/")
X_KEYS = tuple(
    _text(f"X_{name}")
    for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
)
X_API_URL = _text("QC_X_API_URL", "https://api.twitter.com").rstrip("/")
STRIPE_SECRET_KEY = _text("STRIPE_SECRET_KEY")

# --- the broker's statements: without token and query they are put into statements/ by hand -------
IBKR_FLEX_TOKEN = _text("IBKR_FLEX_TOKEN")
IBKR_FLEX_QUERY_ID = _text("IBKR_FLEX_QUERY_ID")
IBKR_FLEX_URL = _text(
    "QC_IBKR_FLEX_URL",
    "https://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService",
).rstrip("/")

# --- market data over HTTP: what has no credential is off; a simulation asks nobody outside -------
ALPHAVANTAGE_API_KEY = _text("ALPHAVANTAGE_API_KEY")
_PUBLIC_FEEDS = {
    "QC_ALPHAVANTAGE_URL": "https://www.alphavantage.co/query",
    "QC_CBOE_QUOTES_URL": "https://cdn.cboe.com/api/global/delayed_quotes/options",
    "QC_CBOE_VIX1D_URL": "https://cdn.cboe.com/api/global/us_indices/daily_prices/VIX1D_History.csv",
    "QC_YAHOO_URL": "https://query1.finance.yahoo.com/v8/finance/chart",
}
FEED_URLS = {
    name: _text(name) or ("" if TRADING_MODE == "sim" else url)
    for name, url in _PUBLIC_FEEDS.items()
}
if ALPHAVANTAGE_API_KEY and not FEED_URLS["QC_ALPHAVANTAGE_URL"]:
    FEED_URLS["QC_ALPHAVANTAGE_URL"] = _PUBLIC_FEEDS["QC_ALPHAVANTAGE_URL"]

# --- mail about accounts and alerts: without an address it is printed -----------------------------
_MAIL = urlsplit(_text("QC_EMAIL_URL"))
OPS_EMAIL = _text("QC_OPS_EMAIL")
DEFAULT_FROM_EMAIL = OPS_EMAIL or "quanticity@localhost"
EMAIL_BACKEND = "django.core.mail.backends.{}.EmailBackend".format(
    "smtp" if _MAIL.hostname else "console"
)
EMAIL_HOST, EMAIL_PORT = _MAIL.hostname or "", _MAIL.port or 587
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_MAIL.username or ""), unquote(_MAIL.password or "")
EMAIL_USE_SSL = _MAIL.scheme == "smtps"
EMAIL_USE_TLS = _MAIL.scheme == "smtp+tls" or (_MAIL.scheme == "smtp" and bool(EMAIL_HOST_USER))
EMAIL_TIMEOUT = 10

# --- logs -----------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "quanticity.redaction.Line",
            "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # httpx logs whole URLs at INFO, and a Discord webhook's URL is its secret.
        "httpx": {"level": "WARNING"},
        # Uvicorn brings handlers of its own, which strike nothing.
        "uvicorn": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "uvicorn.access": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "tweepy": {"level": "WARNING"},  # at DEBUG it logs headers and bodies
        "ib_insync": {"level": "WARNING"},
        # Celery's two lines per task; ours (quanticity.tasks) says the same in one when it matters.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS = [
    "security.W004",  # HSTS follows QC_PUBLIC_URL
    "security.W008",  # the redirect to HTTPS is the proxy's
    "security.W012",  # cookies are secure exactly when QC_PUBLIC_URL is https
    "security.W016",
]
