from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("execution", "0011_statement_fetches")]

    operations = [
        migrations.RemoveField("accountvalues", "paid_in_usd"),
        migrations.RemoveField("accountvalues", "paid_in_equity_usd"),
        migrations.AddField(
            "accountvalues", "quiet_cash_usd",
            models.DecimalField(
                max_digits=16, decimal_places=4, null=True, help_text="of the last report all explained",
            ),
        ),
        migrations.AddField(
            "accountvalues", "quiet_equity_usd",
            models.DecimalField(max_digits=16, decimal_places=4, null=True),
        ),
        migrations.AddField("accountvalues", "quiet_at", models.DateTimeField(null=True)),
    ]
