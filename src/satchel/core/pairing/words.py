"""The 1,024 words of the spoken code, and how a typed word finds its place among them.

Chosen to survive a noisy room and a small keyboard: no two words share their first four letters, are
one typing slip apart, begin with each other, or sound alike by a coarse phonetic key (vowels as one,
p and b, t and d, k and g, f and v as one); no words with a common homophone, none that hurts
or frightens. docs/decisions/0013 says how. The order is part of the protocol: code-and-rendezvous 2.1.

Source: a selection from the English word list of BIP-39, as in python-mnemonic.
Copyright (c) 2013-2016 Pavol Rusnak, MIT licence; the notice is in docs/licences/bip39-words.txt.
"""

from satchel.errors import MisuseError

PREFIX_LETTERS = 4  # enough of a word to type
_TYPED_LETTERS_MAX = 16  # no word is longer than 8; more is not compared
_SLIPS_MAX = 3  # beyond this, the nearest word is a guess out of the blue


def word_at(index: int) -> str:
    """The word of a number from 0 to 1023."""
    if not 0 <= index < len(WORDS):
        raise MisuseError(f"the list has {len(WORDS)} words, and none has the number {index}")
    return WORDS[index]


def find_word(typed: str) -> int:
    """The number of a word, by itself or by its first four letters or more, in any case.

    Raises:
        MisuseError: not a word of the list; says which one is nearest, which is no secret.
    """
    word = typed.strip().lower()[:_TYPED_LETTERS_MAX]
    index = _BY_PREFIX.get(word[:PREFIX_LETTERS])
    if index is not None and WORDS[index].startswith(word):
        return index
    slips, _, nearest = min((_slips(word, other), word[:2] != other[:2], other) for other in WORDS)
    again = "Look at the other screen again."
    raise MisuseError(
        "One of the words is not in the list of words for codes.",
        safe="Nothing was sent.",
        do=f'{again} Is it "{nearest}"?' if slips <= _SLIPS_MAX else again,
    )


def _slips(typed: str, word: str) -> int:
    """The least number of letters to insert, leave out or replace (Levenshtein distance)."""
    row = list(range(len(word) + 1))
    for i, letter in enumerate(typed, 1):
        left, row[0] = row[0], i
        for j, other in enumerate(word, 1):
            left, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, left + (letter != other))
    return row[-1]


