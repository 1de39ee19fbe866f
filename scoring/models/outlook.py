"""What is worked out of a firm's facts ahead of time, so that no page has to judge all tenants."""

from django.db import models

from scoring import months
from scoring.models.facts import Portfolio
from scoring.models.scores import MonthOutcome


class MonthAhead(MonthOutcome):
    """A month to come, scored as if every customer stayed as it is in the newest data.

    Known ends, baselines that roll in, certificates that expire and rules that change are looked
    at. Written with the history (``history.py``): as current as that is.
    """

    pk = models.CompositePrimaryKey("portfolio_id", "month")
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, db_index=False, related_name="months_ahead"
    )
    data_month = models.PositiveSmallIntegerField()  # whose figures are carried on

    def __str__(self) -> str:
        return f"{self.portfolio_id} {months.label(self.month)}"


class ComputedTable(models.Model):
    """A table of many rows that is always written and read as a whole, as compressed columns.

    ``computed_tables.py`` says which there are and what their columns mean. Written with the
    history: as current as that is.
    """

    pk = models.CompositePrimaryKey("portfolio_id", "name")
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, db_index=False, related_name="computed_tables"
    )
    name = models.CharField(max_length=20)
    columns = models.BinaryField()  # Arrow IPC, compressed

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.name}"
