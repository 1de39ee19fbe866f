"""The smallest book with everything that can go wrong, for the state machine: six points."""

from typing import Any

from cooperation import rule_books
from cooperation.models import RuleBook

TWO = {"de", "en"}


def _texts(**words: str) -> dict[str, str]:
    return {f"{name}_{language}": text for name, text in words.items() for language in TWO}


def _point(key: str, kind: str, **more: Any) -> dict[str, Any]:
    default = more.pop("default", None)
    return {
        "key": key,
        "kind": kind,
        "scope": "joint",
        "stage": "agreement",
        "required": True,
        "fast_track": "ask" if default is None else "default",
        "default": {"value": default, **_texts(text="As the book says")},
        **_texts(question=f"What about {key}?", help="Say it."),
        **more,
    }


def _choices(*keys: str) -> list[dict[str, str]]:
    return [{"key": key, "de": key, "en": key} for key in keys]


CONTENT: dict[str, Any] = {
    "schema_version": 1,
    "key": "small",
    "version": "1",
    "languages": ["de", "en"],
    **_texts(title="Small", provenance="Own words"),
    "preamble": {"de": "So", "en": "So"},
    "fast_track": _texts(statement="In its spirit", meaning="Defaults apply"),
    "rules": [
        {
            "number": 1,
            "key": "all",
            **_texts(short="All", title="All of it", principle="Be fair"),
            "points": [
                _point(
                    "model", "choice", stage="exploratory", options=_choices("own", "fee", "rates")
                ),
                _point("lead", "choice", options_from="partners"),
                _point("goal", "text", scope="per_partner", stage="exploratory"),
                _point("exclusive", "yes_no_note", default={"answer": "yes"}),
                _point(
                    "fee",
                    "percent",
                    sensitivity="pairwise",
                    default="10.00",
                    visible_if={"point": "model", "equals": "fee"},
                ),
                _point(
                    "rates",
                    "money",
                    scope="per_partner",
                    sensitivity="pairwise",
                    rows=_choices("consultant"),
                    visible_if={"point": "model", "equals": "rates"},
                ),
                _point("remark", "text", required=False, fast_track="skip"),
            ],
        }
    ],
}


def load() -> RuleBook:
    return rule_books.save(rule_books.build(CONTENT), CONTENT)[0]
