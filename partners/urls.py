from django.urls import path

from partners import views

app_name = "partners"
urlpatterns = [
    path("", views.directory_list, name="directory"),
    path("firma/", views.profile, name="profile"),
    path("firma/bearbeiten/", views.profile_edit, name="profile_edit"),
    path("personen/", views.people_list, name="people"),
    path("personen/neu/", views.person_add, name="person_add"),
    path("personen/<uuid:pk>/", views.person_edit, name="person_edit"),
    path("personen/<uuid:pk>/austritt/", views.person_leave, name="person_leave"),
    path("personen/<uuid:pk>/einladung/", views.person_welcome, name="person_welcome"),
    path("ich/", views.account, name="account"),
    path("ich/kennwort/", views.PasswordChange.as_view(), name="password_change"),
    path("<uuid:pk>/", views.firm_detail, name="firm_detail"),
]
