#!/usr/bin/env python3
"""Writes the vectors of spec/record.md, from the specification alone and the standard library.

It shares no code with the implementation that is checked against its output. Run it from anywhere; it writes
`record/*.json` beside itself, the same bytes every time. README.md says how to read them.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import re

OUT = pathlib.Path(__file__).parent / "record"


# --- Ed25519, RFC 8032 §6, over points in extended coordinates -------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def sha512_int(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    return ((f - e) * (h - g) % P, (h + g) * (f + e) % P, (h - g) * (h + g) % P, (f - e) * (f + e) % P)


def times(scalar, point):
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def x_of(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_ONE % P
    if x * x % P != square:
        return None
    return P - x if x & 1 != sign and x else x


def encode_point(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def point_of(y, sign=0):
    x = x_of(y % P, sign)
    return None if x is None else (x, y % P, 1, x * y % P)


BASE = point_of(4 * pow(5, -1, P))


def expand(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    return scalar, digest[32:]


def public(seed):
    return encode_point(times(expand(seed)[0], BASE))


def sign(seed, message):
    scalar, prefix = expand(seed)
    nonce = sha512_int(prefix, message) % L
    r = encode_point(times(nonce, BASE))
    k = sha512_int(r, public(seed), message) % L
    return r + ((nonce + k * scalar) % L).to_bytes(32, "little")


def point_of_order_8():
    """A generator of the small subgroup: some point times L that has order 8."""
    for y in range(2, 100):
        point = point_of(y)
        if point:
            small = times(L, point)
            if encode_point(times(4, small)) != encode_point(NEUTRAL):
                return small


SMALL = point_of_order_8()


# --- CBOR, RFC 8949 §4.2.1 --------------------------------------------------------------------------------------


def head(major, value):
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << 8 * size:
            return bytes([major << 5 | extra]) + value.to_bytes(size, "big")
    raise ValueError(value)


def cbor(value):
    if value is True or value is False or value is None:
        return {True: b"\xf5", False: b"\xf4", None: b"\xf6"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(key) + cbor(value[key]) for key in sorted(value))
    raise TypeError(value)


# --- Trees, RFC 6962 §2.1 ---------------------------------------------------------------------------------------


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def root(hashes):
    if not hashes:
        return sha256()
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return sha256(b"\x01", root(hashes[:k]), root(hashes[k:]))


def inclusion(index, hashes):
    if len(hashes) == 1:
        return []
    k = split(len(hashes))
    if index < k:
        return inclusion(index, hashes[:k]) + [root(hashes[k:])]
    return inclusion(index - k, hashes[k:]) + [root(hashes[:k])]


def consistency(size, hashes, known=True):
    if size == len(hashes):
        return [] if known else [root(hashes)]
    k = split(len(hashes))
    if size <= k:
        return consistency(size, hashes[:k], known) + [root(hashes[k:])]
    return consistency(size - k, hashes[k:], False) + [root(hashes[:k])]


def leaf_hash(leaf):
    return sha256(b"\x00", leaf)


# --- The record -------------------------------------------------------------------------------------------------

LETTERS = "ZAOPR"


def u(value, size):
    return value.to_bytes(size, "big")


def b64(data):
    return base64.b64encode(data).decode()


def code(generation, party, letter):
    return generation * 2048 + party * 8 + LETTERS.index(letter)


def origin(line, generation, party, letter):
    place = u(party, 1) + u(LETTERS.index(letter), 1) + u(generation, 4)
    return "detente/" + sha256(b"detente book v1\n", line, place)[:16].hex()


def receipt_name(line, party):
    return "detente/" + sha256(b"detente receipt v1\n", line, u(party, 1))[:16].hex()


def text_name(party, letter, generation, number=None):
    book = f"{party}/{letter}" + (f".{generation}" if generation else "")
    return book if number is None else f"{book}/{number}"


def keyed(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def blind(secret, book_origin, index):
    pair = keyed(keyed(secret, book_origin.encode()), u(index // 2, 8))
    return pair[16:] if index % 2 else pair[:16]


def vector_hash(books):
    parts = [u(code, 8) + u(size, 8) + root for code, (size, root) in sorted(books.items()) if size > 0]
    return sha256(b"detente vector v1\n", *parts)


def checkpoint_text(book_origin, size, tree_root):
    return f"{book_origin}\n{size}\n{b64(tree_root)}\n"


def note_line(name, kind, key, signature):
    key_id = sha256(name.encode(), b"\n", bytes([kind]), key)[:4]
    return f"\u2014 {name} {b64(key_id + signature)}\n"


def cosigned(seconds, text):
    return f"cosignature/v1\ntime {seconds}\n{text}"


def receipt_line(line, party, seed, seconds, text):
    signature = sign(seed, cosigned(seconds, text).encode())
    return signature, note_line(receipt_name(line, party), 4, public(seed), u(seconds, 8) + signature)


def fingerprint(subject):
    letters = base64.b32encode(sha256(b"detente fingerprint v1\n", subject)[:15]).decode()
    return "-".join(letters[at : at + 4] for at in range(0, 24, 4))


def possession(role, party, key):
    return b"detente possession v1\n" + role.encode() + b"\n" + party.encode() + b"\n" + key


# --- What every file is made from -------------------------------------------------------------------------------

LINE = sha256(b"a founding memorandum")
AUTHOR = bytes(range(32))
RECEIVER = bytes(range(32, 64))
SECRET = bytes(range(64, 96))
BOOK = dict(generation=0, party=3, letter="Z")
ORIGIN = origin(LINE, **BOOK)


def entry(**changes):
    """The bytes of a small sound entry, with keys changed, added, or (None) left out."""
    keys = {1: 1, 2: 1_500_000_000_000, 4: 1, 9: 1, 10: {1: "hello"}}
    for key, value in changes.items():
        key = int(key[1:])
        if value is None:
            keys.pop(key, None)
        else:
            keys[key] = value
    return cbor(keys)


def hex_of(data):
    """Hex; a run of 64 equal bytes or more stands alone, as `00*64`."""
    parts = []
    for piece in re.finditer(rb"(.)\1{63,}|.(?:(?!(.)\2{63,}).)*", data, flags=re.DOTALL):
        run = piece[0]
        parts.append(f"{run[0]:02x}*{len(run)}" if piece[1] else run.hex())
    return " ".join(parts)


def write(name, section, **groups):
    whole = {"spec": f"record.md §{section}", **groups}
    text = json.dumps(whole, indent=1, ensure_ascii=False, default=hex_of)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def write_cbor():
    nested = lambda levels: b"\x81" * levels + b"\x00"
    good = {
        "zero": "00", "largest direct": "17", "one byte": "1818", "two bytes": "190100", "four bytes": "1a00010000",
        "eight bytes": "1b0000000100000000", "largest": "1bffffffffffffffff", "negative": "20",
        "most negative": "3bffffffffffffffff", "empty byte string": "40", "byte string": "43010203", "empty text": "60",
        "text": "62c3a9", "text of four-byte characters": "64f09f9880", "noncharacter": "63efbfbf", "empty array": "80",
        "array": "83010203", "empty map": "a0", "map": "a2000118180a", "false": "f4", "true": "f5", "null": "f6",
        "16 levels": nested(16), "16 levels of maps": b"\xa1\x00" * 16 + b"\x00",
        "many at one level": b"\x98\x20" + b"\x80" * 32, "long string": b"\x59\x01\x00" + bytes(256),
    }
    bad = {
        "nothing": "", "two items": "0000", "23 in two bytes": "1817", "255 in three bytes": "1900ff",
        "65535 in five bytes": "1a0000ffff", "2^32 - 1 in nine bytes": "1b00000000ffffffff",
        "long negative": "3800", "long length of bytes": "580100", "long length of text": "780161",
        "long count of an array": "980100", "long count of a map": "b8010000", "long map key": "a1180000",
        "reserved 28": "1c", "reserved 29": "1d", "reserved 30": "1e", "indefinite bytes": "5f4100ff",
        "indefinite text": "7f6161ff", "indefinite array": "9fff", "indefinite map": "bfff", "indefinite integer": "1f",
        "break": "ff", "tag": "c000", "long tag": "d9d9f700", "half float": "f93c00", "single float": "fa3f800000",
        "double float": "fb3ff0000000000000", "NaN": "f97e00", "undefined": "f7", "simple 0": "e0", "simple 19": "f3",
        "simple 32": "f820", "false in two bytes": "f814", "keys descend": "a201000000", "key twice": "a201000100",
        "negative key": "a12000", "text key": "a1616100", "bytes key": "a1416100", "array key": "a18000",
        "true as key": "a1f500", "not UTF-8": "61ff", "overlong UTF-8": "62c0af", "surrogate in UTF-8": "63eda080",
        "above U+10FFFF": "64f4908080", "cut-off UTF-8": "61c3", "argument cut off": "19ff", "bytes cut off": "4201",
        "text cut off": "6261", "array cut off": "8201", "map cut off": "a100", "value of a map missing": "a2000001",
        "endless array": "9bffffffffffffffff", "endless bytes": "5bffffffffffffffff", "17 levels": nested(17),
        "17 levels of maps": b"\xa1\x00" * 17 + b"\x00", "a bad item deep down": "8281818100f7",
    }
    cases = [dict(name=name, bytes=data, canonical=True) for name, data in good.items()]
    cases += [dict(name=name, bytes=data, canonical=False) for name, data in bad.items()]
    write("cbor", 1, cases=cases)


def write_names():
    books = []
    for generation, party, letter in [(0, 0, "Z"), (0, 3, "A"), (1, 3, "O"), (17, 254, "P"), (4095, 254, "R")]:
        books.append(
            dict(
                generation=generation, party=party, letter=letter, code=code(generation, party, letter),
                origin=origin(LINE, generation, party, letter), text=text_name("usa", letter, generation),
                entry=text_name("usa", letter, generation, 3),
            )
        )
    no_books = [5, 6, 7, 2040, 2044, 2047, 4088, 1 << 23, 2**32 - 1] + [4095 * 2048 + 254 * 8 + 5]
    receipts = [dict(party=party, name=receipt_name(LINE, party)) for party in (0, 3, 254)]
    entries = [
        dict(text=text_name(party, letter, generation, number), party=party, letter=letter, generation=generation, number=number)
        for party, letter, generation, number in
        [("usa", "Z", 0, 3), ("usa", "Z", 1, 3), ("a", "R", 4095, 2**40 - 1), ("abcdefghijklmnop", "A", 10, 10), ("x-9", "P", 0, 1)]
    ]
    no_entries = [
        "", "usa", "usa/Z", "usa/Z/", "usa/Z/0", "usa/Z/03", "usa/Z/+3", "usa/Z/-3", "usa/Z/3.0", "usa/Z.0/3",
        "usa/Z.01/3", "usa/Z./3", "usa/Z.4096/3", "usa/Z.1.1/3", "usa/B/3", "usa/ZZ/3", "usa/z/3", "usa//3", "Usa/Z/3",
        "/Z/3", "9a/Z/3", "-a/Z/3", "u a/Z/3", "usa/Z/3/", "/usa/Z/3", " usa/Z/3", "usa/Z/3 ", "usa/Z/٣", "usа/Z/3",
        "usa/Z/1099511627776", "usa/Z/18446744073709551617", "abcdefghijklmnopq/Z/3",
    ]
    write("names", 2, line=LINE, books=books, no_books=no_books, receipt_names=receipts, entries=entries, no_entries=no_entries)


def write_entries():
    cases = []

    def case(name, data, verdict, **fields):
        cases.append(dict(name=name, bytes=data, verdict=verdict, **({"fields": fields} if fields else {})))

    z, a = code(0, 3, "Z"), code(2, 7, "A")
    case("smallest", cbor({1: 1, 2: 0, 4: 0, 9: 0, 10: {}}), "sound", serial=1, time_ms=0, clock_held=False, office=0,
         language=None, regards=[], cut=[], vector=None, kind=0, body=b"\xa0", second=None)
    case("message", entry(), "sound", serial=1, time_ms=1_500_000_000_000, clock_held=False, office=1, language=None,
         regards=[], cut=[], vector=None, kind=1, body=cbor({1: "hello"}), second=None)
    case("every key", entry(_1=300, _3=True, _4=65535, _5="ar-SY", _6=[[z, 1], [a, 2**40 - 1]], _7={z: 3, a: 0}, _8=bytes(32), _9=65535, _11=0),
         "sound", serial=300, time_ms=1_500_000_000_000, clock_held=True, office=65535, language="ar-SY",
         regards=[[z, 1], [a, 2**40 - 1]], cut=[[z, 3], [a, 0]], vector=bytes(32), kind=65535, body=cbor({1: "hello"}), second=0)
    case("largest serial and time", entry(_1=2**64 - 1, _2=2**64 - 1), "sound")
    case("of two officers of one office", entry(_11=1), "sound")
    case("second office of 65,535", entry(_11=65535), "sound")
    case("16 regarded", entry(_6=[[z, n] for n in range(1, 17)]), "sound")
    case("one regarded twice", entry(_6=[[z, 1], [z, 1]]), "sound")
    books = sorted(code(g, p, l) for g in range(2) for p in range(103) for l in LETTERS)
    case("1,024 books in the cut", entry(_7={book: 1 for book in books[:1024]}), "sound")
    case("language of 35 bytes", entry(_5="a" * 35), "sound")
    case("largest size", entry(_7={z: 2**40 - 1}), "sound")
    fill = lambda size: entry(_10={0: bytes(size)})
    full = 16384 - len(fill(16000)) + 16000
    assert len(fill(full)) == 16384
    case("16,384 bytes", fill(full), "sound")
    deep = lambda levels: b"\x81" * levels + b"\x00"
    case("body nested to 16 levels", entry(_10=None)[:1].replace(b"\xa4", b"\xa5") + entry(_10=None)[1:] + b"\x0a\xa1\x00" + deep(14), "sound")

    case("body nested to 17 levels", entry(_10=None)[:1].replace(b"\xa4", b"\xa5") + entry(_10=None)[1:] + b"\x0a\xa1\x00" + deep(15), "Malformed")
    case("16,385 bytes", fill(full + 1), "Malformed")
    case("empty", b"", "Malformed")
    case("no map", cbor([1, 2]), "Malformed")
    case("empty map", cbor({}), "Malformed")
    for key in (1, 2, 4, 9, 10):
        case(f"no key {key}", entry(**{f"_{key}": None}), "Malformed")
    ill = {
        "serial 0": dict(_1=0), "negative serial": dict(_1=-1), "serial as text": dict(_1="1"), "negative time": dict(_2=-1),
        "key 3 false": dict(_3=False), "key 3 not a boolean": dict(_3=1), "office of 65,536": dict(_4=65536),
        "office as map": dict(_4={}), "empty language": dict(_5=""), "language of 36 bytes": dict(_5="a" * 36),
        "language as bytes": dict(_5=b"en"), "nothing regarded": dict(_6=[]), "17 regarded": dict(_6=[[z, n] for n in range(1, 18)]),
        "regarded number 0": dict(_6=[[z, 0]]), "regarded number 2^40": dict(_6=[[z, 2**40]]), "regarded without number": dict(_6=[[z]]),
        "regarded with more": dict(_6=[[z, 1, 1]]), "regarded class 5": dict(_6=[[5, 1]]), "regarded party 255": dict(_6=[[2040, 1]]),
        "regarded generation 4096": dict(_6=[[1 << 23, 1]]), "empty cut": dict(_7={}), "cut as list": dict(_7=[[z, 1]]),
        "class 5 in the cut": dict(_7={5: 1}), "party 255 in the cut": dict(_7={2040: 1}), "generation 4096 in the cut": dict(_7={1 << 23: 1}),
        "size 2^40 in the cut": dict(_7={z: 2**40}), "negative size in the cut": dict(_7={z: -1}),
        "1,025 books in the cut": dict(_7={book: 1 for book in books[:1025]}), "vector of 31 bytes": dict(_8=bytes(31)),
        "vector of 33 bytes": dict(_8=bytes(33)), "vector as text": dict(_8="0" * 32), "kind 65,536": dict(_9=65536),
        "negative kind": dict(_9=-1), "body as array": dict(_10=[]), "body as bytes": dict(_10=b"\xa0"), "body as integer": dict(_10=0),
        "unknown key and none of key 9": dict(_9=None, _12=0), "unknown key and serial 0": dict(_1=0, _12=0),
        "second office of 65,536": dict(_11=65536), "second office as text": dict(_11="1"), "second office as array": dict(_11=[]),
    }
    for name, changes in ill.items():
        case(name, entry(**changes), "Malformed")
    plain = entry()
    case("bytes after it", plain + b"\x00", "Malformed")
    case("cut short", plain[:-1], "Malformed")
    case("serial in two bytes", plain.replace(b"\x01\x01\x02", b"\x01\x18\x01\x02", 1), "Malformed")
    case("keys out of order", b"\xa5\x02\x00\x01\x01" + cbor({4: 0, 9: 0, 10: {}})[1:], "Malformed")
    case("key twice", b"\xa6\x01\x01\x01\x01" + cbor({2: 0, 4: 0, 9: 0, 10: {}})[1:], "Malformed")
    case("indefinite map", b"\xbf" + plain[1:] + b"\xff", "Malformed")
    case("tag before it", b"\xd9\xd9\xf7" + plain, "Malformed")
    case("float in the body", plain.replace(b"\x65hello", b"\xf9\x3c\x00", 1), "Malformed")
    case("text key in the body", plain.replace(b"\xa1\x01\x65hello", b"\xa1\x61a\x00", 1), "Malformed")
    case("books of a cut out of order", entry(_7={z: 1, a: 1}).replace(cbor({z: 1, a: 1})[1:], cbor({a: 1})[1:] + cbor({z: 1})[1:], 1), "Malformed")
    case("null for an absent key", b"\xa6" + cbor({1: 1, 2: 0, 4: 0, 5: None, 9: 0, 10: {}})[1:], "Malformed")

    case("key 0", entry(_0=0), "Incompatible")
    case("key 12", entry(_12=0), "Incompatible")
    case("key 2^64 - 1", entry(**{f"_{2**64 - 1}": {1: [1, None]}}), "Incompatible")
    case("key 12 and 13", entry(_12="a", _13=b"b"), "Incompatible")

    vectors = []
    for books in ({}, {z: (3, bytes(32))}, {z: (3, b"\x01" * 32), a: (2**40 - 1, b"\x02" * 32), 4: (0, b"\x03" * 32)}):
        listed = [dict(book=book, size=size, root=tree_root) for book, (size, tree_root) in sorted(books.items())]
        vectors.append(dict(books=listed, hash=vector_hash(books)))
    write("entries", 3, cases=cases, vectors=vectors)


def write_books():
    own, other, acts = code(0, 3, "Z"), code(0, 4, "P"), code(0, 3, "A")
    first = dict(_1=5, _2=100, _7={other: 3})
    cases = []

    def case(name, book, *entries):
        listed = [dict(bytes=entry(**changes), broken=broken) for changes, broken in entries]
        cases.append(dict(name=name, book=book, entries=listed))

    case("ascends", own, (first, None), (dict(_1=6, _2=100, _7={other: 4, acts: 1}), None), (dict(_1=9, _2=101), None))
    case("one size again", own, (first, None), (dict(_1=6, _2=100, _7={other: 3}), None))
    case("serial again", own, (first, None), (dict(_1=5, _2=100), "serial"))
    case("serial falls", own, (first, None), (dict(_1=4, _2=100), "serial"))
    case("time falls", own, (first, None), (dict(_1=6, _2=99), "time"))
    case("size falls", own, (first, None), (dict(_1=6, _2=100, _7={other: 2}), "size in a cut"))
    case("own book in the cut", own, (dict(_1=1, _7={own: 0}), "cut"))
    case("act without a vector", acts, (dict(_1=1), "vector"))
    case("act with a vector", acts, (dict(_1=1, _8=bytes(32)), None))
    case("vector elsewhere", own, (dict(_1=1, _8=bytes(32)), "vector"))
    broken = (dict(_1=3, _2=50, _7={other: 1}), "serial")
    case("a breach takes nothing back: serial", own, (first, None), broken, (dict(_1=4, _2=100), "serial"))
    case("a breach takes nothing back: time", own, (first, None), broken, (dict(_1=6, _2=60), "time"))
    case("a breach takes nothing back: size", own, (first, None), broken, (dict(_1=6, _2=100, _7={other: 2}), "size in a cut"))
    case("sound after a breach", own, (first, None), broken, (dict(_1=6, _2=100, _7={other: 4}), None))
    write("books", 3, cases=cases)


def write_blinds():
    cases = []
    for secret in (SECRET, bytes(32)):
        for generation, party, letter in ((0, 3, "Z"), (1, 3, "Z"), (0, 254, "R")):
            book_origin = origin(LINE, generation, party, letter)
            indices = [0, 1, 2, 3, 4, 255, 256, 2**32, 2**40 - 2, 2**40 - 1]
            blinds = [dict(index=index, blind=blind(secret, book_origin, index)) for index in indices]
            cases.append(
                dict(secret=secret, commitment=sha256(b"detente blind v1\n", secret), origin=book_origin, blinds=blinds)
            )
    data = entry()
    mask = blind(SECRET, ORIGIN, 0)
    leaf = dict(blind=mask, entry=data, hash=leaf_hash(mask + data))
    write("blinds", 4, cases=cases, leaf=leaf)


def write_trees():
    hashes = [leaf_hash(bytes([n])) for n in range(70)]
    roots = [root(hashes[:size]) for size in range(71)]
    inclusions = [
        dict(index=index, size=size, proof=inclusion(index, hashes[:size]))
        for size in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 70)
        for index in sorted({0, 1, size // 2, size - 2, size - 1} & set(range(size)))
    ]
    sizes = (1, 2, 3, 4, 6, 7, 8, 9, 16, 21, 32, 33, 64, 65, 69, 70)
    consistencies = [
        dict(first=first, second=second, proof=consistency(first, hashes[:second]))
        for second in sizes for first in sizes if first <= second
    ]
    proof, wrong = inclusion(4, hashes[:7]), bytes(32)
    bad_inclusions = [
        dict(name="another index", index=5, size=7, leaf=4, proof=proof),
        dict(name="another size", index=4, size=9, leaf=4, proof=proof),
        dict(name="an index beyond the size", index=7, size=7, leaf=4, proof=proof),
        dict(name="an empty tree", index=0, size=0, leaf=0, proof=[]),
        dict(name="another leaf", index=4, size=7, leaf=3, proof=proof),
        dict(name="a hash too few", index=4, size=7, leaf=4, proof=proof[:-1]),
        dict(name="a hash too many", index=4, size=7, leaf=4, proof=proof + [wrong]),
        dict(name="another hash", index=4, size=7, leaf=4, proof=[wrong] + proof[1:]),
        dict(name="hashes swapped", index=4, size=7, leaf=4, proof=proof[::-1]),
        dict(name="an absurd size", index=4, size=2**64 - 1, leaf=4, proof=proof),
    ]
    proof = consistency(6, hashes[:9])
    bad_consistencies = [
        dict(name="another first size", first=5, second=9, first_root=roots[6], second_root=roots[9], proof=proof),
        dict(name="another second size", first=6, second=17, first_root=roots[6], second_root=roots[9], proof=proof),
        dict(name="another first root", first=6, second=9, first_root=roots[5], second_root=roots[9], proof=proof),
        dict(name="another second root", first=6, second=9, first_root=roots[6], second_root=roots[8], proof=proof),
        dict(name="a hash too few", first=6, second=9, first_root=roots[6], second_root=roots[9], proof=proof[:-1]),
        dict(name="a hash too many", first=6, second=9, first_root=roots[6], second_root=roots[9], proof=proof + [wrong]),
        dict(name="no hashes", first=6, second=9, first_root=roots[6], second_root=roots[9], proof=[]),
        dict(name="no hashes, from a power of two", first=4, second=9, first_root=roots[4], second_root=roots[9], proof=[]),
        dict(name="equal sizes, unequal roots", first=6, second=6, first_root=roots[5], second_root=roots[6], proof=[]),
        dict(name="equal sizes, a hash", first=6, second=6, first_root=roots[6], second_root=roots[6], proof=[wrong]),
        dict(name="sizes swapped", first=9, second=6, first_root=roots[9], second_root=roots[6], proof=proof),
    ]
    write("trees", 5, leaf_hashes=hashes, roots=roots, inclusion=inclusions, consistency=consistencies,
          no_inclusion=bad_inclusions, no_consistency=bad_consistencies)


def write_tiles():
    def place(index):
        groups = [f"{index % 1000:03}"]
        while index >= 1000:
            index //= 1000
            groups.insert(0, f"x{index % 1000:03}")
        return "/".join(groups)

    def suffix(width):
        return "" if width == 256 else f".p/{width}"

    paths = [
        dict(level=level, index=index, width=width, path=f"tile/{level}/{place(index)}{suffix(width)}",
             **({"entries": f"tile/entries/{place(index)}{suffix(width)}"} if level == 0 else {}))
        for level, index, width in
        [(0, 0, 256), (0, 0, 1), (0, 999, 255), (0, 1000, 256), (1, 1_234_067, 256), (4, 999_999, 17), (0, 2**32 - 1, 256), (63, 0, 2)]
    ]
    no_paths = [
        "", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/000.p/0",
        "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/001/002", "tile/0/x000/001", "tile/0/x001",
        "tile/0/0001", "/tile/0/000", "tile/0/000/", "tile/entries/000", "tile/0/x99999999999999999999/000",
    ]
    sizes = []
    for size in (0, 1, 255, 256, 257, 512, 65535, 65536, 70_000):
        tiles = []
        for level in range(5):
            count = size >> (8 * level)
            tiles += [(level, index, 256) for index in range(count // 256)]
            tiles += [(level, count // 256, count % 256)] if count % 256 else []
        partial = [f"tile/{level}/{place(index)}{suffix(width)}" for level, index, width in tiles if width < 256]
        sizes.append(dict(size=size, full=sum(width == 256 for _, _, width in tiles), partial=partial))
    hashes = [leaf_hash(u(n, 2)) for n in range(600)]
    above = [root(hashes[at : at + 256]) for at in (0, 256)]
    contents = dict(
        leaves="leaf n, of 600, is u16(n)",
        tiles=[
            dict(path="tile/0/001", sha256=sha256(*hashes[256:512])), dict(path="tile/0/002.p/88", sha256=sha256(*hashes[512:])),
            dict(path="tile/1/000.p/2", sha256=sha256(*above)),
        ],
    )
    leaves = [bytes(16) + b"a", b"\x01" * 16 + bytes(16384), b"\x02" * 16 + entry()]
    bundle = b"".join(u(len(leaf), 2) + leaf for leaf in leaves)
    bundles = [
        dict(name="three leaves", bytes=bundle, leaves=leaves), dict(name="none", bytes=b"", leaves=[]),
        dict(name="cut short", bytes=bundle[:-1], leaves=None), dict(name="half a length", bytes=b"\x00", leaves=None),
        dict(name="a leaf shorter than a blind", bytes=u(15, 2) + bytes(15), leaves=None),
        dict(name="a leaf that is too long", bytes=u(16401, 2) + bytes(16401), leaves=None),
        dict(name="257 leaves", bytes=(u(17, 2) + bytes(17)) * 257, leaves=None),
    ]
    write("tiles", 5, paths=paths, no_paths=no_paths, sizes=sizes, contents=contents, bundles=bundles)


def write_keys():
    keys = [dict(name="of a seed", key=public(AUTHOR), weak=False)]
    for n in range(8):
        keys.append(dict(name=f"small order, {n} of 8", key=encode_point(times(n, SMALL)), weak=True))
    for y in range(P, 2**255):
        for sign_bit in (0, 1):
            if point_of(y, sign_bit):
                keys.append(dict(name=f"y is p + {y - P}, sign {sign_bit}", key=(y | sign_bit << 255).to_bytes(32, "little"), weak=True))
    keys.append(dict(name="x is 0 with sign 1, y is 1", key=(1 | 1 << 255).to_bytes(32, "little"), weak=True))
    keys.append(dict(name="x is 0 with sign 1, y is -1", key=(P - 1 | 1 << 255).to_bytes(32, "little"), weak=True))
    keys.append(dict(name="no point", key=next(u(y, 32)[::-1] for y in range(2, 99) if not point_of(y)), weak=True))
    mixed = encode_point(add(times(expand(AUTHOR)[0], BASE), SMALL))
    keys.append(dict(name="of mixed order, which is not small", key=mixed, weak=False))

    message = b"message"
    good = sign(AUTHOR, message)
    r, s = good[:32], int.from_bytes(good[32:], "little")
    signatures = []

    def case(name, key, signature, valid, signed=message):
        signatures.append(dict(name=name, key=key, message=signed, signature=signature, valid=valid))

    case("sound", public(AUTHOR), good, True)
    case("of an empty message", public(AUTHOR), sign(AUTHOR, b""), True, b"")
    case("another message", public(AUTHOR), good, False, b"massage")
    case("another key", public(RECEIVER), good, False)
    case("S + L", public(AUTHOR), r + (s + L).to_bytes(32, "little"), False)
    case("all zeros", public(AUTHOR), bytes(64), False)
    # With R of small order, S = k·a makes the equation hold up to that R, and exactly for the neutral R.
    scalar = expand(AUTHOR)[0]
    for n in range(8):
        small = encode_point(times(n, SMALL))
        k = sha512_int(small, public(AUTHOR), message) % L
        case(f"R of small order, {n} of 8", public(AUTHOR), small + (k * scalar % L).to_bytes(32, "little"), False)
    # With a component of small order in R or in the key, only the equation times 8 holds.
    nonce = sha512_int(b"nonce") % L
    shifted = encode_point(add(times(nonce, BASE), SMALL))
    k = sha512_int(shifted, public(AUTHOR), message) % L
    case("R of mixed order", public(AUTHOR), shifted + ((nonce + k * scalar) % L).to_bytes(32, "little"), False)
    plain = encode_point(times(nonce, BASE))
    counter = 0
    while True:
        varied = b"message %d" % counter
        k = sha512_int(plain, mixed, varied) % L
        signature = plain + ((nonce + k * scalar) % L).to_bytes(32, "little")
        if k % 8:
            case("key of mixed order, equation only times 8", mixed, signature, False, varied)
            break
        counter += 1
    while k % 8:
        counter += 1
        varied = b"message %d" % counter
        k = sha512_int(plain, mixed, varied) % L
    case("key of mixed order, equation exact", mixed, plain + ((nonce + k * scalar) % L).to_bytes(32, "little"), True, varied)

    possessions = []
    for role in ("book", "receipt", "station", "recovery"):
        text = possession(role, "usa", public(AUTHOR))
        possessions.append(dict(role=role, party="usa", seed=AUTHOR, key=public(AUTHOR), message=text, signature=sign(AUTHOR, text)))
    prints = [dict(subject=subject, text=fingerprint(subject)) for subject in (LINE, bytes(32), bytes(range(128)))]
    write("keys", 8, public_keys=keys, signatures=signatures, possession=possessions, fingerprints=prints)


# --- Renewals (keys.md) -------------------------------------------------------------------------------------------


def of(text):
    """A seed, or a commitment, by what it is for."""
    return sha256(text.encode())


ROLES = ("book", "receipt", "station")
RECOVERY = of("recovery")


def seeds_of(rank):
    return [of(f"{role} {rank}") for role in ROLES]


def keys_hash(party, recovery, rank=0):
    keys = [public(seed) for seed in seeds_of(rank)]
    return sha256(b"detente keys v1\n", bytes([party]), *keys, of(f"secret {rank}"), recovery)


def renewal(rank, follows, by=RECOVERY, name="usa", seeds=None, **changes):
    """A renewal's bytes and hash; `changes` replaces keys of the statement, as `_4`."""
    seeds = seeds or seeds_of(rank)
    keys = [public(seed) for seed in seeds]
    proofs = [sign(seed, possession(role, name, key)) for seed, role, key in zip(seeds, ROLES, keys)]
    said = {1: LINE, 2: 3, 3: rank, 4: follows, 5: keys[0], 6: keys[1], 7: keys[2], 8: of(f"secret {rank}"), 9: proofs, 10: 1, 11: 1_491_500_000_000}
    for key, value in changes.items():
        said[int(key[1:])] = value
        if value is None:
            del said[int(key[1:])]
    statement = cbor(said)
    digest = sha256(statement)
    return [statement, sign(by, f"detente renewal\n{b64(digest)}\n".encode())], digest


