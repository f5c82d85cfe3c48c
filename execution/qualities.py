"""Rows of execution quality: how well each fill was made (DOMAIN 6.18)."""

from django.db import models


class FillQuality(models.Model):
    """One fill beside the market it met and what came after; null where no quote was there.

    Mids at the signal and when it was sent, bid and ask when the fill was seen; `spread_paid` is
    the share of the half-spread, a markout USD per share in our favor so many minutes later.
    """

    fill = models.OneToOneField("Fill", models.PROTECT, primary_key=True, related_name="quality")
    signal_mid = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    sent_mid = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    bid = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    ask = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    spread_paid = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    time_to_fill_s = models.FloatField(null=True, help_text="from sent to executed")
    markout_1m = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    markout_5m = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    markout_30m = models.DecimalField(max_digits=12, decimal_places=4, null=True)

    class Meta:
        verbose_name_plural = "fill qualities"

    def __str__(self) -> str:
        return f"{self.fill_id}: {self.spread_paid} of the half-spread"
