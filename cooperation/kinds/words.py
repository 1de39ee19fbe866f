"""Words that end up in a frozen agreement, in both languages.

They are data and not gettext: what was signed must not depend on a compiled catalogue, and a frozen
version holds both languages at once.
"""

from decimal import Decimal

from cooperation.book import Text

YES_NO = {"yes": Text("Ja", "Yes"), "no": Text("Nein", "No")}

UNITS = {  # unit: (one, many)
    "hours": (Text("Stunde", "hour"), Text("Stunden", "hours")),
    "working_days": (Text("Arbeitstag", "working day"), Text("Arbeitstage", "working days")),
    "days": (Text("Tag", "day"), Text("Tage", "days")),
    "calendar_days": (Text("Kalendertag", "calendar day"), Text("Kalendertage", "calendar days")),
    "weeks": (Text("Woche", "week"), Text("Wochen", "weeks")),
    "months": (Text("Monat", "month"), Text("Monate", "months")),
    "years": (Text("Jahr", "year"), Text("Jahre", "years")),
}
DURATION_UNITS = ("hours", "working_days", "days", "weeks", "months", "years")
DEADLINE_UNITS = ("working_days", "calendar_days")

RACI = {
    "R": Text("R (erledigt)", "R (responsible)"),
    "A": Text("A (verantwortet)", "A (accountable)"),
    "C": Text("C (berät)", "C (consulted)"),
    "I": Text("I (wird informiert)", "I (informed)"),
    "AR": Text("A/R (verantwortet und erledigt)", "A/R (accountable and responsible)"),
    "-": Text("–", "–"),
}
LETTERS = tuple(RACI)

SIGNING_DATE = Text("mit der letzten Unterschrift", "with the last signature")
THREE_MONTHS_LATER = Text("drei Monate nach Beginn", "three months after the start")
OPEN_END = Text("Ende des Projekts", "end of the project")
BEGINS = Text("Beginn", "Start")
ENDS = Text("Ende", "End")
REVIEW = Text("Erste gemeinsame Prüfung", "First joint review")
NO_REVIEW = Text("kein Termin vereinbart", "no date agreed")

NONE_CHOSEN = Text("Nichts davon", "None of these")
UNKNOWN = Text("nicht mehr beteiligt", "no longer involved")
NET = Text("netto", "net")
LEVEL = Text("Stufe", "Level")
WHO = Text("Wer", "Who")
CALLED = Text("Rolle", "Role")
DEADLINE = Text("Frist", "Deadline")
TASK = Text("Aufgabe", "Task")
FIRM = Text("Firma", "Firm")
SHARE = Text("Anteil", "Share")
ITEM = Text("Position", "Item")
AMOUNT = Text("Betrag", "Amount")
PERSON = Text("Person", "Person")
EMAIL = Text("E-Mail", "Email")
PHONE = Text("Telefon", "Phone")
DEPUTY = Text("Vertretung", "Deputy")
EQUALLY = Text("Zu gleichen Teilen", "In equal shares")
LEAD_RULE = Text(
    "Der führende Partner verantwortet und erledigt alle Zeilen, bis sie aufgeteilt werden.",
    "The lead is accountable and responsible for all rows until they are spread out.",
)
LEAD_RULE_CONTRACT = Text(
    "Der führende Partner verantwortet und erledigt alle Zeilen, bis sie aufgeteilt werden; der "
    "Vertragspartner verantwortet die Zeilen seines Vertrags.",
    "The lead is accountable and responsible for all rows until they are spread out; the contract "
    "partner is accountable for the rows of its contract.",
)

# From when a changed text holds.
EFFECTIVE = Text(
    "ab {day}, frühestens mit der letzten Unterschrift",
    "from {day}, at the earliest with the last signature",
)

# Active codes of ISO 4217 that a price can be in (no funds, metals or test codes).
CURRENCIES = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN "
    "BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL "
    "GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF "
    "KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD "
    "SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG".split()
)


def number(value: Decimal | str, language: str) -> str:
    """A decimal as it is written in ``language``: 1.234,50 or 1,234.50."""
    english = f"{Decimal(value):,}"
    if not language.startswith("de"):
        return english
    return english.translate(str.maketrans(",.", ".,"))


def percent(value: Decimal | str, language: str) -> str:
    written = number(value, language)
    return f"{written} %" if language.startswith("de") else f"{written}%"


def duration(count: int, unit: str, language: str) -> str:
    one, many = UNITS[unit]
    return f"{count} {(one if count == 1 else many).in_language(language)}"


def day(iso: str, language: str) -> str:
    """An ISO day in words: 21.11.2026 or 21 Nov 2026."""
    year, month, number_of_day = iso.split("-")
    if language.startswith("de"):
        return f"{number_of_day}.{month}.{year}"
    names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    return f"{int(number_of_day)} {names[int(month) - 1]} {year}"
