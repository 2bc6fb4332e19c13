"""Columns as districts send them: of identifiable cells, and of clean ones, drawn from a seed.

Names, streets and addresses of mail come from `faker` (in the extra `oracles`), not from the lists that look for them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

YEAR = 2024
Draw = Callable[[random.Random], str]


@dataclass(frozen=True)
class Column:
    """A column as a district sends it; `seeded` are the values that identify people."""

    kind: str
    header: str
    values: list[str]
    seeded: frozenset[str] = frozenset()


def _day(rng: random.Random, first: date, last: date, *, is_weekday: bool = False) -> date:
    while True:
        day = first + timedelta(days=rng.randrange((last - first).days + 1))
        if not is_weekday or day.weekday() < 5:
            return day


def identifiers() -> dict[str, Draw]:
    """Return the kinds of identifiable cells, each with how one is drawn."""
    from faker import Faker

    fakers = [(Faker("en_US"), 0.7), (Faker("es_MX"), 0.2), (Faker("en_IN"), 0.05), (Faker("vi_VN"), 0.05)]

    def whose(rng: random.Random):
        return rng.choices([f for f, _ in fakers], [w for _, w in fakers])[0]

    def seeded(draw: Callable[[random.Random], str]) -> Draw:
        def drawn(rng: random.Random) -> str:
            fake = whose(rng)
            fake.seed_instance(rng.randrange(2**32))
            return draw(rng, fake)  # type: ignore[call-arg]
        return drawn

    def street(rng: random.Random, fake) -> str:
        kind = rng.choices(["St", "Street", "Ave", "Avenue", "Rd", "Dr", "Ln", "Ct", "Blvd", "Way", "Cir", "Pl", "Ter",
                            "Trail", "Pkwy"], [20, 15, 15, 8, 10, 10, 8, 5, 3, 3, 3, 3, 1, 1, 1])[0]
        name = rng.choice([fake.last_name(), rng.choice(["Oak", "Maple", "Main", "1st", "12th", "Cedar", "Park"])])
        unit = rng.choice(["", "", "", f" Apt {rng.randint(1, 40)}", f" #{rng.randint(1, 40)}"])
        return f"{rng.randint(1, 9999)} {rng.choice(['', '', 'N ', 'SW ', 'E. '])}{name} {kind}{unit}"

    def phone(form: str) -> Draw:
        def drawn(rng: random.Random) -> str:
            area = rng.choice(["515", "515", "641", "712", "319", "203"])
            return form.format(area, f"{rng.randint(200, 999)}", f"{rng.randint(0, 9999):04d}")
        return drawn

    def social(form: str) -> Draw:
        return lambda rng: form.format(f"{rng.choice([n for n in range(1, 899) if n != 666]):03d}",
                                       f"{rng.randint(1, 99):02d}", f"{rng.randint(1, 9999):04d}")

    def born(form: str) -> Draw:
        def drawn(rng: random.Random) -> str:
            day = _day(rng, date(YEAR - 19, 9, 1), date(YEAR - 5, 8, 31))
            return day.strftime(form).replace("/0", "/").lstrip("0") if form == "%m/%d/%Y" else day.strftime(form)
        return drawn

    def elsewhere(form: str) -> Draw:
        return lambda rng: form.format(*(rng.choice(part.split("|")) for part in rng.choice(_ELSEWHERE)))

    told = ("{n} was sent to the nurse after lunch and his mother was called", "Spoke with mom, she will pick up {n}",
            "Student said that he hit {n} because he was pushed during recess",
            "{n} refused to leave the room and told the teacher that she would not do her work today",
            "Parent meeting held; father asked for a schedule change before winter break")
    return {
        "name: First Last": seeded(lambda rng, f: f"{f.first_name()} {f.last_name()}"),
        "name: Last, First": seeded(lambda rng, f: f"{f.last_name()}, {f.first_name()}"),
        "name: Last, First M.": seeded(lambda rng, f: f"{f.last_name()}, {f.first_name()} {f.first_name()[0]}."),
        "name: LAST FIRST": seeded(lambda rng, f: f"{f.last_name()} {f.first_name()}".upper()),
        "name: first last": seeded(lambda rng, f: f"{f.first_name()} {f.last_name()}".lower()),
        "name: from elsewhere, First Last": elsewhere("{} {}"),
        "name: from elsewhere, LAST, FIRST": lambda rng: elsewhere("{1}, {0}")(rng).upper(),
        "name: First": seeded(lambda rng, f: f.first_name()),
        "name: Last": seeded(lambda rng, f: f.last_name()),
        "social security number, dashes": social("{}-{}-{}"), "social security number, spaces": social("{} {} {}"),
        "social security number, bare": social("{}{}{}"),
        "e-mail": seeded(lambda rng, f: f.ascii_free_email()),
        "phone, dashes": phone("{}-{}-{}"), "phone, brackets": phone("({}) {}-{}"), "phone, points": phone("{}.{}.{}"),
        "phone, +1": phone("+1 {} {} {}"), "phone, bare": phone("{}{}{}"),
        "birth, ISO": born("%Y-%m-%d"), "birth, US": born("%m/%d/%Y"), "birth, two digits": born("%m/%d/%y"),
        "birth, compact": born("%Y%m%d"), "birth, 17-Apr-2011": born("%d-%b-%Y"),
        "birth, April 17, 2011": born("%B %d, %Y"),
        "address": seeded(street), "address, box": lambda rng: f"P.O. Box {rng.randint(1, 9999)}",
        "free text": seeded(lambda rng, f: rng.choice(told).format(n=f.first_name())),
    }


STREWN = ("name: First Last", "name: Last, First", "name: Last, First M.", "name: from elsewhere, First Last",
          "name: from elsewhere, LAST, FIRST", "social security number, dashes", "social security number, spaces",
          "social security number, bare", "e-mail", "phone, dashes", "phone, brackets", "phone, points", "phone, +1",
          "phone, bare", "birth, ISO", "birth, US", "birth, 17-Apr-2011", "birth, April 17, 2011", "address",
          "address, box", "free text")
"""Kinds that can be known from one cell alone, or from a number out of place; a surname can not."""

UNDECIDABLE = ("school name", "entry date over years", "id, 9 digits", "id, 9 digits in order", "id, 10 digits",
               "id, 10 digits by year")
"""Columns in which a person's name, a day of many years ago or such a number is what the column holds."""

