"""The four firms of the demo, their people, and the customers in their Partner Center files.

All of them are invented. The addresses end in ``.example``, which nobody can register.
"""

from dataclasses import dataclass, field

from config.demo.usage import LAST, Certified, Customer, Service

PASSWORD = "Handschlag-Demo-1"  # noqa: S105 -- shown on the console, for the demo only

MS900 = "Microsoft 365 Certified: Fundamentals"
MS700 = "Microsoft 365 Certified: Teams Administrator Associate"
MD102 = "Microsoft 365 Certified: Endpoint Administrator Associate"
SC300 = "Microsoft Certified: Identity and Access Administrator Associate"
MS102 = "Microsoft 365 Certified: Administrator Expert"
AZ104 = "Microsoft Certified: Azure Administrator Associate"


@dataclass(frozen=True)
class Human:
    name: str
    email: str
    title: str
    roles: tuple[str, ...]
    may_sign: bool = False
    hint: str = ""  # what to look at when signed in as this person; shown with the password


@dataclass(frozen=True)
class Firm:
    slug: str
    name: str
    legal_name: str
    register_number: str
    city: str
    federal_state: str
    website: str
    mpn_id: str
    competences: tuple[str, ...]
    about: str
    signing_rule: str
    people: tuple[Human, ...]
    customers: tuple[Customer, ...] = ()
    certified: tuple[Certified, ...] = ()
    certified_before: tuple[Certified, ...] = ()  # in an earlier file: who has left, who is new
    claims: tuple[tuple[str, str, str], ...] = ()  # customer, workload, state: not approved
    contacts: tuple[tuple[str, str, str, str], ...] = field(default=())


def customer(
    name: str,
    seats: int,
    then: int,
    now: int,
    workloads: str,
    attribution: str,
    *,
    since: int = 0,
    until: int = LAST,
    market: str = "DE",
) -> Customer:
    """A customer with the same seats in each of ``workloads``; users in per cent of the seats.

    Every further workload stands a tenth behind the one before it, as adoption usually does.
    """
    services = []
    for behind, workload in enumerate(workloads.split(", ")):
        share = 1 - behind / 10
        services.append(
            Service(
                workload=workload,
                attribution=attribution,
                seats=seats,
                then=round(seats * then * share / 100),
                now=round(seats * now * share / 100),
                since=since,
                until=until,
            )
        )
    return Customer(name, tuple(services), market)