def write_renewals():
    first = keys_hash(3, public(RECOVERY))
    one, one_hash = renewal(1, first)
    two, two_hash = renewal(2, one_hash, _10=2)
    other, other_hash = renewal(1, first, _11=1)
    after_other, _ = renewal(2, other_hash)
    third, _ = renewal(3, two_hash)
    digest = sha256(b"detente renewal v1\n", one_hash, bytes([3]))[:16]
    shown = dict(
        name="one", bytes=cbor(one), hash=one_hash, rank=1, follows=first, why="rotation", time_ms=1_491_500_000_000,
        note_text=f"detente renewal\n{b64(one_hash)}\n", key_name="detente/" + digest.hex(),
        keys=[public(seed) for seed in seeds_of(1)], commitment=of("secret 1"),
    )
    last = renewal(31, one_hash, _10=2, _11=2**64 - 1)
    last_digest = sha256(b"detente renewal v1\n", last[1], bytes([3]))[:16]
    latest = dict(
        name="the last rank", bytes=cbor(last[0]), hash=last[1], rank=31, follows=one_hash, why="compromise", time_ms=2**64 - 1,
        note_text=f"detente renewal\n{b64(last[1])}\n", key_name="detente/" + last_digest.hex(),
        keys=[public(seed) for seed in seeds_of(31)], commitment=of("secret 31"),
    )
    refused = []

    def bad(name, data, error="Malformed"):
        refused.append(dict(name=name, bytes=data if isinstance(data, bytes) else cbor(data), error=error))

    bad("empty", b"")
    bad("a map", {1: one[0], 2: one[1]})
    bad("three parts", one + [1])
    bad("a signature of 63 bytes", [one[0], one[1][:63]])
    bad("a statement that is no map", [cbor([1]), one[1]])
    bad("a byte behind the statement", [one[0] + b"\x00", one[1]])
    bad("a byte behind it", cbor(one) + b"\x00")
    bad("over 1,024 bytes", [one[0] + bytes(600), one[1]])
    for key in range(1, 12):
        bad(f"no key {key}", renewal(1, first, **{f"_{key}": None})[0])
    bad("another key", renewal(1, first, _12=1)[0])
    for rank in (0, 32):
        bad(f"rank {rank}", renewal(rank, first)[0])
    bad("party 255", renewal(1, first, _2=255)[0])
    for why in (0, 3):
        bad(f"why {why}", renewal(1, first, _10=why)[0])
    bad("two proofs", renewal(1, first, _9=[bytes(64)] * 2)[0])
    bad("a weak key", renewal(1, first, _6=encode_point(SMALL))[0], "WeakKey")

    stranger = of("stranger")
    chains = []

    def chain(name, *offered, recovery=public(RECOVERY), last=0, spoiled=None):
        offers = [dict(bytes=cbor(data), taken=taken) for data, taken in offered]
        chains.append(dict(name=name, recovery=recovery, offered=offers, last=last, spoiled=spoiled))

    chain("in order", (one, "next"), (two, "next"), (third, "next"), last=3)
    chain("again", (one, "next"), (one, "nothing"), last=1)
    chain("a rank is left out", (two, "nothing"), (one, "next"), (third, "nothing"), last=1)
    chain("another key's", (renewal(1, first, by=stranger)[0], "Misbehaved"))
    chain("no recovery key", (one, "Misbehaved"), recovery=None)
    chain("another recovery key", (one, "Misbehaved"), recovery=public(stranger))
    chain("of another line", (renewal(1, first, _1=of("another"))[0], "Misbehaved"))
    chain("of another party", (renewal(1, first, _2=4)[0], "Misbehaved"))
    chain("possession under another name", (renewal(1, first, name="rus")[0], "Misbehaved"))
    for place, role in enumerate(ROLES):
        proofs = [sign(seed, possession(r, "usa", public(seed))) for seed, r in zip(seeds_of(1), ROLES)]
        proofs[place] = sign(stranger, possession(role, "usa", public(seeds_of(1)[place])))
        chain(f"no possession of the {role} key", (renewal(1, first, _9=proofs)[0], "Misbehaved"))
    chain("follows something else", (renewal(1, one_hash)[0], "Misbehaved"))
    chain("the memorandum's keys", (renewal(1, first, seeds=seeds_of(0))[0], "Misbehaved"))
    chain("the memorandum's keys in other roles", (renewal(1, first, seeds=seeds_of(0)[1:] + seeds_of(0)[:1])[0], "Misbehaved"))
    chain("the memorandum's commitment", (renewal(1, first, _8=of("secret 0"))[0], "Misbehaved"))
    chain("the recovery key", (renewal(1, first, seeds=[RECOVERY] + seeds_of(1)[1:])[0], "Misbehaved"))
    chain("one key twice", (renewal(1, first, seeds=[seeds_of(1)[0]] * 2 + seeds_of(1)[2:])[0], "Misbehaved"))
    chain("keys of the rank before", (one, "next"), (renewal(2, one_hash, seeds=seeds_of(1))[0], "Misbehaved"), last=1)
    chain("two of one rank", (one, "next"), (other, "contradicts"), (two, "nothing"), last=1, spoiled=1)
    chain("two of one rank, the other first", (other, "next"), (one, "contradicts"), last=1, spoiled=1)
    chain("one that follows another", (one, "next"), (after_other, "contradicts"), last=1, spoiled=1)
    chain("two of an earlier rank", (one, "next"), (two, "next"), (other, "contradicts"), last=2, spoiled=1)
    chain("another key's of a rank that is held", (one, "next"), (renewal(1, first, by=stranger, _11=1)[0], "Misbehaved"), last=1)
    write("renewals", 3, spec="keys.md §3", line=LINE, party=3, party_name="usa", keys=[public(seed) for seed in seeds_of(0)],
          commitment=of("secret 0"), cases=[shown, latest], refused=refused, chains=chains)


