"""Who came to a firm and who left it, as its files show."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from scoring.models.facts import Portfolio
from scoring.models.imports import PartnerCenterImport


class PersonMove(models.Model):
    """What one file changed about a person's belonging to the firm; ``moves.py`` writes it.

    The day is that of the import, and only those of imports that are done count: one that is undone
    takes its moves along. What people correct is not here, corrections speak for themselves.
    """

    class Kind(models.TextChoices):
        JOINED = "joined", _("joined")
        LEFT = "left", _("left")
        RETURNED = "returned", _("came back")

    id = models.BigAutoField(primary_key=True)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, related_name="moves", db_index=False
    )
    source = models.ForeignKey(PartnerCenterImport, on_delete=models.PROTECT, related_name="moves")
    person_key = models.CharField(max_length=200)
    name = models.CharField(_("name"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)

    class Meta:
        verbose_name = _("change of a person's belonging")
        verbose_name_plural = _("changes of people's belonging")
        constraints = [
            models.UniqueConstraint(
                fields=["portfolio", "source", "person_key"], name="one_move_a_file_and_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.kind}"
