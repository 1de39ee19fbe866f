from django.urls import path

from documents import views

app_name = "documents"
# The PDFs themselves are handed out by the rooms that order them: only they know who may see one.
urlpatterns = [
    path("pruefen/", views.check, name="check"),
    path("pruefen/wurzeln.pem", views.roots, name="roots"),
    path("pruefen/<str:code>/", views.check_code, name="check_code"),
]
