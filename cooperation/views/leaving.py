"""Leaving a project."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cooperation import kinds, leaving, perms, standing
from cooperation.agreements import NotPossible
from cooperation.amendment_forms import LeaveForm
from cooperation.models import Agreement, CustomerProject, Participation
from cooperation.views.desk import act_in
from partners import reauthentication
from partners.middleware import PortalRequest


@require_http_methods(["GET", "POST"])
def leave(request: PortalRequest, pk: UUID) -> HttpResponse:
    """What leaving means as things stand, and the form to do it."""
    project = get_object_or_404(CustomerProject.objects.visible_to(request.user), pk=pk)
    act_in(request, project.pk)
    agreement = (
        Agreement.objects.filter(project=project).select_related("project").latest("created_at")
    )
    membership = request.membership or None
    if membership is None or not perms.can_leave(membership, agreement):
        raise PermissionDenied
    standing.bring_up_to_date([agreement], standing.today())
    context = {"project": project, "agreement": agreement, "firm": membership.partner.name}
    try:
        plan = leaving.plan(agreement, membership.partner)
    except NotPossible as error:
        refused = {**context, "refused": str(error), "plan": None}
        return render(request, "cooperation/leave.html", refused, status=_status(request))
    binds = plan.base is not None
    asked = reauthentication.NOTHING
    if binds:
        asked = reauthentication.asked(
            request, f"leave {agreement.pk}", firm=membership.partner, back=request.path
        )
    form = LeaveForm(request.POST or None, initial={"seen": plan.key}, asked=asked)
    may_declare = not binds or (membership.may_sign and not request.user.is_staff)
    if request.method == "POST" and may_declare and form.is_valid():
        try:
            if binds:
                reauthentication.check(asked, request, form.cleaned_data)
            leaving.leave(
                agreement.pk,
                by=request.user,
                partner=membership.partner,
                reason=form.cleaned_data["reason"],
                seen=form.cleaned_data["seen"],
            )
        except reauthentication.Refused as error:
            form.add_error(error.field, str(error))
        except kinds.InvalidAnswer as error:
            for sentences in error.errors.values():
                form.add_error("reason", sentences)
        except NotPossible as error:
            messages.warning(request, str(error))
            return redirect("cooperation:leave", pk=pk)
        else:
            messages.success(request, _("Your firm has left the project. The others are told."))
            return redirect("cooperation:project_list")
    others = Participation.objects.accepted().filter(project=project).select_related("partner")
    context |= {
        "plan": plan,
        "form": form,
        "may_declare": may_declare,
        "others": [p.partner.name for p in others if p.partner_id != membership.partner_id],
    }
    return render(request, "cooperation/leave.html", context, status=_status(request))


def _status(request: PortalRequest) -> int:
    return 422 if request.method == "POST" else 200
