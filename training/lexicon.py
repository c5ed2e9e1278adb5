"""Word lists of the sentence grammar: the AN4 census domain plus a small vocabulary of device commands."""

LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

LETTER_SOUNDS = {
    "A": "ay",
    "B": "bee",
    "C": "see",
    "D": "dee",
    "E": "ee",
    "F": "eff",
    "G": "jee",
    "H": "aitch",
    "I": "eye",
    "J": "jay",
    "K": "kay",
    "L": "ell",
    "M": "em",
    "N": "en",
    "O": "oh",
    "P": "pee",
    "Q": "cue",
    "R": "are",
    "S": "ess",
    "T": "tee",
    "U": "you",
    "V": "vee",
    "W": "double you",
    "X": "ex",
    "Y": "why",
    "Z": "zee",
}
"""How a letter's name is spelled out, so that every engine says the letter and not the word ('a', 'i')."""

DIGITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
HOURS = (*DIGITS, "ten", "eleven", "twelve")
TEENS = tuple("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split())
TENS = tuple("twenty thirty forty fifty sixty seventy eighty ninety".split())
ORDINALS = tuple(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth".split()
)
MONTHS = tuple(
    "january february march april may june july august september october november december".split()
)
WEEKDAYS = tuple("monday tuesday wednesday thursday friday saturday sunday".split())
SPELLED_COMMANDS = ("enter", "erase", "rubout")
SINGLE_COMMANDS = ("yes", "no", "go", "help", "stop", "start", "repeat")

SPELLED_NAMES = tuple(
    "adams allen anderson avenue bailey baker barbara bell bennett boston brooks brown bryant butler "
    "campbell carnegie carter charles chicago clark collins cooper craig cynthia davis denver diana "
    "donald edward elizabeth evans fifth forbes foster frank gary george gonzalez gray green hall "
    "harris helen henry hill howard hughes jackson james jenkins jennifer johnson jones joseph karen "
    "kelly kenneth king larry lewis linda lopez margaret maria martin mary michael miller mitchell "
    "moore morgan morris murphy nancy nelson oakland parker patricia paul penn perry peter "
    "philadelphia phillips powell price quincy rachel richard rivera robert robinson rogers ross "
    "russell ruth sandra scott shadyside sharon smith squirrel stephen steven stewart sullivan susan "
    "taylor texas thomas thompson turner vermont victoria virginia walker walnut ward watson wesley "
    "white wilkins william wilson wood wright young zachary".split()
)

ROOMS = (*"kitchen bedroom bathroom garage hallway office garden attic".split(), "living room")
DEVICES = tuple("light lamp fan heater radio television camera speaker printer oven alarm".split())
LOUD_DEVICES = ("radio", "television", "speaker")
COLORS = tuple("red green blue yellow orange purple white".split())
MUSIC = tuple("jazz rock classical country piano dance quiet happy".split())
PEOPLE = tuple("mother father sister brother doctor teacher neighbor".split())
ITEMS = tuple("milk bread butter cheese coffee sugar apples eggs water chicken rice soap".split())
CITIES = tuple("london paris boston chicago dallas tokyo berlin".split())
TIMES_OF_DAY = ("morning", "afternoon", "evening")
