"""Codes of languages as books write them, as the tags that a library keeps.

ISO 639-2 and 639-3 have three letters for what RFC 5646 (2.2.1) writes with two. Archives of pages and tags
of sound use those, so "ara" and "ar" have to be one shelf.
"""

import re
from collections.abc import Iterable

from satchel.core.library.codec import LANGUAGES_MAX
from satchel.core.library.languages import canonical_tag

# ISO 639-2, both of its forms, where ISO 639-1 has a code for the same.
_SHORTER = """
    aar:aa abk:ab afr:af aka:ak alb:sq amh:am ara:ar arg:an arm:hy asm:as ava:av ave:ae aym:ay aze:az bak:ba
    bam:bm baq:eu bel:be ben:bn bih:bh bis:bi bod:bo bos:bs bre:br bul:bg bur:my cat:ca ces:cs cha:ch che:ce
    chi:zh chu:cu chv:cv cor:kw cos:co cre:cr cym:cy cze:cs dan:da deu:de div:dv dut:nl dzo:dz ell:el eng:en
    epo:eo est:et eus:eu ewe:ee fao:fo fas:fa fij:fj fin:fi fra:fr fre:fr fry:fy ful:ff geo:ka ger:de gla:gd
    gle:ga glg:gl glv:gv gre:el grn:gn guj:gu hat:ht hau:ha heb:he her:hz hin:hi hmo:ho hrv:hr hun:hu hye:hy
    ibo:ig ice:is ido:io iii:ii iku:iu ile:ie ina:ia ind:id ipk:ik isl:is ita:it jav:jv jpn:ja kal:kl kan:kn
    kas:ks kat:ka kau:kr kaz:kk khm:km kik:ki kin:rw kir:ky kom:kv kon:kg kor:ko kua:kj kur:ku lao:lo lat:la
    lav:lv lim:li lin:ln lit:lt ltz:lb lub:lu lug:lg mac:mk mah:mh mal:ml mao:mi mar:mr may:ms mkd:mk mlg:mg
    mlt:mt mon:mn mri:mi msa:ms mya:my nau:na nav:nv nbl:nr nde:nd ndo:ng nep:ne nld:nl nno:nn nob:nb nor:no
    nya:ny oci:oc oji:oj ori:or orm:om oss:os pan:pa per:fa pli:pi pol:pl por:pt pus:ps que:qu roh:rm ron:ro
    rum:ro run:rn rus:ru sag:sg san:sa sin:si slk:sk slo:sk slv:sl sme:se smo:sm sna:sn snd:sd som:so sot:st
    spa:es sqi:sq srd:sc srp:sr ssw:ss sun:su swa:sw swe:sv tah:ty tam:ta tat:tt tel:te tgk:tg tgl:tl tha:th
    tib:bo tir:ti ton:to tsn:tn tso:ts tuk:tk tur:tr twi:tw uig:ug ukr:uk urd:ur uzb:uz ven:ve vie:vi vol:vo
    wel:cy wln:wa wol:wo xho:xh yid:yi yor:yo zha:za zho:zh zul:zu
"""
# What is nearly always meant where one of a group is named (RFC 5646, 4.1.1: "macrolanguages").
_OF_GROUPS = """
    arb:ar cmn:zh ekk:et khk:mn kmr:ku lvs:lv npi:ne ory:or pes:fa swh:sw uzn:uz ydd:yi zsm:ms
"""
_TAGS = dict(pair.split(":") for pair in (_SHORTER + _OF_GROUPS).split())
_NO_LANGUAGE = frozenset({"mis", "mul", "und", "zxx", "xxx"})
_BETWEEN = re.compile(r"[,;/\s\0]+")


def tag_of(code: str) -> str | None:
    """The tag of a language, of what a book calls it: a tag, or a code of ISO 639. None: it is no such."""
    first, _, rest = code.strip().replace("_", "-").partition("-")
    first = first.lower()
    # No longer one was ever given out: "English" is none.
    if first in _NO_LANGUAGE or len(first) not in (2, 3):
        return None
    first = _TAGS.get(first, first)
    return canonical_tag(f"{first}-{rest}" if rest else first)


def tags_of(codes: Iterable[str]) -> tuple[str, ...]:
    """Of texts with one or several codes each: every language once, as many as a library keeps."""
    tags: dict[str, None] = {}
    for text in codes:
        for code in _BETWEEN.split(text[:1024]):
            tag = tag_of(code)
            if tag is not None:
                tags[tag] = None
    return tuple(tags)[:LANGUAGES_MAX]
