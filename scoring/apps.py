from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScoringConfig(AppConfig):
    name = "scoring"
    verbose_name = _("Scoring")

    def ready(self) -> None:
        from partners import cards  # noqa: PLC0415 -- apps are loaded before
        from partners.cards import Place  # noqa: PLC0415
        from scoring import disclosure_cards  # noqa: PLC0415

        stylesheet = "scoring/together.css"
        cards.register(Place.LINE, disclosure_cards.lines, stylesheet=stylesheet)
        cards.register(Place.FIRM, disclosure_cards.firm_page, stylesheet=stylesheet)
        cards.register(Place.PROFILE, disclosure_cards.profile, stylesheet=stylesheet)