BRUECKNER = Firm(
    slug="brueckner",
    name="Brückner & Sohn IT",
    legal_name="Brückner & Sohn IT GmbH",
    register_number="HRB 48 117, Amtsgericht Köln",
    city="Köln",
    federal_state="NW",
    website="https://brueckner-it.example",
    mpn_id="6120481",
    competences=("modern_work", "security"),
    about=(
        "Systemhaus in zweiter Generation, 42 Menschen. Microsoft 365 für Mittelstand und Kommunen "
        "im Rheinland, vom ersten Postfach bis zum betreuten Arbeitsplatz."
    ),
    signing_rule="alone",
    people=(
        Human(
            "Jana Brückner",
            "jana@brueckner-it.example",
            "Geschäftsführerin",
            ("admin", "partner_manager"),
            may_sign=True,
            hint="signs for Brückner & Sohn: one agreement waits for her",
        ),
        Human("Tobias Kern", "tobias@brueckner-it.example", "Partnermanager", ("partner_manager",)),
        Human("Aylin Demir", "aylin@brueckner-it.example", "Projektleiterin", ("project_lead",)),
        Human("Ruth Hagen", "ruth@brueckner-it.example", "Datenschutzbeauftragte", ("specialist",)),
        Human("Paul Brückner", "paul@brueckner-it.example", "Beirat", ("observer",)),
    ),
    customers=(
        customer("Stadtwerke Lüdenau", 240, 42, 78, "Exchange, Teams, SharePoint", "CSP Tier 2"),
        customer("Gerber Verpackungen KG", 120, 30, 62, "Exchange, Teams", "CSP Tier 2"),
        customer("Caritas Wiehltal", 210, 28, 55, "Exchange, Teams, SharePoint", "CSP Tier 2"),
        customer("Autohaus Pelzer", 64, 51, 70, "Exchange, Teams", "CSP Tier 1"),
        customer("Kanzlei Voss", 38, 61, 84, "Exchange, Microsoft365Apps", "CSP Tier 1"),
        customer("Bäckerei Theisen", 46, 22, 34, "Exchange, Teams", "CSP Tier 2"),
        customer("Metallbau Overath", 85, 35, 66, "Exchange, Teams, Intune", "CSP Tier 2"),
        customer("Praxisverbund Rhein-Sieg", 72, 38, 59, "Exchange, Teams", "CSP Tier 1"),
        customer("Weingut Sonnenhang", 10, 60, 80, "Exchange", "CSP Tier 1"),
        customer("Sportverein Deutz 08", 24, 20, 29, "Exchange, Teams", "CSP Tier 2"),
        customer("Spedition Lohmar", 310, 40, 52, "Exchange, Teams", "CSP Tier 2"),
        customer("Hartmann Messtechnik", 150, 26, 58, "Teams, SharePoint", "CPOR"),
        customer("Diakonie Bergisch Land", 180, 24, 48, "Exchange, Teams, Viva Engage", "CPOR"),
        customer("Möbelhaus Adler", 60, 45, 40, "Exchange", "CSP Tier 2", until=6),
        customer("Gemeinde Hellenrath", 95, 21, 57, "Exchange, Teams", "CSP Tier 2", since=4),
        customer("Zahnlabor Brandt", 22, 55, 73, "Exchange", "CSP Tier 1", since=5),
        customer("Ingenieurbüro Falke", 34, 30, 68, "Exchange, Teams", "CSP Tier 2", since=6),
        customer("Tierklinik Siebengebirge", 28, 36, 61, "Exchange, Teams", "CSP Tier 2", since=7),
        customer("Musikschule Südstadt", 18, 44, 67, "Teams", "CSP Tier 2", since=9),
        customer("Holzwerk Eifel", 110, 47, 63, "Exchange, Teams", "CPOR", since=8),
        customer("Steuerbüro Lindner", 16, 50, 75, "Exchange", "CSP Tier 1", since=11),
    ),
    certified=(
        Certified("Aylin Demir", "aylin@brueckner-it.example", MS700, 210),
        Certified("Tobias Kern", "tobias@brueckner-it.example", SC300, 95),
        Certified("Tobias Kern", "tobias@brueckner-it.example", MS900, 1700, None),
        Certified("Mira Sander", "mira@brueckner-it.example", MS102, 275),
        Certified("Mira Sander", "mira@brueckner-it.example", MD102, 540),
        Certified("Jonas Weil", "jonas@brueckner-it.example", AZ104, 305),
        Certified("Petra Ahrens", "petra@brueckner-it.example", MS700, 320, is_linked=False),
    ),
    certified_before=(
        Certified("Tobias Kern", "tobias@brueckner-it.example", SC300, 95),
        Certified("Mira Sander", "mira@brueckner-it.example", MS102, 275),
        Certified("Petra Ahrens", "petra@brueckner-it.example", MS700, 320),
    ),
    claims=(
        ("Gemeinde Hellenrath", "Exchange", "Partner action required"),
        ("Ingenieurbüro Falke", "Teams", "Submitted"),
        ("Metallbau Overath", "Exchange", "Under review"),
        ("Caritas Wiehltal", "SharePoint", "Rejected"),
    ),
    contacts=(
        ("Partnerschaften", "Tobias Kern", "tobias@brueckner-it.example", "+49 221 5550 12"),
        ("Datenschutzbeauftragte", "Ruth Hagen", "ruth@brueckner-it.example", "+49 221 5550 19"),
    ),
)