def write_checkpoints():
    key = public(AUTHOR)
    cases = []
    for generation, party, letter, size, tree_root in (
        (0, 3, "Z", 1, sha256(b"one")), (2, 254, "R", 2**40 - 1, sha256(b"many")), (0, 3, "A", 0, sha256()),
    ):
        book_origin = origin(LINE, generation, party, letter)
        text = checkpoint_text(book_origin, size, tree_root)
        signature = sign(AUTHOR, text.encode())
        note = text + "\n" + note_line(book_origin, 1, key, signature)
        cases.append(dict(book=code(generation, party, letter), size=size, root=tree_root, text=text, signature=signature, note=note))
    text = checkpoint_text(ORIGIN, 8, sha256(b"root"))
    signature = sign(AUTHOR, text.encode())
    line = note_line(ORIGIN, 1, key, signature)
    stranger = note_line("witness.example/w", 4, public(RECEIVER), bytes(72))

    def resigned(text):
        return text + "\n" + note_line(ORIGIN, 1, key, sign(AUTHOR, text.encode()))

    root64 = b64(sha256(b"root"))
    notes = {
        "sound": (text + "\n" + line, True),
        "with a stranger's signature": (text + "\n" + stranger + line, True),
        "64 signatures": (text + "\n" + stranger * 63 + line, True),
        "65 signatures": (text + "\n" + stranger * 64 + line, False),
        "no signature": (text + "\n", False),
        "no empty line": (text + line, False),
        "only a stranger's": (text + "\n" + stranger, False),
        "key of another type": (text + "\n" + note_line(ORIGIN, 4, key, signature), False),
        "another name": (text + "\n" + note_line(ORIGIN + "0", 1, key, signature), False),
        "another key": (text + "\n" + note_line(ORIGIN, 1, public(RECEIVER), sign(RECEIVER, text.encode())), False),
        "the key's name with another's signature": (text + "\n" + note_line(ORIGIN, 1, key, sign(RECEIVER, text.encode())), False),
        "a signature of 63 bytes": (text + "\n" + note_line(ORIGIN, 1, key, signature[:63]), False),
        "a signature of 65 bytes": (text + "\n" + note_line(ORIGIN, 1, key, signature + b"\0"), False),
        "another size": ((text + "\n" + line).replace("\n8\n", "\n9\n"), False),
        "another origin, signed": (resigned(text.replace("detente/", "detente.")), False),
        "an extension line, signed": (resigned(text + "more\n"), False),
        "a size with a zero before it, signed": (resigned(f"{ORIGIN}\n08\n{root64}\n"), False),
        "a size with a sign, signed": (resigned(f"{ORIGIN}\n+8\n{root64}\n"), False),
        "a size of 2^40, signed": (resigned(f"{ORIGIN}\n{2**40}\n{root64}\n"), False),
        "a root without padding, signed": (resigned(f"{ORIGIN}\n8\n{root64[:-1]}\n"), False),
        "a root of 31 bytes, signed": (resigned(f"{ORIGIN}\n8\n{b64(bytes(31))}\n"), False),
        "two lines only, signed": (resigned(f"{ORIGIN}\n8\n"), False),
        "carriage returns": ((text + "\n" + line).replace("\n", "\r\n"), False),
        "a hyphen for the dash": ((text + "\n" + line).replace("\u2014", "-"), False),
        "no last newline": (text + "\n" + line[:-1], False),
        "something after it": (text + "\n" + line + "x", False),
    }
    listed = [dict(name=name, note=note, sound=sound) for name, (note, sound) in notes.items()]

    hashes = [leaf_hash(bytes([n])) for n in range(11)]
    signed = lambda size, tree_root: dict(
        size=size, root=tree_root, signature=sign(AUTHOR, checkpoint_text(ORIGIN, size, tree_root).encode())
    )
    true6, proof = root(hashes[:6]), consistency(6, hashes)
    conflicts = [
        dict(name="two roots at one size", one=signed(6, true6), other=signed(6, bytes(32)), conflict=True),
        dict(name="one checkpoint twice", one=signed(6, true6), other=signed(6, true6), conflict=False),
        dict(name="a book that grew", one=signed(6, true6), other=signed(11, root(hashes)), root=true6, proof=proof, conflict=False),
        dict(name="a book rewritten", one=signed(6, bytes(32)), other=signed(11, root(hashes)), root=true6, proof=proof, conflict=True),
        dict(name="a proof that does not hold", one=signed(6, true6), other=signed(11, root(hashes)), root=bytes(32), proof=proof, conflict=False),
        dict(name="two sizes without a proof", one=signed(6, bytes(32)), other=signed(11, root(hashes)), conflict=False),
    ]
    write("checkpoints", 6, line=LINE, seed=AUTHOR, key=key, cases=cases,
          notes=dict(book=code(**BOOK), cases=listed), conflicts=dict(book=code(**BOOK), cases=conflicts))


