from django.urls import URLPattern

app_name = "documents"
# Pages and downloads live in the rooms that order documents: only they know who may see one.
urlpatterns: list[URLPattern] = []
