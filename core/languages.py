"""The languages of texts, by the codes of ISO 639-1, and the ways in which archives write them."""

from __future__ import annotations

import re
from functools import cache

from core.errors import UsageError

#: The code of a text whose language cannot be decided.
UNDECIDED = ""

# Each line has the code of ISO 639-1, those of ISO 639-2 and -3, and the English name.
_LANGUAGES = """
aa aar Afar
ab abk Abkhazian
ae ave Avestan
af afr Afrikaans
ak aka Akan
am amh Amharic
an arg Aragonese
ar ara Arabic
as asm Assamese
av ava Avar
ay aym Aymara
az aze Azerbaijani
ba bak Bashkir
be bel Belarusian
bg bul Bulgarian
bi bis Bislama
bm bam Bambara
bn ben Bengali
bo bod,tib Tibetan
br bre Breton
bs bos Bosnian
ca cat Catalan
ce che Chechen
ch cha Chamorro
co cos Corsican
cr cre Cree
cs ces,cze Czech
cu chu Church Slavonic
cv chv Chuvash
cy cym,wel Welsh
da dan Danish
de deu,ger German
dv div Divehi
dz dzo Dzongkha
ee ewe Ewe
el ell,gre Greek
en eng English
eo epo Esperanto
es spa Spanish
et est Estonian
eu eus,baq Basque
fa fas,per Persian
ff ful Fula
fi fin Finnish
fj fij Fijian
fo fao Faroese
fr fra,fre French
fy fry Frisian
ga gle Irish
gd gla Scottish Gaelic
gl glg Galician
gn grn Guarani
gu guj Gujarati
gv glv Manx
ha hau Hausa
he heb Hebrew
hi hin Hindi
ho hmo Hiri Motu
hr hrv Croatian
ht hat Haitian Creole
hu hun Hungarian
hy hye,arm Armenian
hz her Herero
ia ina Interlingua
id ind Indonesian
ie ile Interlingue
ig ibo Igbo
ii iii Yi
ik ipk Inupiaq
io ido Ido
is isl,ice Icelandic
it ita Italian
iu iku Inuktitut
ja jpn Japanese
jv jav Javanese
ka kat,geo Georgian
kg kon Kongo
ki kik Kikuyu
kj kua Kuanyama
kk kaz Kazakh
kl kal Kalaallisut
km khm Khmer
kn kan Kannada
ko kor Korean
kr kau Kanuri
ks kas Kashmiri
ku kur Kurdish
kv kom Komi
kw cor Cornish
ky kir Kyrgyz
la lat Latin
lb ltz Luxembourgish
lg lug Luganda
li lim Limburgish
ln lin Lingala
lo lao Lao
lt lit Lithuanian
lu lub Luba-Katanga
lv lav Latvian
mg mlg Malagasy
mh mah Marshallese
mi mri,mao Māori
mk mkd,mac Macedonian
ml mal Malayalam
mn mon Mongolian
mr mar Marathi
ms msa,may Malay
mt mlt Maltese
my mya,bur Burmese
na nau Nauru
nb nob Norwegian Bokmål
nd nde North Ndebele
ne nep Nepali
ng ndo Ndonga
nl nld,dut Dutch
nn nno Norwegian Nynorsk
no nor Norwegian
nr nbl South Ndebele
nv nav Navajo
ny nya Chichewa
oc oci Occitan
oj oji Ojibwa
om orm Oromo
or ori Odia
os oss Ossetian
pa pan Punjabi
pi pli Pali
pl pol Polish
ps pus Pashto
pt por Portuguese
qu que Quechua
rm roh Romansh
rn run Kirundi
ro ron,rum Romanian
ru rus Russian
rw kin Kinyarwanda
sa san Sanskrit
sc srd Sardinian
sd snd Sindhi
se sme Northern Sami
sg sag Sango
si sin Sinhala
sk slk,slo Slovak
sl slv Slovenian
sm smo Samoan
sn sna Shona
so som Somali
sq sqi,alb Albanian
sr srp Serbian
ss ssw Swazi
st sot Sotho
su sun Sundanese
sv swe Swedish
sw swa Swahili
ta tam Tamil
te tel Telugu
tg tgk Tajik
th tha Thai
ti tir Tigrinya
tk tuk Turkmen
tl tgl Tagalog
tn tsn Tswana
to ton Tongan
tr tur Turkish
ts tso Tsonga
tt tat Tatar
tw twi Twi
ty tah Tahitian
ug uig Uyghur
uk ukr Ukrainian
ur urd Urdu
uz uzb Uzbek
ve ven Venda
vi vie Vietnamese
vo vol Volapük
wa wln Walloon
wo wol Wolof
xh xho Xhosa
yi yid Yiddish
yo yor Yoruba
za zha Zhuang
zh zho,chi Chinese
zu zul Zulu
"""

# Services write some languages by codes that are not in use any more.
_FORMER_CODES = {"in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr"}
# Norwegian is written in two standards, and archives name it as one or the other.
_SAME = {"nb": "no", "nn": "no"}
# Services write these where a text is in no language, in several or in an unknown one.
_NO_LANGUAGE = ("und", "zxx", "mul", "mis", "art", "qam", "qct", "qht", "qme", "qst", "unknown")
# "en", "en-GB", "zh_Hant", "de_DE.UTF-8".
_TAG = re.compile(r"([a-z]{2,3})(?:[-_.@][\w.@-]*)?")


def find_language(written: str | None) -> str | None:
    """Return the code of a language as an archive writes it: ``de``, ``de-AT``, ``deu``, "German".

    Return None where it names no language, as ``und`` does.
    """
    folded = (written or "").strip().casefold()
    if folded in _codes():
        return _codes()[folded]

    tag = _TAG.fullmatch(folded)
    return None if tag is None else _codes().get(tag[1])


def is_unknown_language(written: str | None) -> bool:
    """Return whether an archive means a language by *written* that is not known here."""
    folded = (written or "").strip().casefold()
    return bool(folded) and folded not in _NO_LANGUAGE and find_language(folded) is None


def parse_language(typed: str) -> str:
    """Return the code of a language that a person typed. Raises `UsageError`."""
    code = find_language(typed)
    if code is None:
        raise UsageError(
            f"{typed!r} names no language: write its code in ISO 639-1, as en, de or fr"
        )

    return code


def language_name(code: str) -> str:
    """Return the English name of the language with this code, else the code."""
    return _names().get(code, code)


@cache
def _names() -> dict[str, str]:
    names = {}
    for line in _LANGUAGES.strip().splitlines():
        code, _, language = line.split(" ", 2)
        names[code] = language

    return names


@cache
def _codes() -> dict[str, str]:
    """Return the code of each way to write a language, case-folded."""
    codes = dict(_FORMER_CODES)
    for line in _LANGUAGES.strip().splitlines():
        code, longer_codes, language = line.split(" ", 2)
        code = _SAME.get(code, code)
        codes |= dict.fromkeys([line[:2], *longer_codes.split(","), language.casefold()], code)

    return codes
