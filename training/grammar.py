"""Sentences that the training speech is made of, drawn from a small seeded grammar.

A letter that is to be spelled stands in upper case (`J O N E S`), a word in lower case; the transcript is the
lower-cased sentence. Sentences of three words and more belong to exactly one split by a hash of their
transcript, so what the evaluation corpus says is never said in training, by construction.
"""

import hashlib
from collections.abc import Callable
from random import Random
from typing import Literal

from training import lexicon as lex

Split = Literal["train", "dev", "eval"]

MAX_WORDS = 14
"""Longer sentences do not fit the models' 8 s window at a slow speaking rate."""


def transcript(sentence: str) -> str:
    """Return what a recogniser should write for a sentence."""
    return sentence.lower()


def split_of(sentence: str) -> Split:
    """Return the only split that may contain a sentence; fewer than three words always train."""
    text = transcript(sentence)
    if len(text.split()) < 3:
        return "train"
    bucket = hashlib.sha256(text.encode()).digest()[0] % 10
    return "eval" if bucket == 0 else "dev" if bucket == 1 else "train"


def draw_sentence(rng: Random, *, split: Split) -> str:
    """Draw one sentence of a split, by rejection."""
    weights = _EVALUATION_WEIGHTS if split == "eval" else _TRAINING_WEIGHTS
    while True:
        kind = rng.choices(_KINDS, weights=weights)[0]
        sentence = kind(rng)
        if len(sentence.split()) <= MAX_WORDS and split_of(sentence) == split:
            return sentence


def _letters(rng: Random, low: int, high: int) -> str:
    return " ".join(rng.choices(lex.LETTERS, k=rng.randint(low, high)))


def _spelled_name(rng: Random) -> str:
    return " ".join(rng.choice(lex.SPELLED_NAMES).upper())


def _below_hundred(rng: Random) -> str:
    tens, digit = rng.choice(lex.TENS), rng.choice(lex.DIGITS)
    return rng.choices((f"{tens} {digit}", tens, rng.choice(lex.TEENS), digit), weights=(5, 2, 3, 2))[0]


def _digits(rng: Random) -> str:
    zero = rng.choice(("zero", "oh"))
    return " ".join(rng.choice((*lex.DIGITS, zero)) for _ in range(rng.choice((3, 4, 5, 5, 7, 7, 8))))


def _number(rng: Random) -> str:
    form = rng.randrange(5)
    hundreds = f"{rng.choice(lex.DIGITS)} hundred"
    if form == 0:
        return f"{hundreds} {_below_hundred(rng)}"
    if form == 1:
        return f"{hundreds} and {_below_hundred(rng)}"
    if form == 2:
        return f"{rng.choice(lex.DIGITS)} thousand {hundreds} {_below_hundred(rng)}"
    if form == 3:
        return f"{_below_hundred(rng)} {_below_hundred(rng)}"
    return f"{rng.choice(lex.DIGITS)} {_below_hundred(rng)}"


def _ordinal_day(rng: Random) -> str:
    day = rng.randint(1, 31)
    if day <= 20:
        return lex.ORDINALS[day - 1]
    if day == 30:
        return "thirtieth"
    return f"{'twenty' if day < 30 else 'thirty'} {lex.ORDINALS[day % 10 - 1]}"


def _date(rng: Random) -> str:
    day = f"{rng.choice(lex.MONTHS)} {_ordinal_day(rng)}"
    year = f"nineteen {rng.choice(lex.TENS)} {rng.choice(('', *lex.DIGITS))}".strip()
    return rng.choice((f"{day} {year}", f"{day} {year}", day, f"{rng.choice(lex.WEEKDAYS)} {day}"))


def _control_word(rng: Random) -> str:
    command = rng.choice(lex.SPELLED_COMMANDS)
    number = rng.choice((_below_hundred, _number, lambda r: r.choice(lex.DIGITS)))(rng)
    return rng.choice((f"{command} {_letters(rng, 2, 6)} {number}", f"{command} {number}"))


def _letters_and_number(rng: Random) -> str:
    return f"{_letters(rng, 2, 6)} {_below_hundred(rng)}"