LINDENHOF = Firm(
    slug="lindenhof",
    name="Lindenhof Systemhaus",
    legal_name="Lindenhof Systemhaus AG",
    register_number="HRB 112 904, Amtsgericht Hamburg",
    city="Hamburg",
    federal_state="HH",
    website="https://lindenhof.example",
    mpn_id="1048227",
    competences=("modern_work", "security", "infrastructure", "data_ai"),
    about=(
        "620 Menschen an sieben Standorten. Große Einführungen für Industrie und Handel, eigener "
        "Betrieb rund um die Uhr. Arbeitet gern mit Häusern zusammen, die näher am Kunden sind."
    ),
    signing_rule="two_jointly",
    people=(
        Human(
            "Dr. Henrik Thomsen",
            "henrik@lindenhof.example",
            "Vorstand",
            ("admin",),
            may_sign=True,
            hint="signs for Lindenhof, jointly with Sabine Ortmann",
        ),
        Human(
            "Sabine Ortmann", "sabine@lindenhof.example", "Prokuristin", ("partner_manager",), True
        ),
        Human("Marek Nowak", "marek@lindenhof.example", "Projektleiter", ("project_lead",)),
        Human("Ines Kaya", "ines@lindenhof.example", "Lizenzen und Finanzen", ("specialist",)),
        Human("Georg Lüders", "georg@lindenhof.example", "Revision", ("observer",)),
    ),
    customers=(
        customer("Hansa Maschinenbau SE", 2400, 51, 63, "Exchange, Teams, SharePoint", "CPOR"),
        customer("Nordmilch Handels AG", 1850, 33, 47, "Exchange, Teams", "CPOR"),
        customer("Klinikverbund Elbtal", 3200, 48, 52, "Exchange, Teams", "DPOR"),
        customer("Reederei Petersen", 640, 57, 58, "Exchange, Teams, Intune", "CPOR"),
        customer("Versicherung am Wall", 1100, 62, 66, "Exchange, Teams, Viva Engage", "DPOR"),
        customer("Baustoffe Hinrichs", 420, 36, 45, "Exchange, Teams", "CPOR"),
        customer("Universität Wismark", 5200, 44, 46, "Teams, SharePoint", "DPOR"),
        customer("Energie Holstein", 760, 39, 60, "Exchange, Teams", "CPOR", since=3),
        customer("Kaffeerösterei Brahms", 350, 31, 55, "Exchange, Teams", "CPOR", since=4),
        customer("Landkreis Osterheide", 980, 28, 43, "Exchange, Teams", "CPOR", since=6),
        customer("Druckhaus Lübeck", 330, 35, 36, "Exchange", "DPOR", since=8),
        customer("Werft Blohmstedt", 510, 47, 50, "Exchange, Teams", "CPOR", until=7),
        customer("Fischkontor Nord", 140, 40, 61, "Exchange, Teams", "CPOR"),
    ),
    certified=(
        Certified("Marek Nowak", "marek@lindenhof.example", MS700, 255),
        Certified("Lea Winkler", "lea@lindenhof.example", MD102, 200),
        Certified("Sven Albers", "sven@lindenhof.example", SC300, 336),
        Certified("Nadine Groth", "nadine@lindenhof.example", MD102, 62),
        Certified("Nadine Groth", "nadine@lindenhof.example", MS900, 1890, None),
        Certified("Lea Winkler", "lea@lindenhof.example", MS102, 151),
        Certified("Omar Said", "omar@lindenhof.example", MS102, 227),
    ),
    contacts=(
        ("Partnerschaften", "Sabine Ortmann", "sabine@lindenhof.example", "+49 40 5550 310"),
    ),
)

