"""Looking back: the own firm's part, and all parts side by side once they are open."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cooperation import kinds, perms, retrospectives, rule_books, standing, terms
from cooperation.agreements import NotPossible
from cooperation.book import Rule
from cooperation.ending_forms import NO_JUDGEMENT, RATINGS, AgainForm, RuleForm
from cooperation.models import Agreement, RetrospectiveAnswer, RetrospectivePart
from cooperation.standing import Standing
from cooperation.views.endings import acting, agreement_of, member, own
from partners.middleware import PortalRequest
from partners.models import Partner


@dataclass(frozen=True, slots=True)
class RuleSheet:
    """One rule in the own firm's part."""

    rule: Rule
    answer: RetrospectiveAnswer | None
    form: RuleForm
    seen: str
    theirs: RetrospectiveAnswer | None = None  # a colleague was quicker

    @property
    def rating(self) -> str:
        return "" if self.answer is None else words(self.answer.rating)

    @property
    def their_rating(self) -> str:
        return "" if self.theirs is None else words(self.theirs.rating)


@dataclass(frozen=True, slots=True)
class View:
    """What one firm says about a rule, opened to all."""

    firm: Partner
    answer: RetrospectiveAnswer | None
    rating: int  # 0: none
    words: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One rule, the firms side by side."""

    rule: Rule
    views: tuple[View, ...]


def words(rating: int | None) -> str:
    """A rating as it is said."""
    return str(dict((*RATINGS, NO_JUDGEMENT))[str(rating or 0)])


def _context(
    request: PortalRequest,
    agreement: Agreement,
    found: Standing,
    *,
    sent: RuleSheet | None = None,
    again_form: AgainForm | None = None,
) -> dict[str, Any]:
    """The own part, or all of them; of the others before that only whether they have handed in."""
    firms, mine = standing.firms(found), own(request)
    book = rule_books.by_id(agreement.rule_book_id)
    reader = next((firm for firm in firms if firm.pk == mine), None)
    parts = retrospectives.parts(agreement, reader)
    revealed = any(part.revealed_at is not None for part in parts.values())
    part = None if mine is None else parts.get(mine)
    there = retrospectives.handed_in(agreement)
    answers = {} if part is None else {answer.rule_key: answer for answer in part.answers.all()}
    may_write = (
        found.is_ending
        and not revealed
        and reader is not None
        and perms.can_look_back(member(request), agreement)
    )
    handed_in = part is not None and part.handed_in_at is not None
    return {
        "agreement": agreement,
        "project": agreement.project,
        "found": found,
        "firms": [(firm, firm.pk in there, firm.pk == mine) for firm in firms],
        "is_party": reader is not None,
        "part": part,
        "handed_in": handed_in,
        "revealed": revealed,
        "sheets": [
            sent if sent is not None and sent.rule.key == rule.key else _sheet(rule, answers)
            for rule in book.rules
        ],
        "again_form": again_form or _again_form(part),
        "answered": len(answers),
        "rules": len(book.rules),
        "may_write": may_write and not handed_in,
        "may_hand_in": may_write and perms.can_hand_in(member(request), agreement),
        "closable_from": None if found.last_day is None else terms.closable_from(found.last_day),
        "may_close": handed_in and retrospectives.may_close(found),
        "compared": _compared(book.rules, firms, parts) if revealed else [],
        "again": _again(firms, parts) if revealed else [],
        "silent": [firm for firm in firms if revealed and not _is_open(parts.get(firm.pk))],
    }


def _sheet(rule: Rule, answers: dict[str, RetrospectiveAnswer]) -> RuleSheet:
    answer = answers.get(rule.key)
    form = RuleForm.of(answer, auto_id=f"{rule.key}_%s")
    return RuleSheet(rule, answer, form, retrospectives.token(answer))


def _again_form(part: RetrospectivePart | None) -> AgainForm:
    if part is None or part.again is None:
        return AgainForm()
    return AgainForm(initial={"again": "yes" if part.again else "no"})


def _is_open(part: RetrospectivePart | None) -> bool:
    return part is not None and part.revealed_at is not None


def _compared(
    rules: tuple[Rule, ...], firms: list[Partner], parts: dict[UUID, RetrospectivePart]
) -> list[Compared]:
    """Only parts that are open, also not the reader's own draft that was never handed in."""
    opened = [(firm, parts[firm.pk]) for firm in firms if _is_open(parts.get(firm.pk))]
    said = {
        (firm.pk, answer.rule_key): answer for firm, part in opened for answer in part.answers.all()
    }
    return [
        Compared(rule, tuple(_view(firm, said.get((firm.pk, rule.key))) for firm, _part in opened))
        for rule in rules
    ]


def _view(firm: Partner, answer: RetrospectiveAnswer | None) -> View:
    rating = 0 if answer is None else answer.rating or 0
    return View(firm, answer, rating, words(rating))