def write_steps():
    key = public(AUTHOR)
    cases = []

    def case(name, held, entries, sound, size=None, over=None, seed=AUTHOR, book=BOOK):
        """`over` is what is signed instead of the entries that travel."""
        book_origin = origin(LINE, **book)
        leaves = lambda entries: [leaf_hash(blind(SECRET, ORIGIN, index) + data) for index, data in enumerate(entries)]
        size = len(held) + len(entries) if size is None else size
        signed = checkpoint_text(book_origin, size, root(leaves(held + (entries if over is None else over))))
        cases.append(
            dict(name=name, held=held, entries=entries, size=size, signature=sign(seed, signed.encode()), sound=sound,
                 root=root(leaves(held + entries)))
        )

    one, two, three = (entry(_1=n) for n in (1, 2, 3))
    case("the first entry", [], [one], True)
    case("more of a book", [one], [two, three], True)
    case("an entry that nobody can read", [], [b"\xff"], True)
    case("256 entries", [one], [b"\x00"] * 256, True)
    case("65,536 bytes", [], [bytes(16384)] * 4, True)
    case("257 entries", [], [b"\x00"] * 257, False)
    case("65,537 bytes", [], [bytes(16384)] * 4 + [b"\x00"], False)
    case("an entry of 16,385 bytes", [], [bytes(16385)], False)
    case("no entries", [one], [], False)
    case("an empty entry", [], [one, b""], False)
    case("a size too large", [], [one], False, size=2)
    case("a size too small", [one], [two], False, size=1)
    case("entries swapped", [], [two, one], False, over=[one, two])
    case("an entry altered", [], [entry(_1=9)], False, over=[one])
    case("an entry left out", [], [one, three], False, over=[one, two, three])
    case("another key", [], [one], False, seed=RECEIVER)
    case("another book", [], [one], False, book=dict(BOOK, letter="O"))
    write("steps", 6, line=LINE, key=key, secret=SECRET, book=code(**BOOK), cases=cases)


