"""Leases are counted by the machine's seconds since boot, not by its wall clock."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('quanticity', '0002_environment'),
    ]

    operations = [
        migrations.AddField(
            model_name='leaserow',
            name='boot_id',
            field=models.CharField(blank=True, default='', help_text="the holder's machine since it started", max_length=64),
        ),
        migrations.AddField(
            model_name='leaserow',
            name='until_boot_s',
            field=models.FloatField(default=0.0, help_text='in seconds since that start'),
        ),
        migrations.AlterField(
            model_name='leaserow',
            name='expires_at',
            field=models.DateTimeField(help_text="for people; by the holder's clock"),
        ),
    ]