def _again(
    firms: list[Partner], parts: dict[UUID, RetrospectivePart]
) -> list[tuple[Partner, bool]]:
    opened = [(firm, parts[firm.pk]) for firm in firms if _is_open(parts.get(firm.pk))]
    return [(firm, bool(part.again)) for firm, part in opened]


@require_GET
def retrospective(request: PortalRequest, pk: UUID) -> HttpResponse:
    """The own firm's look back, or everybody's."""
    agreement, found = agreement_of(request, pk)
    context = _context(request, agreement, found)
    return render(request, "cooperation/retrospective.html", context)


def _writer(request: PortalRequest, agreement: Agreement) -> Partner:
    if not perms.can_look_back(member(request), agreement):
        raise PermissionDenied
    return acting(request)


@require_POST
def retrospective_rule(request: PortalRequest, pk: UUID, rule: str) -> HttpResponse:
    """Save what the own firm says about one rule: htmx gets the line that says so."""
    agreement, found = agreement_of(request, pk)
    partner = _writer(request, agreement)
    book = rule_books.by_id(agreement.rule_book_id)
    if rule not in book.rules_by_key:
        raise Http404
    form = RuleForm(request.POST, auto_id=f"{rule}_%s")
    answer: RetrospectiveAnswer | None = None
    theirs: RetrospectiveAnswer | None = None
    if form.is_valid():
        try:
            answer = retrospectives.save(
                pk,
                rule,
                by=request.user,
                partner=partner,
                rating=form.rated,
                good=form.cleaned_data["good"],
                better=form.cleaned_data["better"],
                seen=request.POST.get("seen", ""),
            )
        except kinds.InvalidAnswer as error:
            for field, sentences in error.errors.items():
                form.add_error(field, sentences)
        except retrospectives.Stale as error:
            theirs = error.theirs
            form.add_error(None, str(error))
        except NotPossible as error:
            form.add_error(None, str(error))
    if not request.htmx and answer is not None:
        url = reverse("cooperation:retrospective", args=[pk])
        return redirect(f"{url}#rule-{rule}")
    seen = retrospectives.token(answer or theirs)
    sheet = RuleSheet(book.rules_by_key[rule], answer, form, seen, theirs)
    status = 200 if answer is not None else 422
    if request.htmx:
        return _saved(request, agreement, partner, sheet, status)
    context = _context(request, agreement, found, sent=sheet)
    return render(request, "cooperation/retrospective.html", context, status=status)


def _saved(
    request: PortalRequest, agreement: Agreement, partner: Partner, sheet: RuleSheet, status: int
) -> HttpResponse:
    """The line at the form, and the progress beside it. What is being typed stays as it is."""
    part = retrospectives.parts(agreement, partner).get(partner.pk)
    context = {
        "sheet": sheet,
        "agreement": agreement,
        "answered": 0 if part is None else len(part.answers.all()),
        "rules": len(rule_books.by_id(agreement.rule_book_id).rules),
        "oob": True,
    }
    page = render(request, "cooperation/retrospective.html#saved", context, status=status)
    page.content += render(request, "cooperation/retrospective.html#progress", context).content
    return page


def _step(request: PortalRequest, pk: UUID, step: Callable[[], object], done: str) -> HttpResponse:
    try:
        step()
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, done)
    return redirect("cooperation:retrospective", pk=pk)


def _speaker(request: PortalRequest, agreement: Agreement) -> Partner:
    if not perms.can_hand_in(member(request), agreement):
        raise PermissionDenied
    return acting(request)


@require_POST
def retrospective_hand_in(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Hand the own firm's look back in, with its word on doing it again."""
    agreement, found = agreement_of(request, pk)
    partner, form = _speaker(request, agreement), AgainForm(request.POST)
    if form.is_valid():
        try:
            retrospectives.hand_in(
                pk, again=form.cleaned_data["again"], by=request.user, partner=partner
            )
        except retrospectives.Incomplete as error:
            form.add_error(None, str(error))
        except NotPossible as error:
            messages.warning(request, str(error))
            return redirect("cooperation:retrospective", pk=pk)
        else:
            messages.success(request, _("Handed in. Thank you for looking back."))
            return redirect("cooperation:retrospective", pk=pk)
    context = _context(request, agreement, found, again_form=form)
    return render(request, "cooperation/retrospective.html", context, status=422)


@require_POST
def retrospective_take_back(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Take it back to change it, while not all firms have handed in."""
    agreement, _found = agreement_of(request, pk)
    partner = _speaker(request, agreement)

    def step() -> object:
        return retrospectives.take_back(pk, by=request.user, partner=partner)

    return _step(request, pk, step, _("Your look back is in your hands again."))


@require_POST
def retrospective_close(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Open what was handed in, without the firms that did not."""
    agreement, _found = agreement_of(request, pk)
    partner = _speaker(request, agreement)

    def step() -> object:
        return retrospectives.close(pk, by=request.user, partner=partner)

    return _step(request, pk, step, _("The look back is open."))