_ELSEWHERE = (
    ("Pa Houa|Xiong|Tou|Mai See|Kao|Yer|Nhia", "Vang|Xiong|Yang|Lor|Thao|Moua|Vue"),
    ("Abdirahman|Hodan|Fadumo|Ayaan|Ifrah|Khadra", "Warsame|Abdi|Hassan|Farah|Jama|Omar|Mohamed"),
    ("Thi Hoa|Van Minh|Ngoc Anh|Quoc Bao|Phuong|Linh", "Nguyen|Tran|Le|Pham|Huynh|Hoang|Phan"),
    ("Xiaoming|Yuhan|Zihao|Jingyi|Mei-Ling|Haoran", "Wang|Li|Zhang|Liu|Chen|Huang|Zhao"),
    ("Min-jun|Seo-yeon|Ji-hoon|Soo-min|Eun Ji", "Kim|Lee|Park|Choi|Kang|Yoon"),
    ("Aarav|Ananya|Venkata|Lakshmi|Sai Krishna|Harshitha", "Patel|Reddy|Sharma|Iyer|Subramanian|Singh|Gupta"),
    ("Eh Doh|Paw Htoo|Hser Ku|Naw Mu|Ler Moo", "Htoo|Wah|Soe|Aung"),
    ("Mohammed|Fatima|Noor|Zainab|Yousef", "Al-Hassan|El-Sayed|Khalil|Haddad|Mansour|Nasser"),
    ("María José|Juan Carlos|Ximena|Ángel|Yaretzi", "García López|Hernández|de la Cruz|Martínez-Ruiz|Peña|Núñez"),
    ("Sione|Tevita|Lesieli|Leilani", "Tupou|Fonoti|Kealoha|Tuiasosopo|Latu"),
)
"""Given names and surnames of families from elsewhere, as schools write them."""

