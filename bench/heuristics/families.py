# SPDX-License-Identifier: GPL-3.0-or-later
"""Families of generated domains, from what was published on them. Each generator is deterministic: its seed is a
number or a date. Where the arithmetic itself is published it is this; otherwise (`shape`) length, letters and suffixes
are the published ones and the numbers come from a Mersenne Twister: what the letters look like is the same.

Sources: [A] J. Bader, bin.re, one page a family; [B] D. Plohmann and others, "A Comprehensive Measurement Study of
Domain Generating Malware", USENIX Security 2016; [C] P. Porras, H. Saidi, V. Yegneswaran, "An Analysis of Conficker's
Logic and Rendezvous Points", SRI 2009; [D] D. Andriesse and others on GameOver Zeus, 2013; [E] the CrySyS and Dell
SecureWorks reports on CryptoLocker, 2013; [F] Symantec on Dyre, 2015; [G] D. Schwarz, "Bedep's DGA", Arbor 2015.
"""
import datetime
import hashlib
import pathlib
import random
import re
import string

DAY = datetime.date(2016, 3, 14)
LOWER = string.ascii_lowercase
M32 = 0xFFFFFFFF


def shape(name, letters, lengths, suffixes, n):
    """Uniform letters: the published form without the published arithmetic."""
    draw = random.Random(f"{name} {DAY}")
    for _ in range(n):
        label = "".join(draw.choice(letters) for _ in range(draw.randint(*lengths)))
        yield f"{label}.{draw.choice(suffixes)}"


def ror(value, by):
    value &= M32
    return (value >> by | value << 32 - by) & M32


def conficker_a(n):  # [C] 250 a day
    return shape("conficker a", LOWER, (5, 11), ["com", "net", "org", "info", "biz"], n)


def conficker_b(n):  # [C] 250 a day, three suffixes more
    return shape("conficker b", LOWER, (5, 11), ["com", "net", "org", "info", "biz", "ws", "cn", "cc"], n)


def conficker_c(n):  # [C] 500 asked of 50,000 a day; below 110 countries' suffixes
    countries = "ac ae ag am as at be bo bz ca cd ch cl cn cx cz dk dm ec es fm fr gd gr gs gy hk hn hu ie im in ir is " \
                "kn kz la lc li lu lv ly md me mn ms mu mw my nf nl no pe pk pl ps ro ru sc sg sh sk su tc tj tl tn to " \
                "tt tv us vc vn ws".split()
    return shape("conficker c", LOWER, (4, 10), countries, n)


def kraken(n):  # [A], version 1
    suffixes, r = ["com", "net", "tv", "cc"], 0x2A3C
    for i in range(n):
        label = ""
        r = (1103515245 * r + 12435 + i) & M32
        for _ in range((r >> 8) % 6 + 7):
            r = (1103515245 * r + 12435) & M32
            label += LOWER[(r >> 8 & 0x7FFF) % 26]
        yield f"{label}.{suffixes[i % 4]}"


def murofet(n):  # [A], version 1: letters out of MD5 of the date and a number
    for i in range(n):
        digest = hashlib.md5(bytes([(DAY.year & 0xFF) + 0x30 & 0xFF, DAY.month, DAY.day])
                             + i.to_bytes(4, "little")).digest()
        label = ""
        for byte in digest:
            low, high = (byte & 31) + 97, (byte >> 3) + 97
            if low != high:
                label += "".join(chr(c) for c in (low, high) if c <= 122)
        yield label + "." + ["com", "biz", "info", "org", "net", "ru"][i % 6]


def necurs(n):  # [A] 2048 in four days
    def mix(value):
        for step in range((value & 0x7F) + 21):
            value = (value + ((value * 7) ^ (value << 15)) + 8 * step - (value >> 14)) & (1 << 64) - 1
        return value
    suffixes = "tj in jp tw ac cm la mn so sh sc nu nf mu ms mx ki im cx cc tv bz me eu de ru co su pw kz sx us ug ir to " \
               "ga com net org biz xxx pro bit".split()
    for i in range(n):
        r = mix(mix(mix(mix(mix(DAY.year) + DAY.month + 43690) + (DAY.day >> 2)) + i) + 9)
        label = ""
        for k in range(r % 15 + 7):
            r = mix(r + k)
            label += LOWER[r % 25]
            r = mix((r + 0xABBEDF) & (1 << 64) - 1)
        yield f"{label}.{suffixes[r % 43]}"


def _park_miller(seed, lengths, last, n):
    """Ramnit's and DirCrypt's: x' = 16807 x mod 2^31 - 1."""
    for _ in range(n):
        label = ""
        seed = 16807 * seed % 0x7FFFFFFF
        for _ in range(seed % (lengths[1] - lengths[0] + 1) + lengths[0]):
            seed = 16807 * seed % 0x7FFFFFFF
            label += LOWER[seed % last]
        yield label


