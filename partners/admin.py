from django.contrib import admin

from partners.models import Membership, Partner, PartnerContact, User


class MembershipInline(admin.TabularInline[Membership, Partner]):
    model = Membership
    extra = 0


class ContactInline(admin.TabularInline[PartnerContact, Partner]):
    model = PartnerContact
    extra = 0


@admin.register(Partner)
class PartnerAdmin(admin.ModelAdmin[Partner]):
    list_display = ["name", "city", "federal_state", "signing_rule", "is_active"]
    list_filter = ["federal_state"]
    search_fields = ["name", "legal_name", "city"]
    inlines = [MembershipInline, ContactInline]


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    list_display = ["email", "name", "is_active", "is_staff"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "language", "is_active", "is_staff"]
