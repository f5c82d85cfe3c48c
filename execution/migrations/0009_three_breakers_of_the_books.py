"""Three breakers stood under one name; what it held goes on under the first of them."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def rename(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    for name in ("BreakerTrip", "BreakerLatch"):
        rows = apps.get_model("execution", name).objects.filter(breaker="BOOKS_IMPOSSIBLE")
        rows.update(breaker="OVERFILLED")


class Migration(migrations.Migration):
    dependencies = [("execution", "0008_cash_moves")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