def ramnit(n):  # [A]
    return (label + ".com" for label in _park_miller(0x28488EEA, (8, 19), 25, n))


def dircrypt(n):  # [A]
    return (label + ".com" for label in _park_miller(0x1DBA8930, (8, 20), 26, n))


def qakbot(n):  # [A] a Mersenne Twister as well; 5000 in ten days
    return shape("qakbot", LOWER, (8, 25), ["com", "net", "org", "info", "biz"], n)


def _tausworthe(day, month, year):
    """Three shift registers seeded with the date, as CryptoLocker and others have it."""
    while True:
        year = ((year ^ 8 * year) >> 11 ^ (year & 0xFFFFFFF0) << 17) & M32
        month = ((month ^ 4 * month) >> 25 ^ 16 * (month & 0xFFFFFFF8)) & M32
        day = ((day ^ day << 13) >> 19 ^ (day & 0xFFFFFFFE) << 12) & M32
        yield (year ^ month ^ day) % 25


def cryptolocker(n):  # [E] 1000 a day
    suffixes = ["com", "net", "biz", "ru", "org", "co.uk", "info"]
    for i in range(n):
        r = _tausworthe(DAY.day * 65537 + i, DAY.month * 65537 + i * 7, DAY.year * 65537 + i * 31)
        label = "".join(LOWER[next(r)] for _ in range(12 + i % 4))
        yield f"{label}.{suffixes[i % 7]}"


def ranbyus(n):  # [A]
    suffixes, day, month, year, seed = "in me cc su tw net com pw".split(), DAY.day, DAY.month, DAY.year, 0xB6354BC3
    for i in range(n):
        label = ""
        for _ in range(14):
            day = (day >> 15 ^ 16 * (day & 0x1FFF ^ 4 * (seed ^ day))) & M32
            year = ((year & 0xFFFFFFF0) << 17 ^ (year ^ 7 * year) >> 11) & M32
            month = (14 * (month & 0xFFFFFFFE) ^ (month ^ 4 * month) >> 8) & M32
            seed = (seed >> 6 ^ (day + 8 * seed) << 8 & 0x3FFFF00) & M32
            label += LOWER[(day ^ month ^ year) % 25]
        yield f"{label}.{suffixes[(DAY.day + i) % 8]}"


def dyre(n):  # [F] a letter and 33 digits of SHA-256; 1000 a day
    for i in range(n):
        digest = hashlib.sha256(f"{DAY.isoformat()}{i}".encode()).hexdigest()
        yield f"{LOWER[i % 26]}{digest[:33]}.{'cc ws to in hk cn tk so'.split()[i % 8]}"


