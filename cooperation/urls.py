from django.urls import path, register_converter
from django.urls.converters import StringConverter

from cooperation.views import (
    amendments,
    associations,
    contact_notes,
    depth,
    disputes,
    documents,
    endings,
    first_round,
    first_round_result,
    leaving,
    logs,
    outside,
    pairs,
    points,
    projects,
    public,
    retrospectives,
    reuse,
    signing,
    threads,
    work,
)

app_name = "cooperation"


class VersionConverter(StringConverter):
    """The version of a rule book, as ``BookShape`` has it."""

    regex = "[0-9A-Za-z][0-9A-Za-z.-]{0,39}"


register_converter(VersionConverter, "version")

BOOK = "regelwerk/<slug:key>/<version:version>/"
AGREEMENT = "vereinbarung/<uuid:pk>/"
POINT = AGREEMENT + "punkt/<slug:key>/"
ROUND = AGREEMENT + "erste-runde/"
QUESTION = ROUND + "punkt/<slug:key>/"
VERSION = "fassung/<uuid:pk>/"
ENDING = "ende/<uuid:pk>/"
DISPUTE = "klaerung/<uuid:pk>/"
NEUTRAL = DISPUTE + "neutral/<uuid:guest>/"
BACK = AGREEMENT + "rueckblick/"
INVITATION = "einladung/<uuid:pk>/"
OUTSIDE = "einladung/projekt/"