def write_receipts():
    key = public(RECEIVER)
    tree_root = sha256(b"root")
    text = checkpoint_text(ORIGIN, 12, tree_root)
    author_line = note_line(ORIGIN, 1, public(AUTHOR), sign(AUTHOR, text.encode()))
    cases = []
    for seconds in (0, 1_500_000_000, 2**63 - 1):
        signature, line = receipt_line(LINE, 4, RECEIVER, seconds, text)
        cases.append(dict(seconds=seconds, message=cosigned(seconds, text), signature=signature, line=line, note=text + "\n" + author_line + line))
    good = sign(RECEIVER, cosigned(1_500_000_000, text).encode())
    sound = dict(party=4, size=12, root=tree_root, seconds=1_500_000_000, signature=good)
    refused = [
        dict(name="another root", **{**sound, "root": bytes(32)}), dict(name="another size", **{**sound, "size": 13}),
        dict(name="another second", **{**sound, "seconds": 1_500_000_001}),
        dict(name="the author's key", **{**sound, "signature": sign(AUTHOR, cosigned(1_500_000_000, text).encode())}),
        dict(name="a signature without its time", **{**sound, "signature": sign(RECEIVER, text.encode())}),
        dict(name="seconds of 2^63", **{**sound, "seconds": 2**63, "signature": sign(RECEIVER, cosigned(2**63, text).encode())}),
    ]
    write("receipts", 7, line=LINE, seed=RECEIVER, key=key, book=code(**BOOK), party=4, size=12, root=tree_root, cases=cases, refused=refused)


