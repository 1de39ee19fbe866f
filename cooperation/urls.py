from django.urls import path

from cooperation.views import documents, points, projects, public, signing

app_name = "cooperation"

AGREEMENT = "vereinbarung/<uuid:pk>/"
POINT = AGREEMENT + "punkt/<slug:key>/"
VERSION = "fassung/<uuid:pk>/"
INVITATION = "einladung/<uuid:pk>/"

urlpatterns = [
    # For everybody
    path("kodex/", public.kodex, name="kodex"),
    path("kodex/checkliste/<slug:length>/", public.blank_checklist, name="blank_checklist"),
    path(
        "kodex/checkliste/<slug:length>/stand/",
        public.blank_checklist_status,
        name="blank_checklist_status",
    ),
    # Projects and invitations
    path("projekte/", projects.project_list, name="project_list"),
    path("projekte/neu/", projects.project_create, name="project_create"),
    path("projekte/<uuid:pk>/", projects.project_detail, name="project_detail"),
    path("projekte/<uuid:pk>/einladen/", projects.project_invite, name="project_invite"),
    path(INVITATION, projects.invitation, name="invitation"),
    path(INVITATION + "annehmen/", projects.invitation_accept, name="invitation_accept"),
    path(INVITATION + "ablehnen/", projects.invitation_decline, name="invitation_decline"),
    path(INVITATION + "zuruecknehmen/", projects.invitation_withdraw, name="invitation_withdraw"),
    # The checklist of an agreement
    path(AGREEMENT, points.agreement_detail, name="agreement_detail"),
    path(POINT, points.point, name="point"),
    path(POINT + "antworten/", points.point_answer, name="point_answer"),
    path(POINT + "standard/", points.point_default, name="point_default"),
    path(POINT + "bestaetigen/", points.point_confirm, name="point_confirm"),
    path(POINT + "entfaellt/", points.point_not_applicable, name="point_not_applicable"),
    path(POINT + "gespraech/", points.point_talk, name="point_talk"),
    path(AGREEMENT + "gespraech/<uuid:talk>/", points.talk_resolve, name="talk_resolve"),
    path(AGREEMENT + "regel/<slug:rule>/", points.rule_defaults, name="rule_defaults"),
    path(AGREEMENT + "im-sinne-vom-kodex/", points.take_fast_track, name="fast_track"),
    # Signing
    path(AGREEMENT + "unterschreiben/", signing.ready, name="ready"),
    path(AGREEMENT + "festschreiben/", signing.freeze, name="freeze"),
    path(VERSION, signing.version, name="version"),
    path(VERSION + "unterschreiben/", signing.sign, name="sign"),
    path(VERSION + "ablehnen/", signing.decline, name="decline"),
    path(VERSION + "zurueckziehen/", signing.withdraw, name="withdraw"),
    path(VERSION + "pdf/<slug:language>/", documents.document, name="document"),
    path(VERSION + "pdf/<slug:language>/stand/", documents.document_status, name="document_status"),
    path(VERSION + "pdf/<slug:language>/neu/", documents.document_retry, name="document_retry"),
]