_LIST = """
ability abstract access account achieve acid acoustic acquire action actor actress actual adapt address
adjust admit advance advice affair afford agent agree ahead airport alarm album alert alpha amazing amount
amused analyst anchor ancient angle animal announce annual answer antenna apology appear apple approve april
area argue arrive artist artwork aspect assist assume athlete attend attitude attract audit august author
auto autumn average avocado avoid aware awesome baby bachelor badge balance balcony bamboo banana banner
bargain barrel base basic basket beauty believe belt bench benefit bicycle biology bird blanket blossom
blouse blush boat boil bonus book boost border borrow bottom bounce box bracket brain brand brass brave bread
brick bridge bring broccoli bronze broom bubble budget buffalo bulb bundle burger business busy butter
cabbage cabin cable cactus cage calm camera camp canal cancel candy canoe canvas canyon capable captain
carbon card cargo carpet carry castle casual category caution celery century chair chalk champion change
chapter check cheese chef cherry chicken child chimney chuckle chunk churn cinnamon circle citizen city civil
claim clap clarify clean clerk clever client cliff clinic clock cloth cloud cluster clutch coconut code
coffee collect column combine comfort comic common company concert confirm connect consider control convince
copper copy coral corn correct cost cotton cover crack cradle craft crane crater crawl cream credit crew
cricket crisp critic crop crouch crowd crumble crunch crystal cube culture cupboard curious current curve
custom cycle dance daring dash debate decade december decline decorate decrease define degree delay deliver
dentist depart depend deposit depth describe design desk detail detect develop device devote diagram dial
diamond diary dice diet differ digital dignity dinosaur direct discover display distance divert doctor
document dolphin domain donate donor double dove dragon drama draw dress drift drill drink drip drive drum
dry duck dune dynamic eager eagle earn earth easy echo ecology economy edge educate egg eight elbow electric
elegant element elephant elevator embody embrace emerge emotion employ empower empty enable enact endless
energy engage engine enhance enjoy enlist enrich enter entry envelope episode equal equip essence estate
eternal evoke evolve example exchange excite exclude excuse exercise exhibit exist expand expect explain
express extend extra eyebrow fabric face faculty famous fancy fantasy fashion feature february feed fence
festival fiction field figure file filter final finger finish firm first fish fitness flag flash flight flip
floor foam focus follow forest forget fork fortune forum forward foster fragile frame frequent fresh friend
fringe frog frost frozen fruit funny gadget gain galaxy gallery game garage garden garlic garment gather
general genre gentle genuine gesture giant gift giraffe glance glass glimpse glory glow glue gold goose grace
gravity great grocery guitar habit half hammer hamster happy harvest health heart heavy hedgehog hello helmet
help hidden high hill hint history hockey holiday home honey hood hotel huge hurdle hybrid identify imitate
immense impact improve impulse inch include income index indicate industry inform inherit initial input
inquiry insect inside inspire install interest invest invite involve iron island isolate item ivory jacket
jaguar jelly journey jump jungle junior kangaroo ketchup kingdom kitchen kiwi label ladder lake language
laptop large laugh laundry lava lawn layer lecture left legend lemon lend length leopard level liberty
library life limb limit link lion liquid list little lizard load lobster logic loop loyal lucky luggage
lumber lunar lunch luxury lyrics machine magic magnet major mammal manage mango mansion manual maple marble
march margin marine market mass material math matrix matter maximum meadow measure mechanic media melody
member memory menu merit mesh message method middle midnight milk million mimic mind minimum miracle mirror
mixed mixture mobile model modify moment monitor month moon mountain movie muffin mule multiply museum
mushroom music must mystery napkin narrow nature near nest network neutral news noble noise noodle normal
north notable note notice novel observe obtain obvious occur ocean october office often olive olympic onion
online opera opinion oppose option orange orbit orchard ordinary organ orient original ostrich outdoor outer
output outside oval oven owner oxygen oyster palace panda panel panther paper parent park parrot patient
pattern pave payment peanut pelican pencil perfect person phone photo phrase physical piano picnic picture
pigeon pilot pipe planet plastic plate play pledge pluck plunge poem point polar popular portion position
possible potato pottery powder practice predict prefer prepare pretty prevent primary priority private
problem process promote property prosper public pudding pumpkin pupil purchase purpose purse puzzle pyramid
quality quantum quarter question quick quiz quote rabbit raccoon radar radio rally ranch random rate razor
reason rebuild recall receive recipe recycle reduce reflect reform region regular relax release relief remain
remember remind remove render renew rent replace report require rescue resemble resource response result
retreat return reunion reveal review reward ribbon rich rigid ripple ritual river robust rocket roof rotate
rubber runway rural saddle safe salad salmon salt sample sand sauce scan scatter scheme school science scrap
screen script search seat second secret section seek segment select seminar sentence series service session
setup seven shallow share shed shell shield shift shine ship short shoulder shrimp shuffle sibling silent
silver similar siren situate skate sketch skirt sleep slide slogan small smart smooth snack snow soap soccer
social soft solution solve song south spatial speak speed sphere spice sponsor spoon spray spread spring
square squirrel stable stadium staff stage stamp stay step stereo stick still stone strategy street strong
student subject subway success sugar suggest summer sunset super supply supreme surprise surround survey
sustain sweet swim swing switch symbol syrup system tackle talent tape target taxi teach team tenant tennis
text thank theme theory thought thrive throw thunder tiger tilt timber tissue toast today toddler together
token tomorrow tongue topic tornado tortoise tourist toward tower town trade traffic transfer travel tree
trend trophy truck trumpet truth tuition tumble tuna tunnel turkey turn turtle twelve twenty twin twist
typical umbrella uncover undo unfold uniform unique unit universe unknown unlock unusual unveil update
upgrade uphold urban useful usual utility vacuum valid valley valve various vast vehicle velvet vendor
venture verify version vibrant view village vintage violin virtual visa visit vocal volcano volume voyage
wagon walk walnut wasp water wedding weekend window winter wire wisdom wool yellow zebra zero zoo
"""
WORDS: tuple[str, ...] = tuple(_LIST.split())
_BY_PREFIX = {word[:PREFIX_LETTERS]: index for index, word in enumerate(WORDS)}
