"""HTTP and WebSocket entry."""

import os
import warnings

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
# WhiteNoise reads files synchronously; under ASGI Django says so once per process.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")
http = get_asgi_application()

# Imported after Django is ready: the consumers load models.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.sessions import SessionMiddlewareStack  # noqa: E402

from quanticity.runtime import heap  # noqa: E402
from quanticity.urls import websocket_urlpatterns  # noqa: E402
from reporting.dashboard.access import SameOrigin  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": SameOrigin(SessionMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)

heap.settle()  # no collection stops every socket