_COURSES = ("Algebra I", "Algebra 2 Honors", "Biology", "AP Biology", "English 9", "English Language Arts 6",
            "World History", "US Government", "Spanish II", "French I", "Physical Education", "Band", "Concert Choir",
            "Art I", "Ceramics", "Introduction to Computer Science", "Pre-Calculus", "Geometry", "Chemistry",
            "Culinary Arts I", "Health", "Christian Ethics", "Grant Writing", "Music Appreciation",
            "Welding Technology", "Child Development", "Personal Finance", "Summer Bridge Math", "German III",
            "American Literature", "AP US History", "Robotics",
            "Introduction to the Theory and Practice of Music in the Modern World", "Journalism", "Drama", "Speech",
            "Marketing, Introductory", "Accounting, Advanced", "Algebra, Honors", "Biology, General", "Small Engines")
_SCHOOLS = ("Lincoln Elementary", "Washington Middle School", "Roosevelt High School",
            "Martin Luther King Jr Elementary", "Cesar Chavez Academy", "Rosa Parks", "George Washington", "Hoover",
            "Jefferson", "North High", "Oak Grove", "St. Mary's", "Franklin Junior High", "Grant Wood Elementary",
            "Madison Heights", "Helen Keller", "Hillside", "Kennedy High School", "Mary McLeod Bethune Magnet",
            "Thomas Edison", "Central Campus", "Prairie Ridge")
_CITIES = ("Des Moines", "Ames", "Cedar Rapids", "Jackson", "Madison", "Austin", "Hartford", "New Haven", "Columbus",
           "Cleveland", "Dayton", "Ames, IA", "Clinton", "Mason City", "Charles City", "Marion", "Houston",
           "Jordan Creek")
_LANGUAGES = ("English", "Spanish", "Somali", "Vietnamese", "Arabic", "French", "German", "Karen", "Hmong", "Swahili",
              "Nepali", "Chinese, Mandarin", "Haitian Creole", "Portuguese", "Burmese", "Russian", "Bosnian", "Lao")
_RACES = ("White", "Black or African American", "Hispanic/Latino", "Asian", "American Indian or Alaska Native",
          "Native Hawaiian or Other Pacific Islander", "Two or More Races")
_ACTIONS = ("In-School Suspension", "Out-of-School Suspension", "Detention", "Expulsion", "Conference with Parent",
            "Removal to an Interim Alternative Educational Setting by School Personnel", "Restorative Conference",
            "Bus Suspension", "Loss of Privileges", "Referral to Law Enforcement", "Saturday School")
_BEHAVIORS = ("Fighting", "Physical Assault", "Disruption", "Insubordination", "Tobacco/Vaping", "Weapon, Other",
              "Bullying", "Theft", "Vandalism", "Dress Code", "Harassment, Sexual", "Attendance", "Drugs, Illicit",
              "Alcohol")
_DISABILITIES = ("Specific Learning Disability", "Speech or Language Impairment", "Autism", "Other Health Impairment",
                 "Emotional Disturbance", "Intellectual Disability", "Hearing Impairment", "Multiple Disabilities")


_PROGRAMS = ("Big Brothers Big Sisters", "Boys & Girls Club", "Check & Connect", "City Year", "Girls on the Run",
             "AVID", "Jobs for America's Graduates", "Leader in Me", "Project Lead the Way", "Reading Recovery",
             "Al's Pals", "Wilson Reading", "Fountas & Pinnell", "Orton-Gillingham", "Lucy Calkins Units of Study",
             "Saxon Math", "Zones of Regulation", "Second Step", "Carl D. Perkins", "McKinney-Vento")
