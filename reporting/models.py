"""Rows of the last stage: measurements of the machine."""

from django.db import models


class Sample(models.Model):
    """One measurement of the platform at one instant."""

    name = models.CharField(max_length=60)
    value = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at",)
        indexes = (models.Index(fields=("name", "at"), name="sample_series"),)

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"