def write_tlog_proofs():
    entries = [entry(_1=n, _10={1: f"entry {n}"}) for n in range(1, 12)]
    leaves = [blind(SECRET, ORIGIN, index) + data for index, data in enumerate(entries)]
    hashes = list(map(leaf_hash, leaves))
    text = checkpoint_text(ORIGIN, 11, root(hashes))
    author_line = note_line(ORIGIN, 1, public(AUTHOR), sign(AUTHOR, text.encode()))
    _, line = receipt_line(LINE, 4, RECEIVER, 1_500_000_000, text)
    note = text + "\n" + author_line + line

    def proof_text(index, note=note, leaf=None, proof=None):
        leaf = leaves[index] if leaf is None else leaf
        proof = inclusion(index, hashes) if proof is None else proof
        return f"c2sp.org/tlog-proof@v1\nextra {b64(leaf)}\nindex {index}\n" + "".join(b64(h) + "\n" for h in proof) + "\n" + note

    cases = [
        dict(name=f"entry {index + 1}", text=proof_text(index), number=index + 1, entry=entries[index], receipts=1)
        for index in (0, 1, 7, 8, 10)
    ]
    cases.append(dict(name="without receipts", text=proof_text(5, text + "\n" + author_line), number=6, entry=entries[5], receipts=0))
    single = checkpoint_text(ORIGIN, 1, hashes[0])
    single += "\n" + note_line(ORIGIN, 1, public(AUTHOR), sign(AUTHOR, single.encode()))
    cases.append(dict(name="the only entry", text=proof_text(0, single, proof=[]), number=1, entry=entries[0], receipts=0))
    sound = proof_text(7)
    receipt_of_another = receipt_line(LINE, 4, RECEIVER, 1_500_000_000, single.split("\n\n")[0] + "\n")[1]
    refused = {
        "another version": sound.replace("@v1", "@v2"),
        "no header": sound.split("\n", 1)[1],
        "no extra": sound.replace(sound.split("\n")[1] + "\n", ""),
        "no index": sound.replace("index 7\n", ""),
        "an index with a zero before it": sound.replace("index 7", "index 07"),
        "an index with a sign": sound.replace("index 7", "index +7"),
        "another index": sound.replace("index 7", "index 6"),
        "an index beyond the size": sound.replace("index 7", "index 11"),
        "another leaf": proof_text(7, leaf=leaves[6]),
        "a leaf without a blind": proof_text(7, leaf=entries[7]),
        "a leaf shorter than a blind": proof_text(7, leaf=bytes(15)),
        "a blind without an entry": proof_text(7, leaf=bytes(16)),
        "a leaf that is too long": proof_text(7, leaf=bytes(16401)),
        "a hash too few": proof_text(7, proof=inclusion(7, hashes)[:-1]),
        "a hash too many": proof_text(7, proof=inclusion(7, hashes) + [bytes(32)]),
        "another hash": proof_text(7, proof=[bytes(32)] + inclusion(7, hashes)[1:]),
        "65 hashes": proof_text(7, proof=[bytes(32)] * 65),
        "a hash of 31 bytes": proof_text(7, proof=inclusion(7, hashes)).replace(b64(inclusion(7, hashes)[0]), b64(bytes(31))),
        "no empty line": sound.replace("\n\n", "\n", 1),
        "no checkpoint": sound.split("\n\n")[0] + "\n\n",
        "a checkpoint that is not signed by the author": proof_text(7, text + "\n" + line),
        "another size in the checkpoint": proof_text(7, note.replace("\n11\n", "\n10\n")),
        "a receipt that does not hold": proof_text(7, text + "\n" + author_line + receipt_of_another),
    }
    listed = [dict(name=name, text=text) for name, text in refused.items()]
    write("tlog_proofs", 10, line=LINE, book=code(**BOOK), author_key=public(AUTHOR), receipt_keys=[dict(party=4, key=public(RECEIVER))],
          cases=cases, refused=listed)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for step in (write_cbor, write_names, write_entries, write_books, write_blinds, write_trees, write_tiles, write_keys,
                 write_renewals, write_checkpoints, write_steps, write_receipts, write_tlog_proofs):
        step()