def locky(n):  # [A], version 3
    suffixes, seed, shift = "ru info biz click su work pl org pw xyz".split(), 9047, 7
    for i in range(n):
        k = 0
        for year in range(DAY.year, DAY.year + 7):
            for word in (year + 0x1BF5, seed, DAY.day // 2, DAY.month, ror(seed, 15) + ror(i, 11)):
                k = (ror(0xB11924E1 * (k + word), shift) + 0x27100001 ^ k) & M32
        label = ""
        length = k % 11 + 7
        for step in range(length):
            k = (ror(0xB11924E1 * ror(k, 32 - step), shift) + 0x27100001) & M32
            label += LOWER[k % 25]
        yield f"{label}.{suffixes[k % 10]}"


def tinba(n):  # [A] 12 letters, each name out of the one before
    name, key = "blackfreeqaz", b"jc74FlUna852Ji9o"
    for i in range(n):
        total, now, made = sum(key), key[15], ""
        for k in range(12):
            while True:
                now = ((now + ord(name[k]) ^ total & 0xFF) + ord((name + ".")[k + 1])) & 0xFF
                if 0x61 < now < 0x7A:
                    break
                total += 1
            made += chr(now)
        name = made
        yield f"{name}.{['com', 'net', 'in', 'ru'][i % 4]}"


def emotet(n):  # [B], 2014: 16 letters below eu
    return shape("emotet", LOWER[:25], (16, 16), ["eu"], n)


def pykspa(n):  # [A]
    seed = 0x4E1A2B3C
    for i in range(n):
        seed += seed % (i + 1) + 1
        length, label, s = (seed + i) % 7 + 6, "", seed
        for k in range(length):
            spread = s * (s % 5 + s % 123456 + k * ((s & 1) + s % 4567)) & M32
            label += LOWER[(length * (length + k) + spread) % 26]
            s += ((7837632 * s * length & M32) + 82344) % (541 * length + 4)
        yield f"{label}.{['com', 'net', 'org', 'info'][seed & 3]}"


def bedep(n):  # [G] letters, with a digit here and there
    return shape("bedep", 2 * LOWER + string.digits, (12, 18), ["com"], n)


def newgoz(n):  # [D], the GameOver Zeus of 2014: MD5 in base 36
    for i in range(n):
        digest, label = hashlib.md5(f"{DAY.isoformat()} {i} 35190501".encode()).digest(), ""
        for k in range(0, 16, 4):
            number = int.from_bytes(digest[k:k + 4], "little")
            while number:
                number, digit = divmod(number, 36)
                label += (string.digits + LOWER)[digit]
        yield f"{label}.{['com', 'net', 'biz', 'org'][i % 4]}"


def padcrypt(n):  # [A] the digits of SHA-256 as letters a to f, k to o
    for i in range(n):
        digest = hashlib.sha256(f"{DAY:%d-%m-%Y}|{i}".encode()).hexdigest()
        label = digest[3:19].translate(str.maketrans(string.digits, "abcdnfolmk"))
        yield f"{label}.{'com co.uk de org net eu info online co cc website'.split()[int(digest[-1], 16) % 11]}"


def bamital(n):  # [B] MD5 as it is
    for i in range(n):
        yield hashlib.md5(f"{DAY:%a, %d %b %Y} {i}".encode()).hexdigest() + "." + ["co.cc", "cz.cc", "info", "org"][i % 4]


def chinad(n):  # [A] 16 of letters and digits
    return shape("chinad", LOWER + string.digits, (16, 16), "com org net biz info ru cn".split(), n)


def qadars(n):  # [B] 12 of letters and digits
    return shape("qadars", LOWER + string.digits, (12, 12), ["com", "org", "net"], n)


def corebot(n):  # [A] below a dynamic DNS service
    return shape("corebot", LOWER[:25] + "345678", (12, 23), ["ddns.net"], n)


def nymaim(n):  # [A]
    return shape("nymaim", LOWER, (5, 12), "ru net in com xyz info".split(), n)


def proslikefan(n):  # [B]
    return shape("proslikefan", LOWER, (6, 12), "eu biz se info com net org ru in name".split(), n)


def fobber(n):  # [A], version 2
    return shape("fobber", LOWER, (10, 10), ["com"], n)


def simda(n):  # [A] consonants and vowels in turn
    base = 0x45AE94B2
    for i in range(n):
        label, number = "", base * (i + 1) * 2654435761 & M32
        for k in range(7):
            digit = number // (3 + 2 * k)
            label += "eyuioa"[digit % 6] if k % 2 else "qwrtpsdfghjklzxcvbnm"[digit % 20]
        yield label + ".com"


def banjori(n):  # [A] four letters change, the rest stays
    name = "earnestnessbiophysicalohax"
    for _ in range(n):
        a, b, c, d = (ord(letter) - 97 for letter in name[:4])
        a = (a + d + 97) % 26
        b = (a + 2 * b + 2 * 97) % 26
        c = (a + c + 97 - 1) % 26
        d = (b + c + d + 2 * 97) % 26
        name = "".join(LOWER[k] for k in (a, b, c, d)) + name[4:]
        yield name + ".com"


def _words():
    """Of a text that is on every Debian; Gozi itself took words from the GPL, among others."""
    text = pathlib.Path("/usr/share/common-licenses/GPL-3").read_text().lower()
    return sorted(set(re.findall(r"[a-z]{3,11}", text)))


def suppobox(n):  # [A] two words of 384
    draw = random.Random(f"suppobox {DAY}")
    words = draw.sample(_words(), 384)
    for _ in range(n):
        yield draw.choice(words) + draw.choice(words) + ".net"


def matsnu(n):  # [B] words up to 24 letters
    draw, words = random.Random(f"matsnu {DAY}"), _words()
    for _ in range(n):
        label = ""
        while len(label) < 14:
            label += draw.choice(words)
        yield label[:24] + ".com"


def gozi(n):  # [A] words and their beginnings, 12 to 24 letters
    draw, words = random.Random(f"gozi {DAY}"), _words()
    for _ in range(n):
        label, length = "", draw.randint(12, 23)
        while len(label) < length:
            word = draw.choice(words)
            label += word[:len(word) // 2] if draw.random() < 0.3 else word
        yield label[:24] + "." + draw.choice(["com", "ru"])


RANDOM_LETTERS = [conficker_a, conficker_b, conficker_c, kraken, murofet, necurs, ramnit, dircrypt, qakbot, cryptolocker,
                  ranbyus, dyre, locky, tinba, emotet, pykspa, bedep, newgoz, padcrypt, chinad, qadars, corebot, nymaim,
                  proslikefan, fobber]
BELOW_ONE_ZONE = [bamital]  # co.cc and cz.cc, which are no public suffixes, have half of its names
PRONOUNCEABLE = [simda]
WORDS = [banjori, suppobox, matsnu, gozi]