def _random_letters(rng: Random) -> str:
    return _letters(rng, 3, 8)


def _single_command(rng: Random) -> str:
    return rng.choice(lex.SINGLE_COMMANDS)


def _place(rng: Random) -> str:
    return f"in the {rng.choice(lex.ROOMS)}"


def _switch(rng: Random) -> str:
    room, device = rng.choice(lex.ROOMS), rng.choice(lex.DEVICES)
    verb, state = rng.choice(("turn", "switch")), rng.choice(("on", "off"))
    return rng.choice(
        (
            f"{verb} {state} the {room} {device}",
            f"{verb} {state} the {device} {_place(rng)}",
            f"please {verb} the {device} {state}",
            f"make the {room} light {rng.choice(lex.COLORS)}",
            f"open the {room} {rng.choice(('door', 'window'))}",
            f"close the {room} {rng.choice(('door', 'window'))}",
            f"lock the {room} door",
            f"is the {device} {_place(rng)} {state}",
        )
    )


def _music(rng: Random) -> str:
    style = rng.choice(lex.MUSIC)
    return rng.choice(
        (
            f"play some {style} music {_place(rng)}",
            f"play the next {style} song",
            f"stop the {style} music {_place(rng)}",
            f"set the volume of the {rng.choice(lex.LOUD_DEVICES)} to {_below_hundred(rng)}",
            f"find a {style} song and play it {_place(rng)}",
        )
    )


def _amount(rng: Random) -> str:
    return rng.choice((_below_hundred(rng), rng.choice(lex.DIGITS[1:]), rng.choice(lex.TENS)))


def _timer(rng: Random) -> str:
    unit = rng.choice(("minutes", "seconds", "hours"))
    clock = f"{rng.choice(lex.HOURS)} {rng.choice(('', 'fifteen', 'thirty'))}".strip()
    part = rng.choice(lex.TIMES_OF_DAY)
    return rng.choice(
        (
            f"set a timer for {_amount(rng)} {unit}",
            f"cancel the {_amount(rng)} minute timer",
            f"wake me up at {clock} in the {part}",
            f"set an alarm for {clock} on {rng.choice(lex.WEEKDAYS)} {part}",
            f"set the thermostat to {_amount(rng)} degrees",
            f"make it {_amount(rng)} degrees {_place(rng)}",
            f"remind me to call my {rng.choice(lex.PEOPLE)} at {clock}",
        )
    )


def _household(rng: Random) -> str:
    person, item, day = rng.choice(lex.PEOPLE), rng.choice(lex.ITEMS), rng.choice(lex.WEEKDAYS)
    return rng.choice(
        (
            f"add {item} and {rng.choice(lex.ITEMS)} to the shopping list",
            f"buy {_amount(rng)} bottles of {item}",
            f"call my {person} on {day}",
            f"send a message to my {person}",
            f"what is the weather in {rng.choice(lex.CITIES)} on {day}",
            f"will it rain in {rng.choice(lex.CITIES)} {rng.choice(('today', 'tomorrow'))}",
            f"read my {rng.choice(('first', 'last', 'next'))} message from {rng.choice(lex.CITIES)}",
            f"how much {item} do we need on {day}",
        )
    )


_GRAMMAR: tuple[tuple[Callable[[Random], str], int, int], ...] = (
    (_spelled_name, 12, 5),
    (_random_letters, 8, 1),
    (_letters_and_number, 6, 1),
    (_control_word, 10, 4),
    (_single_command, 2, 0),
    (_digits, 10, 5),
    (_number, 6, 5),
    (_date, 8, 9),
    (_switch, 11, 20),
    (_music, 8, 15),
    (_timer, 11, 18),
    (_household, 10, 17),
)
"""(kind, weight in training, weight in evaluation).

Training leans to what is hard to tell apart, letters and digits; evaluation to what people say to devices.
"""

_KINDS = tuple(kind for kind, _, _ in _GRAMMAR)
_TRAINING_WEIGHTS = tuple(weight for _, weight, _ in _GRAMMAR)
_EVALUATION_WEIGHTS = tuple(weight for _, _, weight in _GRAMMAR)