ISARWERK = Firm(
    slug="isarwerk",
    name="Isarwerk Cloud",
    legal_name="Isarwerk Cloud GmbH",
    register_number="HRB 267 330, Amtsgericht München",
    city="München",
    federal_state="BY",
    website="https://isarwerk.example",
    mpn_id="4473901",
    competences=("modern_work", "data_ai", "business_applications"),
    about=(
        "28 Menschen, ein Thema: wie Teams wirklich benutzt wird. Schulung, Einführung und "
        "Begleitung, meist im Auftrag anderer Häuser."
    ),
    signing_rule="alone",
    people=(
        Human(
            "Katharina Moll",
            "katharina@isarwerk.example",
            "Geschäftsführerin",
            ("admin", "partner_manager"),
            may_sign=True,
            hint="80 points and no designation: one metric stands at zero",
        ),
        Human("Felix Anders", "felix@isarwerk.example", "Projektleiter", ("project_lead",)),
        Human("Dilan Aksoy", "dilan@isarwerk.example", "Beraterin", ("specialist",)),
        Human("Uwe Steger", "uwe@isarwerk.example", "Buchhaltung", ("observer",)),
    ),
    customers=(
        customer("Brauerei Aumühle", 190, 31, 74, "Exchange, Teams, SharePoint", "CPOR"),
        customer("Landhaus Hotels Chiemgau", 130, 25, 68, "Exchange, Teams", "CPOR"),
        customer("Sanitär Obermaier", 75, 29, 71, "Exchange, Teams", "CPOR"),
        customer("Kinderklinik Isarau", 260, 33, 59, "Exchange, Teams, SharePoint", "CPOR"),
        customer("Planungsbüro Kranz", 44, 27, 66, "Exchange, Teams", "CPOR"),
        customer("Trachten Wimmer", 58, 34, 52, "Exchange, Teams", "CSP Tier 2"),
        customer("Molkerei Bergkristall", 90, 41, 63, "Exchange", "CSP Tier 2"),
        customer("Volkshochschule Ammertal", 35, 48, 57, "Teams", "CSP Tier 2"),
        customer("Seilbahn Hochalm", 52, 44, 50, "Exchange, Teams", "CSP Tier 2", until=8),
        customer("Buchhandlung Lehner", 19, 50, 50, "Exchange", "CSP Tier 1", until=5),
        customer("Solar Tegernsee", 31, 38, 64, "Exchange, Teams", "CSP Tier 2", since=5),
        customer("Notariat Hirschberg", 14, 57, 79, "Exchange", "CSP Tier 1", since=7),
    ),
    certified=(
        Certified("Felix Anders", "felix@isarwerk.example", MS700, 298),
        Certified("Dilan Aksoy", "dilan@isarwerk.example", MD102, 120),
        Certified("Dilan Aksoy", "dilan@isarwerk.example", MS900, 2376, None),
        Certified("Dilan Aksoy", "dilan@isarwerk.example", MS102, 101),
    ),
    contacts=(
        ("Partnerschaften", "Katharina Moll", "katharina@isarwerk.example", "+49 89 5550 70"),
    ),
)

FOERDEBLICK = Firm(
    slug="foerdeblick",
    name="Fördeblick Digital",
    legal_name="Fördeblick Digital UG (haftungsbeschränkt)",
    register_number="HRB 17 552, Amtsgericht Flensburg",
    city="Flensburg",
    federal_state="SH",
    website="https://foerdeblick.example",
    mpn_id="6990013",
    competences=("modern_work",),
    about="Fünf Menschen, im Frühjahr gegründet. Moderner Arbeitsplatz für Betriebe im Norden.",
    signing_rule="alone",
    people=(
        Human(
            "Lasse Petersen",
            "lasse@foerdeblick.example",
            "Gründer",
            ("admin", "partner_manager", "project_lead"),
            may_sign=True,
            hint="the newcomer: no data yet",
        ),
        Human("Wiebke Jensen", "wiebke@foerdeblick.example", "Gründerin", ("specialist",), True),
    ),
    contacts=(("Alles", "Lasse Petersen", "lasse@foerdeblick.example", "+49 461 5550 4"),),
)

FIRMS = (BRUECKNER, LINDENHOF, ISARWERK, FOERDEBLICK)
