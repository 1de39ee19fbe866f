from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScoringConfig(AppConfig):
    name = "scoring"
    verbose_name = _("Scoring")

    def ready(self) -> None:
        from partners import cards  # noqa: PLC0415 -- apps are loaded before
        from partners.cards import Place  # noqa: PLC0415
        from scoring import disclosure_cards, firm_events  # noqa: F401, PLC0415 -- registers kinds

        stylesheet = "scoring/together.css"
        cards.register(Place.LINE, disclosure_cards.lines, stylesheet=stylesheet)
        cards.register(Place.FIRM, disclosure_cards.firm_page, stylesheet=stylesheet)
        cards.register(Place.PROFILE, disclosure_cards.profile, stylesheet=stylesheet)
        self._declare()

    def _declare(self) -> None:
        from partners.privacy import archive_tables, registry  # noqa: PLC0415
        from scoring import archive_tables as own  # noqa: PLC0415
        from scoring import privacy  # noqa: PLC0415

        registry.register(privacy.ACTIVITIES, privacy.HELD)
        archive_tables.register(own.TABLES)

        from partners.privacy import erasure, retention  # noqa: PLC0415
        from scoring import erasing, keeping  # noqa: PLC0415

        erasure.register(erasing.PART)
        retention.register(keeping.RULES)
