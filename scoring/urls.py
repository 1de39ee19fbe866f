from django.urls import path

from scoring.views import columns, differences, history, importing, ledger, reports, scores, undoing

app_name = "scoring"
urlpatterns = [
    path("", scores.overview, name="overview"),
    path("berechnen/", scores.compute, name="compute"),
    path("verlauf/", history.history, name="history"),
    path("verlauf/stand/", history.status, name="history_status"),
    path("verlauf/registrierung/", history.record, name="enrolment_record"),
    path("verlauf/registrierung/<uuid:pk>/verlaengern/", history.renew, name="enrolment_renew"),
    path("verlauf/registrierung/<uuid:pk>/aufgeben/", history.give_up, name="enrolment_give_up"),
    path("verlauf/<slug:month>/", history.month, name="history_month"),
    path("stand/<uuid:pk>/", scores.detail, name="score"),
    path("stand/<uuid:pk>/nachweis.csv", ledger.export, name="ledger_csv"),
    path("stand/<uuid:pk>/vergleich/", differences.difference, name="difference"),
    path("stand/<uuid:pk>/vergleich.csv", differences.export, name="difference_csv"),
    path("stand/<uuid:pk>/bericht/", reports.order, name="report_order"),
    path("stand/<uuid:pk>/<slug:track>/<slug:metric>/", ledger.metric, name="metric"),
    path("bericht/<uuid:pk>/stand/", reports.status, name="report_status"),
    path("bericht/<uuid:pk>/pdf/", reports.download, name="report_download"),
    path("daten/", importing.index, name="imports"),
    path("daten/liste/", importing.index_status, name="imports_status"),
    path("daten/neu/", importing.upload, name="import_upload"),
    path("daten/<uuid:pk>/", importing.detail, name="import"),
    path("daten/<uuid:pk>/stand/", importing.detail_status, name="import_status"),
    path("daten/<uuid:pk>/importieren/", importing.commit, name="import_commit"),
    path("daten/<uuid:pk>/gute-zeilen/", importing.good_rows, name="import_good_rows"),
    path("daten/<uuid:pk>/verwerfen/", importing.discard, name="import_discard"),
    path("daten/<uuid:pk>/original/", importing.original, name="import_original"),
    path("daten/<uuid:pk>/spalten/", columns.edit, name="import_columns"),
    path("daten/<uuid:pk>/rueckgaengig/", undoing.undo, name="import_undo"),
    path("daten/spalten/<int:pk>/vergessen/", columns.forget, name="columns_forget"),
]
