from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from partners.firm_reader import FirmReader
from partners.models import Partner, User


def search(user: User | FirmReader, *, q: str = "", competence: str = "") -> QuerySet[Partner]:
    """Firms that ``user`` may know, by words in name or city and by competence key."""
    firms = Partner.objects.visible_to(user)
    for word in q.split():
        firms = firms.filter(
            Q(name__icontains=word) | Q(legal_name__icontains=word) | Q(city__icontains=word)
        )
    if competence:
        # SQLite has no containment of JSON lists; a key in quotes is found in the text of both.
        firms = firms.annotate(keys=Cast("competences", TextField())).filter(
            keys__contains=f'"{competence}"'
        )
    return firms
