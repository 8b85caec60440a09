"""The word lists that made-up people are drawn from: names, places, employers, tags."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A city with the first three digits of its ZIP codes and its state's area codes."""

    city: str
    state: str
    zip_prefix: str
    area_codes: tuple[int, ...]


_AREAS = {
    "AZ": (480, 520, 602, 623, 928),
    "CA": (
        209,
        213,
        310,
        323,
        408,
        415,
        510,
        530,
        559,
        562,
        619,
        626,
        650,
        661,
        707,
        714,
        760,
        805,
        818,
        916,
    ),
    "CO": (303, 719, 720, 970),
    "FL": (239, 305, 321, 352, 386, 407, 561, 727, 754, 772, 786, 813, 850, 863, 904, 941, 954),
    "GA": (229, 404, 470, 478, 678, 706, 762, 770, 912),
    "IL": (217, 224, 309, 312, 618, 630, 708, 773, 815, 847),
    "MA": (339, 351, 413, 508, 617, 774, 781, 857, 978),
    "MN": (218, 320, 507, 612, 651, 763, 952),
    "NC": (252, 336, 704, 828, 910, 919, 980),
    "NY": (212, 315, 347, 516, 518, 585, 607, 631, 646, 716, 718, 845, 914, 917),
    "OR": (458, 503, 541, 971),
    "PA": (215, 267, 412, 484, 570, 610, 717, 724, 814),
    "TN": (423, 615, 629, 731, 865, 901, 931),
    "TX": (
        210,
        214,
        254,
        281,
        325,
        361,
        409,
        430,
        432,
        469,
        512,
        682,
        713,
        806,
        817,
        830,
        832,
        903,
        915,
        956,
    ),
    "UT": (385, 435, 801),
    "WA": (206, 253, 360, 425, 509),
}

# Area codes of further states: people keep their mobile number when they move.
ELSEWHERE = (
    *(201, 203, 205, 207, 208, 219, 225, 228, 231, 234, 240, 248, 251, 256, 260, 269, 270, 276, 301, 302),
    *(304, 307, 308, 313, 314, 316, 317, 318, 319, 330, 334, 337, 401, 402, 405, 406, 410, 414, 417, 419),
    *(434, 440, 443, 479, 501, 502, 504, 505, 513, 515, 517, 540, 551, 563, 567, 571, 573, 574, 580, 586),
    *(601, 603, 605, 606, 608, 609, 614, 616, 620, 641, 660, 662, 701, 702, 703, 712, 715, 732, 734, 740),
    *(757, 765, 775, 785, 802, 803, 804, 808, 810, 812, 816, 843, 848, 856, 859, 860, 862, 864, 870, 906),
    *(907, 908, 913, 918, 920, 936, 937, 940, 947, 951, 972, 973, 979, 985, 989),
)

