"""The switch between the firms of a person."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from partners import acting
from partners.middleware import PortalRequest
from partners.views.registering import next_page


@require_POST
def switch(request: PortalRequest) -> HttpResponse:
    """Act for another one of the own firms from now on; any other firm is a 404."""
    wanted = request.POST.get("firm", "")
    for membership in request.memberships:
        if str(membership.partner_id) == wanted:
            acting.choose(request.session, membership.partner_id)
            firm = membership.partner.name
            messages.success(request, _("You act for %(firm)s now.") % {"firm": firm})
            return redirect(next_page(request) or "home")
    raise Http404
