"""From certificates to people: who counts in which skilling metric, and why.

Pure: no database, no clock, no settings.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from scoring.reasons import Reason
from scoring.rules import Certification, RuleSet


class Certificate(NamedTuple):
    """A person's certification. The person is whoever ``same_people`` finds behind the key."""

    person: str  # "mcp:…", "mail:…", "aad:…" or "name:…", the best that the file had
    name: str
    email: str
    certification: str
    completed_on: date
    expires_on: date | None = None
    is_linked: bool = True


class Standing(NamedTuple):
    """Whether a person counts in one metric, in every track alike, and why."""

    metric: str
    person: str
    counts: int  # 0 or 1
    reason: Reason
    name: str
    certification: str  # the one that speaks for the person
    completed_on: date
    until_on: date | None  # the last day on which it counts, where it has one


def judge_people(
    certificates: Iterable[Certificate], rule_set: RuleSet, as_of: date
) -> Iterator[Standing]:
    """One row per person and metric: people are counted, not exams."""
    # Who is who is asked of all certificates: it does not depend on which of them have points.
    for person, rows in sorted(same_people(certificates).items()):
        own = [row for row in rows if row.certification in rule_set.certifications]
        for metric in sorted({rule_set.certifications[row.certification].metric for row in own}):
            # The certificate that speaks for the person: one that counts, and the longest.
            judged = [
                (*_judge_certificate(row, rule_set.certifications[row.certification], as_of), row)
                for row in own
                if rule_set.certifications[row.certification].metric == metric
            ]
            counts, reason, until_on, row = max(
                judged,
                key=lambda item: (
                    item[0],
                    item[3].expires_on or date.max,
                    item[3].completed_on,
                    item[3].certification,
                    item[3].is_linked,
                    item[3].name,
                ),
            )
            yield Standing(
                metric,
                person,
                int(counts),
                reason,
                row.name,
                row.certification,
                row.completed_on,
                until_on,
            )


def _judge_certificate(
    row: Certificate, certification: Certification, as_of: date
) -> tuple[bool, Reason, date | None]:
    expires_on = row.expires_on if certification.expires else None
    withdrawn = certification.counts_until
    if not row.is_linked:
        return False, Reason.NOT_LINKED, None
    if row.completed_on > as_of:
        return False, Reason.NOT_COMPLETED_YET, None
    if expires_on is not None and expires_on < as_of:
        return False, Reason.EXPIRED, expires_on
    if withdrawn is not None and withdrawn < as_of:
        return False, Reason.WITHDRAWN, withdrawn
    ends = [day for day in (expires_on, withdrawn) if day is not None]
    return (True, Reason.CERTIFIED_UNTIL, min(ends)) if ends else (True, Reason.CERTIFIED, None)


def same_people(certificates: Iterable[Certificate]) -> dict[str, list[Certificate]]:
    """Certificates by person.

    A file may name a person by MCPID, another the same person only by e-mail or by name. A row
    without an MCPID belongs to the person with that e-mail address, a row with nothing but a name
    to the first person of that name: rather one person too few than one counted twice.
    """
    rows: dict[str, list[Certificate]] = {}
    for row in certificates:
        rows.setdefault(row.person, []).append(row)
    by_mail: dict[str, str] = {}
    by_name: dict[str, str] = {}
    people: dict[str, list[Certificate]] = {}
    for key in sorted(rows, key=lambda key: (_RANK[_kind(key)], key)):
        mails = sorted({row.email for row in rows[key]} - {""})
        names = sorted({_same_name(row.name) for row in rows[key]} - {""})
        known = []
        if _kind(key) != "mcp":
            known += [by_mail[mail] for mail in mails if mail in by_mail]
        if _kind(key) == "name":
            known += [by_name[name] for name in names if name in by_name]
        person = known[0] if known else key
        people.setdefault(person, []).extend(rows[key])
        for mail in mails:
            by_mail.setdefault(mail, person)
        for name in names:
            by_name.setdefault(name, person)
    return people


def _kind(person: str) -> str:
    return person.split(":", 1)[0]


_RANK = {"mcp": 0, "mail": 1, "aad": 2, "name": 3}


def _same_name(name: str) -> str:
    return " ".join(sorted(name.casefold().replace(",", " ").split()))