PLACES = tuple(
    Place(city, state, zip_prefix, _AREAS[state])
    for city, state, zip_prefix in (
        ("Boulder", "CO", "803"),
        ("Denver", "CO", "802"),
        ("Fort Collins", "CO", "805"),
        ("Colorado Springs", "CO", "809"),
        ("Austin", "TX", "787"),
        ("Dallas", "TX", "752"),
        ("San Antonio", "TX", "782"),
        ("Waco", "TX", "767"),
        ("Phoenix", "AZ", "850"),
        ("Tucson", "AZ", "857"),
        ("San Diego", "CA", "921"),
        ("Sacramento", "CA", "958"),
        ("Fresno", "CA", "937"),
        ("Oakland", "CA", "946"),
        ("Tampa", "FL", "336"),
        ("Orlando", "FL", "328"),
        ("St. Petersburg", "FL", "337"),
        ("Atlanta", "GA", "303"),
        ("Savannah", "GA", "314"),
        ("Chicago", "IL", "606"),
        ("Springfield", "IL", "627"),
        ("Worcester", "MA", "016"),
        ("Cambridge", "MA", "021"),
        ("Minneapolis", "MN", "554"),
        ("Duluth", "MN", "558"),
        ("Raleigh", "NC", "276"),
        ("Winston-Salem", "NC", "271"),
        ("Buffalo", "NY", "142"),
        ("Albany", "NY", "122"),
        ("Portland", "OR", "972"),
        ("Eugene", "OR", "974"),
        ("Pittsburgh", "PA", "152"),
        ("Nashville", "TN", "372"),
        ("Knoxville", "TN", "379"),
        ("Salt Lake City", "UT", "841"),
        ("Provo", "UT", "846"),
        ("Seattle", "WA", "981"),
        ("Spokane", "WA", "992"),
        ("Coeur d'Alene Park", "WA", "992"),
    )
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _words(
    "Abigail Adam Alice Amara Amy Andre Angela Anthony Ashley Beatrice Benjamin Bianca Brandon "
    "Brenda Brian Caleb Camila Carla Carmen Charlotte Chloe Clara Connor Curtis Cynthia Daniel "
    "Darius Deborah Denise Derek Diana Dominic Dylan Edith Eleanor Elena Elijah Emily Emma Eric "
    "Esther Ethan Evelyn Felix Fiona Frances Gabriel Gloria Grace Grant Hannah Harold Harper "
    "Hazel Heidi Henry Holly Howard Ian Imani Irene Isaac Isabel Jackson Jada Jason Jasmine "
    "Jerome Joanna Joel Jordan Joyce Julia Julian Karen Keith Kendra Kevin Kimberly Lamar Laura "
    "Leah Leonard Lillian Linda Logan Louis Lucas Lydia Mabel Malcolm Marcus Margaret Maria "
    "Martin Mason Maya Megan Melissa Miguel Mildred Miriam Monica Nadia Naomi Nathan Neil Nicole "
    "Noah Nora Olivia Omar Oscar Paige Pamela Patrick Paula Peter Philip Priya Rachel Ralph "
    "Ramona Raymond Rebecca Renee Rhonda Rosa Ruben Ruth Samuel Sandra Selena Shane Sheila Simon "
    "Sofia Stanley Stella Sylvia Tamara Terrence Theresa Tiffany Tobias Tyler Ursula Valerie "
    "Vanessa Vera Victor Vincent Vivian Walter Wanda Wendell Wesley Whitney Yolanda Yvonne "
    "Zachary Zoe"
)
PARTNERS = ("Mary Ann", "Jean-Paul", "Anna Lee", "D'Andre", "J.", "Mary-Kate", "Jo Ann", "R. J.")

LAST = _words(
    "Abernathy Acevedo Aldridge Ashworth Baldwin Ballard Barlow Barrera Bautista Beaumont Becker "
    "Bellamy Bennett Birch Blackwood Blanchard Bowman Bradford Briggs Brockway Cabrera Caldwell "
    "Camden Cardenas Carlisle Carver Castillo Chandler Chatham Clifton Colby Conway Cordova "
    "Crandall Crosby Dalton Danforth Delgado Denholm Dixon Donnelly Dorsey Draper Dunbar Eastman "
    "Ellison Emerson Espinoza Everett Fairbanks Farrow Fenwick Figueroa Finley Fletcher Foley "
    "Forsythe Gallagher Galloway Garrison Gibbs Goodwin Granger Greaves Guerrero Hadley Halloway "
    "Hammond Harlow Hastings Hathaway Hendricks Herrera Holbrook Hollis Holloway Huffman Ingram "
    "Irving Jansen Jarvis Kearney Keller Kendall Kirby Kowalski Lambert Langford Larkin Lawson "
    "Lockwood Lombardi Maddox Maldonado Marsh Mayfield Meadows Mercer Merritt Montoya Morrow "
    "Nakamura Navarro Newell Norwood Oakley Odom Okafor Orozco Ortega Osborn Palmer Parrish Patel "
    "Pemberton Pennington Pereira Prescott Quigley Quinn Radcliffe Ramsey Redmond Rhodes Rivera "
    "Rowland Salazar Sandoval Sawyer Schroeder Serrano Sheffield Sinclair Solis Stafford Stanton "
    "Sterling Stokes Sullivan Sutton Talbot Tanaka Thackeray Thornton Tillman Townsend Trujillo "
    "Underwood Valdez Vasquez Vaughn Wainwright Walsh Warrick Weaver Webster Whitaker Whitfield "
    "Wilder Winslow Woodard Yamamoto Yates Zamora Zimmerman"
)

# Spellings that break naive splitting, folding and title-casing.
HARD_LAST = (
    *("O'Brien", "O’Malley", "D'Angelo", "van der Berg", "Van Houten", "de la Cruz", "von Hallberg"),
    *(
        "McAllister",
        "MacIntyre",
        "St. Clair",
        "Di Marco",
        "Ben-Ami",
        "Garcia-Lopez",
        "le Fevre",
        "Smith Jones",
    ),
)
SUFFIXES = ("Jr.", "Sr.", "II", "III", "Esq.", "PhD")

UNICODE = (
    ("José", "Peña"),
    ("Zoë", "Brontëfield"),
    ("Łukasz", "Wiśniewski"),
    ("Søren", "Østergård"),
    ("Þóra", "Jónsdóttir"),
    ("Chloé", "Lefèvre"),
    ("Jürgen", "Müllerstein"),
    ("Nguyễn", "Thị Hồng"),
    ("Şule", "Yıldızoğlu"),
    ("Анна", "Петрова"),
    ("Ελένη", "Παππά"),
    ("李", "伟芳"),
    ("さくら", "山本"),
    ("مريم", "الخطيب"),
    ("Bjo\u0308rn", "A\u030angstro\u0308m"),  # letters with combining marks (NFD), as some exports write them
    ("Siobhán", "Ó Súilleabháin"),
    ("Đorđe", "Živković"),
    ("Aṣa", "Ọlátúnjí"),
)

LONG = (
    ("Maximiliana Alexandrina Josephine", "Featherstonehaugh-Cholmondeley-Warrington"),
    ("Wolfeschlegelsteinhausen", "Bergerdorffhausen-Hohenzollernbach"),
    ("Christopher Bartholomew Nathaniel", "Montgomery de la Fontaine y Villanueva-Castellanos"),
)

STREETS = (
    *(
        "Elm St",
        "Oak Ave",
        "Maple Dr",
        "Cedar Ln",
        "Pine Ridge Rd",
        "Lakeview Blvd",
        "Sunset Ct",
        "Mill Pond Way",
    ),
    *(
        "Highland Ave",
        "Juniper Cir",
        "Willow Creek Dr",
        "N 5th St",
        "Old Post Rd",
        "Prairie View Ter",
        "Canyon Rd",
    ),
)
UNITS = ("", "", "", "", " Apt 4B", " Unit 12", " #203", " Suite 100")

COMPANIES = (
    *("Blue Door Realty LLC", "Cedar & Stone Builders", "Harborlight Title Co.", "Northgate Mortgage Group"),
    *("Sunny Acres Staging", "Fieldstone Property Mgmt, Inc.", "Riverbend Dental", "Juniper Lane Bakery"),
    *("Copper Kettle Cafe", "Summit Ridge Engineering", "Lark & Wren Interiors", "Bright Path Tutoring"),
    *("Mesa Verde Landscaping", "Tidewater Insurance Partners", "O'Dell & Sons Roofing", "Atelier Édouard"),
    *("Granite Peak Outfitters", "Willow Street Pharmacy", "Fourth Wall Theater", "Pinnacle HOA Services"),
)

# Tag, and how often a person carries it.
TAGS = (
    ("buyer", 0.34),
    ("seller", 0.22),
    ("past client", 0.18),
    ("open house", 0.16),
    ("newsletter", 0.30),
    ("investor", 0.05),
    ("first-time buyer", 0.06),
    ("relocation", 0.03),
    ("VIP", 0.02),
    ("vendor / partner", 0.02),
    ("hot lead", 0.04),
)
REZORA_LISTS = ("Newsletter", "Past clients", "Open house guests", "Holiday cards")
SOURCES = (
    *("Website form", "Open house", "Referral", "Listing portal", "Facebook ad", "Sign call", "CSV import"),
    *("Past client", ""),
)
EMAIL_PROVIDERS = ("example.com", "example.com", "example.org", "example.net")
PLUS_WORDS = ("homes", "realestate", "listing", "house", "2025")