urlpatterns = [
    # For everybody
    path("kodex/", public.kodex, name="kodex"),
    path("kodex/checkliste/<slug:length>/", public.blank_checklist, name="blank_checklist"),
    path(
        "kodex/checkliste/<slug:length>/stand/",
        public.blank_checklist_status,
        name="blank_checklist_status",
    ),
    path(BOOK, public.rule_book, name="rule_book"),
    path(
        BOOK + "checkliste/<slug:length>/", public.rule_book_checklist, name="rule_book_checklist"
    ),
    path(
        BOOK + "checkliste/<slug:length>/stand/",
        public.rule_book_checklist_status,
        name="rule_book_checklist_status",
    ),
    # Projects and invitations
    path("projekte/", projects.project_list, name="project_list"),
    path("projekte/neu/", projects.project_create, name="project_create"),
    path("projekte/rahmen/", projects.project_create, {"is_frame": True}, name="frame_create"),
    path("projekte/<uuid:pk>/", projects.project_detail, name="project_detail"),
    path("projekte/<uuid:pk>/einladen/", projects.project_invite, name="project_invite"),
    path("projekte/<uuid:pk>/einladen/mail/", outside.outside_invite, name="outside_invite"),
    path(OUTSIDE + "<uuid:pk>/erneut/", outside.outside_resend, name="outside_resend"),
    path(OUTSIDE + "<uuid:pk>/zuruecknehmen/", outside.outside_withdraw, name="outside_withdraw"),
    path(OUTSIDE, outside.outside, name="outside"),
    path(OUTSIDE + "annehmen/", outside.outside_accept, name="outside_accept"),
    path(OUTSIDE + "<str:token>/", outside.outside_link, name="outside_link"),
    path(INVITATION, projects.invitation, name="invitation"),
    path(INVITATION + "annehmen/", projects.invitation_accept, name="invitation_accept"),
    path(INVITATION + "ablehnen/", projects.invitation_decline, name="invitation_decline"),
    path(INVITATION + "zuruecknehmen/", projects.invitation_withdraw, name="invitation_withdraw"),
    path(AGREEMENT + "protokoll/", logs.log, name="log"),
    path(AGREEMENT + "protokoll/export/", logs.log_export, name="log_export"),
    # The checklist of an agreement
    path(AGREEMENT, points.agreement_detail, name="agreement_detail"),
    path(POINT, points.point, name="point"),
    path(POINT + "antworten/", points.point_answer, name="point_answer"),
    path(POINT + "standard/", points.point_default, name="point_default"),
    path(POINT + "bestaetigen/", points.point_confirm, name="point_confirm"),
    path(POINT + "entfaellt/", points.point_not_applicable, name="point_not_applicable"),
    path(POINT + "gespraech/", points.point_talk, name="point_talk"),
    path(POINT + "nichts-zwischen-uns/", pairs.point_nothing, name="point_nothing"),
    path(AGREEMENT + "gespraech/<uuid:talk>/", points.talk_resolve, name="talk_resolve"),
    path(AGREEMENT + "zuordnungen/", associations.association_worth, name="association_worth"),
    path(AGREEMENT + "regel/<slug:rule>/", points.rule_defaults, name="rule_defaults"),
    path(AGREEMENT + "im-sinne-vom-kodex/", points.take_fast_track, name="fast_track"),
    path(AGREEMENT + "tiefe/", depth.change, name="depth"),
    # At work
    path(AGREEMENT + "arbeit/", work.work, name="work"),
    path(AGREEMENT + "arbeit/kalender.ics", work.calendar, name="calendar"),
    path(AGREEMENT + "arbeit/rueckblick/", work.review_hold, name="review_hold"),
    # What was said before
    path(AGREEMENT + "uebernehmen/", reuse.take, name="reuse"),
    path("vorlieben/", reuse.preference_list, name="preference_list"),
    path("vorlieben/<slug:book>/", reuse.preference_list, name="preference_list_of"),
    path("vorlieben/<slug:book>/<slug:key>/", reuse.preference, name="preference"),
    path(
        "vorlieben/<slug:book>/<slug:key>/vergessen/",
        reuse.preference_forget,
        name="preference_forget",
    ),
    # What was said about a point
    path(POINT + "verlauf/", threads.point_thread, name="point_thread"),
    path(POINT + "kommentar/", threads.comment_write, name="comment_write"),
    path(AGREEMENT + "kommentar/<uuid:comment>/", threads.comment_remove, name="comment_remove"),
    # The first round: each firm answers alone
    path(ROUND, first_round.page, name="first_round"),
    path(ROUND + "beginnen/", first_round.begin, name="first_round_begin"),
    path(ROUND + "abgeben/", first_round.hand_in, name="first_round_hand_in"),
    path(ROUND + "zuruecknehmen/", first_round.take_back, name="first_round_take_back"),
    path(ROUND + "beenden/", first_round.close, name="first_round_close"),
    path(QUESTION, first_round.point, name="first_round_point"),
    path(QUESTION + "antworten/", first_round.answer, name="first_round_answer"),
    path(QUESTION + "standard/", first_round.default, name="first_round_default"),
    path(
        QUESTION + "entfaellt/",
        first_round.not_applicable,
        name="first_round_not_applicable",
    ),
    path(QUESTION + "leeren/", first_round.clear, name="first_round_clear"),
    path(ROUND + "pdf/<slug:language>/", first_round_result.pdf, name="first_round_pdf"),
    path(
        ROUND + "pdf/<slug:language>/stand/",
        first_round_result.pdf_status,
        name="first_round_pdf_status",
    ),
    path(
        ROUND + "pdf/<slug:language>/neu/",
        first_round_result.pdf_retry,
        name="first_round_pdf_retry",
    ),
    # Signing
    path(AGREEMENT + "unterschreiben/", signing.ready, name="ready"),
    path(AGREEMENT + "festschreiben/", signing.freeze, name="freeze"),
    path(VERSION, signing.version, name="version"),
    path(VERSION + "unterschreiben/", signing.sign, name="sign"),
    path(VERSION + "ablehnen/", signing.decline, name="decline"),
    path(VERSION + "zurueckziehen/", signing.withdraw, name="withdraw"),
    path(VERSION + "wortlaut/", documents.version_text, name="version_text"),
    path(VERSION + "anlage/<int:number>/", documents.version_annex, name="version_annex"),
    path(VERSION + "pdf/<slug:language>/", documents.document, name="document"),
    path(VERSION + "pdf/<slug:language>/stand/", documents.document_status, name="document_status"),
    path(VERSION + "pdf/<slug:language>/neu/", documents.document_retry, name="document_retry"),
    # Changing what is in force
    path(AGREEMENT + "aendern/", amendments.amend, name="amend"),
    path(AGREEMENT + "aenderung/", amendments.amendment, name="amendment"),
    path(AGREEMENT + "aenderung/anders/", amendments.amendment_restate, name="amendment_restate"),
    path(AGREEMENT + "aenderung/verwerfen/", amendments.amendment_drop, name="amendment_drop"),
    path(VERSION + "kontakte/<slug:key>/", contact_notes.contacts_note, name="contacts_note"),
    path("projekte/<uuid:pk>/verlassen/", leaving.leave, name="leave"),
    # The way out
    path(AGREEMENT + "ende/", endings.ending, name="ending"),
    path(AGREEMENT + "ende/kuendigen/", endings.ending_notice, name="ending_notice"),
    path(AGREEMENT + "ende/gemeinsam/", endings.ending_propose, name="ending_propose"),
    path(ENDING + "zustimmen/", endings.ending_consent, name="ending_consent"),
    path(ENDING + "verwerfen/", endings.ending_withdraw, name="ending_withdraw"),
    path(ENDING + "weitermachen/", endings.ending_go_on, name="ending_go_on"),
    path(ENDING + "doch-beenden/", endings.ending_rather_end, name="ending_rather_end"),
    path(AGREEMENT + "abschluss/", endings.closing, name="closing"),
    path(AGREEMENT + "abschluss/<slug:item>/", endings.closing_item, name="closing_item"),
    path(BACK, retrospectives.retrospective, name="retrospective"),
    path(BACK + "abgeben/", retrospectives.retrospective_hand_in, name="retrospective_hand_in"),
    path(
        BACK + "zuruecknehmen/",
        retrospectives.retrospective_take_back,
        name="retrospective_take_back",
    ),
    path(BACK + "oeffnen/", retrospectives.retrospective_close, name="retrospective_close"),
    path(
        BACK + "regel/<slug:rule>/",
        retrospectives.retrospective_rule,
        name="retrospective_rule",
    ),
    path(AGREEMENT + "nicht-weiterverfolgen/", endings.abandon, name="abandon"),
    path(AGREEMENT + "weglegen/", endings.archive, name="archive"),
    # Points to settle
    path(VERSION + "klaeren/<slug:key>/", disputes.dispute_open, name="dispute_open"),
    path(DISPUTE, disputes.dispute, name="dispute"),
    path(DISPUTE + "eintrag/", disputes.dispute_write, name="dispute_write"),
    path(DISPUTE + "stufe/", disputes.dispute_fail, name="dispute_fail"),
    path(DISPUTE + "ergebnis/", disputes.dispute_propose, name="dispute_propose"),
    path(DISPUTE + "bestaetigen/", disputes.dispute_confirm, name="dispute_confirm"),
    path(DISPUTE + "zuruecknehmen/", disputes.dispute_withdraw, name="dispute_withdraw"),
    path(DISPUTE + "neutral/", disputes.dispute_invite, name="dispute_invite"),
    path(NEUTRAL + "zustimmen/", disputes.dispute_guest_agree, name="dispute_guest_agree"),
    path(NEUTRAL + "verlaengern/", disputes.dispute_guest_extend, name="dispute_guest_extend"),
    path(NEUTRAL + "beenden/", disputes.dispute_guest_end, name="dispute_guest_end"),
]