_TESTS = ("MAP Growth Reading", "DIBELS", "WIDA ACCESS", "Iowa Assessments", "Woodcock-Johnson", "Stanford-Binet",
          "Gates-MacGinitie", "Terra Nova", "Raven's Matrices", "Naglieri", "Vineland", "Peabody Picture Vocabulary")
_COLLEGES = ("Drake University", "Howard University", "Luther College", "William Penn University", "Grinnell College",
             "Franklin Pierce University", "Kirkwood Community College", "Job Corps", "Undecided", "Gap Year")
_COUNTIES = ("Polk County", "Story County", "Jefferson Davis Parish", "St. Mary Parish", "Prince George's County",
             "Van Buren County", "Carroll County", "Henry County")
_ITEMS = ("My teacher explains things in a way I understand.", "Students here treat me with respect.",
          "There is an adult at school I can talk to when I have a problem.",
          "When I make a mistake, my teacher helps me learn from it.", "Adults at this school care about me.")
_MASCOTS = ("Bulldogs", "Roughriders", "Cross Country", "Chess Club", "Student Council", "Mock Trial",
            "Knitting Circle", "Ultimate Frisbee", "Track and Field")


def clean() -> dict[str, tuple[tuple[str, ...], Draw]]:
    """Return the kinds of clean columns: headers and how a cell is drawn."""
    def one(options: tuple[str, ...]) -> Draw:
        return lambda rng: rng.choice(options)

    def digit(rng: random.Random) -> int:
        return rng.randint(1, 9)

    def event(form: str, years: int) -> Draw:
        return lambda rng: _day(rng, date(YEAR - years, 7, 1), date(YEAR, 6, 30), is_weekday=True).strftime(form)

    return {
        "id, 7 digits": (("Student Number", "Local ID", "PermNum"), lambda rng: f"{rng.randint(0, 9999999):07d}"),
        "id, 9 digits": (("State ID", "SSID", "UID"), lambda rng: f"{rng.randint(10**8, 10**9 - 1)}"),
        "id, 9 digits in order": (("StateID", "Record"), lambda rng: f"{100000000 + rng.randint(0, 400000)}"),
        "id, 10 digits": (("State Student ID", "SASID"), lambda rng: f"{rng.randint(10**9, 10**10 - 1)}"),
        "id, 10 digits by year": (("Case ID", "Log"),
                                  lambda rng: f"20{rng.randint(20, 24)}{rng.randint(0, 999999):06d}"),
        "id, letters": (("EMIS ID", "Key"),
                        lambda rng: f"{rng.choice('ABC')}{rng.choice('XYZ')}{rng.randint(1, 9999999):07d}"),
        "id, dashes": (("Incident No", "Ref"), lambda rng: f"{YEAR}-{rng.randint(1, 99999):05d}"),
        "uuid": (("SourcedId", "GUID"), lambda rng: f"{rng.getrandbits(128):032x}"),
        "school number": (("School", "Bldg", "Sch"), lambda rng: f"{rng.randint(100, 140)}"),
        "ncessch": (("NCESSCH", "NCES ID"), lambda rng: f"19{rng.randint(0, 10**10 - 1):010d}"),
        "school name": (("School Name", "Building", "Campus", "Feeder School"), one(_SCHOOLS)),
        "course name": (("Course", "Course Title", "Class", "Crs Desc"), one(_COURSES)),
        "course code": (("Crs", "Course No"),
                        lambda rng: f"{rng.choice(['MTH', 'ENG'])}{rng.randint(100, 499)}-{digit(rng)}"),
        "course number and title": (("Course Section",),
                                    lambda rng: f"{rng.randint(1000, 4999)} {rng.choice(_COURSES)}"),
        "section": (("Section", "Sect ID"), lambda rng: f"{rng.randint(1000, 9999)}-{rng.randint(1, 30):02d}"),
        "period": (("Period", "Block"), lambda rng: f"{rng.randint(1, 8)}({rng.choice('ABCDE')})"),
        "homeroom": (("Homeroom", "HR"),
                     lambda rng: rng.choice(["A-{}", "C-{}", "Rm {}"]).format(rng.randint(100, 330))),
        "bus route": (("Bus Route", "Route", "Bus"),
                      lambda rng: rng.choice(["Route {}", "{}A", "{}B", "Bus {} North PM"]).format(rng.randint(1, 60))),
        "grade": (("Grade", "GradeLevel"), one(("K", "01", "02", "6th", "7", "8", "12", "PK"))),
        "race": (("Race", "Ethnicity Description", "RaceEth"), one(_RACES)),
        "sex": (("Gender", "Sex"), one(("Male", "Female", "M", "F", "X"))),
        "yes no": (("IEP", "ELL", "504", "Homeless"), one(("Y", "N", ""))),
        "lunch": (("Lunch Status", "FRL"), one(("Free", "Reduced", "Paid", "Free - Direct Certification"))),
        "disability": (("Primary Disability", "Disability"), one(_DISABILITIES)),
        "language": (("Home Language", "Primary Language"), one(_LANGUAGES)),
        "city": (("City", "School City"), one(_CITIES)),
        "action": (("Action", "Resolution", "Consequence Description"), one(_ACTIONS)),
        "behavior": (("Behavior", "Offense", "Event Type"), one(_BEHAVIORS)),
        "program": (("Program", "Grant Program"), one(("Title I", "21st CCLC", "Gifted and Talented", "DILE Cohort 1",
                                                       "AVID", "Read 180"))),
        "program of a name": (("Program", "Intervention", "Curriculum"), one(_PROGRAMS)),
        "test": (("Test", "Assessment", "Instrument"), one(_TESTS)),
        "college": (("College", "Plan", "Postsecondary"), one(_COLLEGES)),
        "county": (("County", "Resident County"), one(_COUNTIES)),
        "item": (("Item", "Question", "Statement"), one(_ITEMS)),
        "mascot": (("Club", "Activity", "Team"), one(_MASCOTS)),
        "decimal": (("GPA", "Rate", "Scale Score SE"), lambda rng: f"{rng.random() * 4:.3f}"),
        "days": (("Days Absent", "Enrolled"), lambda rng: f"{rng.randint(0, 360) / 2:g}"),
        "score": (("Score", "RIT", "Percentile", "Phonemic Awareness"), lambda rng: f"{rng.randint(100, 300)}"),
        "event date, ISO": (("Date", "Test Date", "Incident Date"), event("%Y-%m-%d", 1)),
        "event date, US": (("Attendance Date", "Date"), event("%m/%d/%Y", 1)),
        "entry date over years": (("Original Entry Date", "District Entry", "First Enrolled"), event("%m/%d/%Y", 13)),
        "time stamp": (("Updated", "Last Modified"),
                       lambda rng: f"{event('%Y-%m-%d', 1)(rng)} {rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:00"),
        "time": (("Time In", "Start Time"), lambda rng: f"{rng.randint(7, 15)}:{rng.randint(0, 59):02d}"),
        "month": (("Month", "Term"), one(("2023-09", "2023-10", "2023-11", "2024-01", "2024-05"))),
        "term": (("Term", "Quarter"), one(("Fall 2023", "Spring 2024", "Q1", "Q2", "Semester 1", "Full Year"))),
        "account code": (("Fund", "Account Code"),
                         lambda rng: f"{rng.randint(10, 99)}-{rng.randint(1000, 9999)}-{rng.randint(100, 999)}"),
        "answer": (("Q1", "Item 4"), one(("Strongly agree", "Agree", "Neither agree nor disagree", "Disagree"))),
        "dollars": (("Fee", "Balance"), lambda rng: f"${rng.randint(0, 999):,}.{rng.randint(0, 99):02d}"),
        "percent": (("Pct", "Attendance Rate"), lambda rng: f"{rng.randint(0, 1000) / 10}%"),
        "exit reason": (("Exit Reason", "Withdrawal Code"),
                        one(("Graduated", "Transferred to another Iowa public school", "Moved out of state", "W1"))),
    }
