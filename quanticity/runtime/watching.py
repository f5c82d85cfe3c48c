"""The Celery app of Flower: the platform's broker and limits, and none of its tasks.

Flower shows names that arrive in events. Loading Django and every stage for that would cost a
hundred megabytes.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
app = Celery("watching", fixups=[])
app.config_from_object("celeryconfig")
