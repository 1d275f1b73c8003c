#!/usr/bin/env python3
"""Writes the vectors of spec/line.md, from the specification alone and the standard library.

It shares `record.py`, `seals.py` and `mldsa.py`, which stand beside it, and no code with the implementation that is checked against its
output. It encodes and signs; it judges nothing: every verdict below was written by hand, from the text.
"""

import json
import pathlib

import mldsa
import seals
from record import (
    LETTERS,
    SMALL,
    b64,
    blind,
    cbor,
    checkpoint_text,
    code,
    encode_point,
    hex_of,
    leaf_hash,
    note_line,
    origin,
    possession,
    public,
    renewal,
    root,
    sha256,
    sign,
    vector_hash,
)

OUT = pathlib.Path(__file__).parent / "line"
HASH, SIGNATURE = bytes(range(32)), bytes(range(64))
DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000
START = 1_491_500_000_000


def write(name, section, **groups):
    whole = {"spec": f"line.md §{section}", **groups}
    text = json.dumps(whole, indent=1, ensure_ascii=False, default=hex_of)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


# --- Kinds (§4) ---------------------------------------------------------------------------------------------------

NUMBERS = {
    "message": 1,
    "amendment": 2,
    "withdrawal": 3,
    "acknowledgement": 4,
    "read-back": 5,
    "passed-on": 6,
    "cease": 7,
    "displayed": 8,
    "escalated": 9,
    "test": 10,
    "test-answer": 11,
    "missed": 12,
    "duty": 13,
    "notice": 14,
    "conflict": 15,
    "position": 16,
    "finding": 17,
    "discloses": 18,
    "opens": 64,
    "suspends": 65,
    "resumes": 66,
    "motion": 67,
    "vote": 68,
    "decide": 69,
    "leaves": 70,
    "holds": 80,
    "seals": 81,
}
SEALED = {1: code(0, 1, "Z"), 2: 7, 3: HASH, 4: SIGNATURE, 5: 1_491_500_000, 6: bytes(2_420)}
SEALED_FIELDS = dict(book=code(0, 1, "Z"), size=7, root=HASH, signature=SIGNATURE, seconds=1_491_500_000, seal=sha256(bytes(2_420)))
TRIANGLE = [[346_000_000, 380_000_000], [347_000_000, 382_500_000], [347_000_000, 380_000_000]]
# A ring is its first corner, then steps (airspace.md §10).
RING = [346_000_000, 380_000_000, 1_000_000, 2_500_000, 0, -2_500_000]
VOLUME = {1: [RING], 5: START, 6: START + HOUR}
ENDLESS = {1: [RING], 2: [-1_000, 1], 3: [9_000_000, 0], 5: START}
NOTICE = {1: "activity", 2: "flights", 3: [VOLUME]}
NOTICE_FIELDS = dict(
    notice_kind="activity", text="flights", volumes=cbor([VOLUME]), from_ms=START, until_ms=START + HOUR
)
WAYPOINTS = [[TRIANGLE[0], START, START], [TRIANGLE[1], START, START + HOUR]]
TEXTS = {1, 2, 3, 4, 6, 7, 8, 9, 13, 14, 16, 17, 19, 20, 23, 24}
VALUES = {
    **{number: f"field {number}" for number in TEXTS},
    **{5: START, 10: "critical-infrastructure", 11: 5_000, 12: "self-reported", 15: START, 18: START, 21: 12, 22: False},
}
VALUES = dict(sorted(VALUES.items()))
FULL_NOTICE = {**NOTICE, 3: [VOLUME, ENDLESS], 4: VALUES, 5: True, 6: WAYPOINTS}
FULL_FIELDS = {
    **NOTICE_FIELDS,
    "volumes": cbor([VOLUME, ENDLESS]),
    "fields": {str(number): value for number, value in VALUES.items()},
    "emergency": True,
    "waypoints": WAYPOINTS,
}
del FULL_FIELDS["until_ms"]  # one of its volumes has no end
REPORT = {1: 1, 2: [VOLUME]}


def attachment(data, name, media_type="application/octet-stream"):
    """What an entry says of bytes (blobs.md §1), and how the vectors describe it."""
    said = [sha256(data), len(data), name, media_type, chunk_tree(data)]
    return said, dict(zip(("hash", "size", "name", "media_type", "root"), said))


def chunk_tree(data):
    """Root of the tree over chunks of 65,536 bytes, by RFC 6962 §2.1."""
    leaves = [sha256(b"\x00" + data[place : place + 65_536]) for place in range(0, len(data), 65_536)]
    return subtree(leaves)


def subtree(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"")
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + subtree(leaves[:middle]) + subtree(leaves[middle:]))


def chunk_proof(leaves, index):
    """The siblings from a leaf up."""
    if len(leaves) < 2:
        return []
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    if index < middle:
        return chunk_proof(leaves[:middle], index) + [subtree(leaves[middle:])]
    return chunk_proof(leaves[middle:], index - middle) + [subtree(leaves[:middle])]


def finding_text(line, serial=1, *, before=None, corrects=None, by="un-board", on=(("usa/Z/3", HASH),), text="Nobody was told."):
    """What an observer signs (observers.md §3)."""
    lines = ["detente finding v1", f"line {hex_of(line)}", f"by {by}", f"serial {serial}"]
    lines += [f"before {hex_of(before)}"] if before else []
    lines += [f"corrects {corrects}"] if corrects else []
    lines += [f"time {START}", "language en"] + [f"on {entry} {hex_of(digest)}" for entry, digest in on]
    return "".join(line + "\n" for line in lines + ["", text])


def signed_finding(line, text, by="un-board", signer="un-board"):
    """A finding's note, by the key of a signer."""
    key = seed(signer, "observer")
    name = "detente/" + hex_of(sha256(b"detente observer v1\n", line, by.encode())[:16])
    return (text + "\n" + note_line(name, 1, public(key), sign(key, text.encode()))).encode()


FILE = b"\x07" * 65_536 + b"\x08" * 65_536 + b"\x09" * 48_128  # two whole chunks and a part
MAP, MAP_FIELDS = attachment(FILE, "map.png", "image/png")
NOTHING, NOTHING_FIELDS = attachment(b"", "طلب.txt", "text/plain")


def write_kinds():
    cases = []

    def sound(kind, body, name=None, **fields):
        cases.append(dict(name=name or kind, kind=NUMBERS[kind], bytes=cbor(body), verdict="sound", body=fields))

    def bad(kind, name, body, verdict="Malformed"):
        data = body if isinstance(body, bytes) else cbor(body)
        cases.append(dict(name=f"{kind}: {name}", kind=NUMBERS[kind], bytes=data, verdict=verdict))

    sound("message", {1: "hello"}, text="hello")
    sound(
        "message",
        {1: "مرحبا", 2: True, 3: START, 4: True},
        "message, every key",
        text="مرحبا",
        safety_of_life=True,
        reply_by_ms=START,
        answers=True,
    )
    sound("message", {1: "x" * 12_000}, "message of 12,000 bytes", text_bytes=12_000)
    also = dict(language="ar-SY", text="مرحبا")
    sound("message", {1: "hello", 6: ["ar-SY", "مرحبا"]}, "message in two languages", text="hello", also=also)
    sound("message", {1: "bonjour", 7: True}, "message that translates", text="bonjour", translates=True)
    sound("message", {1: "x", 3: 2**64 - 1}, "message, latest reply", text="x", reply_by_ms=2**64 - 1)
    sound("message", {1: "as attached", 5: [MAP]}, "message with a file", text="as attached", attachments=[MAP_FIELDS])
    sound(
        "message",
        {1: "as attached", 5: [NOTHING, MAP]},
        "message with two files, one empty",
        text="as attached",
        attachments=[NOTHING_FIELDS, MAP_FIELDS],
    )
    largest = [HASH, 2**32, "x" * 200, "a/" + "b" * 127, HASH]
    fields = dict(zip(("hash", "size", "name", "media_type", "root"), largest))
    sound("message", {1: "x", 5: [largest]}, "message with the largest file", text="x", attachments=[fields])
    sound("amendment", {1: "hello again"}, text="hello again")
    sound("amendment", NOTICE, "amendment of a notice", notice=NOTICE_FIELDS)
    sound("withdrawal", {})
    sound("withdrawal", {1: "sent in error"}, "withdrawal with a reason", reason="sent in error")
    sound("leaves", {})
    sound("leaves", {1: "it is over"}, "leaves with a reason", reason="it is over")
    sound("acknowledgement", {})
    sound("acknowledgement", {1: "seen"}, "acknowledgement with text", text="seen")
    sound("read-back", {1: "34.6, 38.0"}, text="34.6, 38.0")
    sound("read-back", {1: "there", 2: TRIANGLE[0]}, "read-back with a position", text="there", position=TRIANGLE[0])
    sound("passed-on", {1: "the air operations centre"}, to="the air operations centre")
    sound("cease", {1: [-900_000_000, 1_800_000_000]}, position=[-900_000_000, 1_800_000_000])
    sound(
        "cease",
        {1: [900_000_000, -1_800_000_000], 2: "stop"},
        "cease with text",
        position=[900_000_000, -1_800_000_000],
        text="stop",
    )
    sound("displayed", {})
    sound("escalated", {1: 1, 2: 2 * MINUTE}, rank=1, after_ms=2 * MINUTE)
    sound("test", {1: 414_305, 2: "quick brown fox"}, slot=414_305, text="quick brown fox")
    sound("test-answer", {1: sha256(b"quick brown fox")}, digest=sha256(b"quick brown fox"))
    sound("missed", {1: 414_305, 2: 254}, slot=414_305, party=254)
    sound("duty", {1: 0}, "duty off", state="off")
    sound("duty", {1: 1}, "duty on", state="on")
    sound("duty", {1: 2, 2: 65_535}, "duty, handover", state="handover", to=65_535)
    sound("notice", NOTICE, **NOTICE_FIELDS)
    sound("notice", FULL_NOTICE, "notice, every key", **FULL_FIELDS)
    instant = {**VOLUME, 6: START}
    sound(
        "notice",
        {**NOTICE, 3: [instant]},
        "notice of an instant",
        **{**NOTICE_FIELDS, "volumes": cbor([instant]), "until_ms": START},
    )
    sound("notice", {**NOTICE, 4: {22: True}}, "notice, one field", **NOTICE_FIELDS, fields={"22": True})
    sound("conflict", REPORT, verdict="conflict", volumes=cbor([VOLUME]))
    sound(
        "conflict",
        {1: 2, 2: [ENDLESS], 3: "keep away"},
        "conflict, every key",
        verdict="within separation",
        volumes=cbor([ENDLESS]),
        text="keep away",
    )
    sound("opens", {1: 0, 2: 12, 3: HASH}, before=0, size=12, root=HASH)
    renewed = cbor(renewal(1, HASH)[0])
    sound("opens", {1: 0, 2: 12, 3: HASH, 4: renewed}, "opens a rank", before=0, size=12, root=HASH, renewal=renewed)
    bad("opens", "a renewal that is none", {1: 0, 2: 12, 3: HASH, 4: renewed[:-1]})
    bad("opens", "an empty renewal", {1: 0, 2: 12, 3: HASH, 4: b""})
    bad("opens", "another key", {1: 0, 2: 12, 3: HASH, 5: 1}, "Incompatible")
    sound("suspends", {1: [], 2: START, 3: "by note"}, scope=[], effective_ms=START, reason="by note")
    sound(
        "suspends",
        {1: [14, 1], 2: 0, 3: "by note"},
        "suspends two kinds",
        scope=[14, 1],
        effective_ms=0,
        reason="by note",
    )
    sound("resumes", {1: START}, effective_ms=START)
    sound(
        "resumes",
        {1: START, 2: [code(0, 1, "A"), 4]},
        "resumes by a decision",
        effective_ms=START,
        decision=[code(0, 1, "A"), 4],
    )
    for number, word in ((1, "affirms"), (2, "disputes"), (4, "withdraws")):
        sound("position", {1: number}, f"position, {word}", stance=word)
    sound("holds", {1: [b"\x00" * 32]}, hashes=[b"\x00" * 32])
    many = [bytes([place]) * 32 for place in range(128)]
    sound("holds", {1: many}, "holds, 128 of them", hashes=many)
    sound("seals", SEALED, **SEALED_FIELDS)
    latest = {**SEALED, 1: code(4095, 254, "R"), 2: 2**40 - 1, 5: 2**63 - 1, 7: bytes(1_312)}
    fields = dict(book=code(4095, 254, "R"), size=2**40 - 1, seconds=2**63 - 1, key=sha256(bytes(1_312)))
    sound("seals", latest, "seals, with the key", **{**SEALED_FIELDS, **fields})
    sound("position", {1: 2, 3: [MAP]}, "position with a file", stance="disputes", attachments=[MAP_FIELDS])
    sound("position", {1: 3, 2: "it was a school"}, "position, corrects", stance="corrects", text="it was a school")
    line = sha256(cbor(terms()))

    def found(name, **changes):
        text = finding_text(line, **changes)
        fields = dict(
            line=line,
            by="un-board",
            serial=changes.get("serial", 1),
            time_ms=START,
            language="en",
            on=[[entry, hex_of(digest)] for entry, digest in changes.get("on", (("usa/Z/3", HASH),))],
            text=changes.get("text", "Nobody was told."),
            hash=sha256(text.encode()),
        )
        for key in ("before", "corrects"):
            if key in changes:
                fields[key] = changes[key]
        if len(fields["on"]) > 16:
            fields["on"] = len(fields["on"])
        sound("finding", {1: signed_finding(line, text)}, name, **fields)

    found("finding")
    found("finding, a later one that corrects", serial=7, before=HASH, corrects=6)
    found("finding of several lines", text="لم يُبلَّغ أحد.\n\nThey say otherwise.")
    found("finding on 64 entries", on=[(f"rus/R.1/{number}", HASH) for number in range(1, 65)])
    longest = 12_000 - len(signed_finding(line, finding_text(line, text="x"))) + 1
    found("finding of 12,000 bytes", text="x" * longest)
    one = [code(0, 0, "Z"), 3, 3]
    sound("discloses", {1: "un-board", 2: [one]}, observer="un-board", spans=[one])
    spans = [[code(0, 0, "Z"), 3, 3], [code(0, 0, "Z"), 5, 20_001], [code(0, 1, "R"), 1, 1]]
    assert sum(last - first + 1 for _, first, last in spans) == 19_999
    sound("discloses", {1: "b", 2: spans, 3: "as asked"}, "discloses, every key", observer="b", spans=spans, text="as asked")
    many = [[code(0, 0, "R"), number, number] for number in range(1, 1_025, 2)]
    sound("discloses", {1: "b", 2: many}, "discloses in 512 spans", observer="b", spans=len(many))
    for number, word in ((1, "reopen"), (2, "resolve")):
        body = {1: number, 2: f"to {word}", 3: START + DAY}
        sound("motion", body, f"motion to {word}", matter=word, text=f"to {word}", closes_ms=START + DAY)
    moved = cbor(terms(_3=HASH))
    expected = dict(matter="amend", text="to amend", closes_ms=START + DAY, memorandum=sha256(moved))
    sound("motion", {1: 3, 2: "to amend", 3: START + DAY, 4: moved}, "motion to amend", **expected)
    for name in ("inquiry", "a" + "-0" * 15 + "z"):
        body = {1: 4, 2: "to look into it", 3: START + DAY, 5: name}
        expected = dict(matter="found", text="to look into it", closes_ms=START + DAY, working_group=name)
        sound("motion", body, f"motion to found {name}", **expected)
    for number, word in ((1, "for"), (2, "against"), (3, "abstain")):
        sound("vote", {1: number}, f"vote {word}", choice=word)
    sound("vote", {1: 2, 2: "not yet"}, "vote, explained", choice="against", text="not yet")
    votes = [[code(0, 0, "A"), 1], [code(0, 1, "A"), 7]]
    for number, word in ((1, "carried"), (2, "defeated"), (3, "lapsed"), (4, "overtaken")):
        sound("decide", {1: number, 2: votes}, f"decide {word}", outcome=word, votes=votes)
    sound("decide", {1: 3, 2: [], 3: votes[1]}, "decide, a later one", outcome="lapsed", votes=[], before=votes[1])

    for kind in ("message", "amendment", "passed-on", "read-back"):
        bad(kind, "no text", {})
        bad(kind, "empty text", {1: ""})
        bad(kind, "text of 12,001 bytes", {1: "x" * 12_001})
        bad(kind, "text as bytes", {1: b"hello"})
    for kind in ("withdrawal", "acknowledgement"):
        bad(kind, "empty text", {1: ""})
        bad(kind, "text of 12,001 bytes", {1: "x" * 12_001})
    bad("message", "array", ["hello"])
    bad("message", "safety of life false", {1: "x", 2: False})
    bad("message", "answers false", {1: "x", 4: False})
    bad("message", "reply before 1970", {1: "x", 3: -1})
    bad("message", "another key", {1: "x", 8: 1}, "Incompatible")
    bad("message", "translates false", {1: "x", 7: False})
    bad("message", "in another language, which is none", {1: "x", 6: ["", "y"]})
    bad("message", "in another language, of no word", {1: "x", 6: ["fr", ""]})
    bad("message", "in another language, which is not named", {1: "x", 6: ["y"]})
    bad("message", "in another language, of 12,001 bytes", {1: "x", 6: ["fr", "y" * 12_001]})
    bad("message", "no attachment", {1: "x", 5: []})
    bad("message", "17 attachments", {1: "x", 5: [[*MAP[:2], str(place), *MAP[3:]] for place in range(17)]})
    bad("message", "one name twice", {1: "x", 5: [MAP, [*NOTHING[:2], "map.png", *NOTHING[3:]]]})
    bad("message", "an attachment of 4 GiB and a byte", {1: "x", 5: [[MAP[0], 2**32 + 1, *MAP[2:]]]})
    bad("message", "an attachment of 0 bytes with a hash", {1: "x", 5: [[MAP[0], 0, *MAP[2:]]]})
    bad("message", "an attachment without a root", {1: "x", 5: [MAP[:4]]}, "Malformed")
    for length in (0, 201):
        bad("message", f"an attachment with a name of {length} bytes", {1: "x", 5: [[*MAP[:2], "x" * length, *MAP[3:]]]})
    for name in ("..", "../x", "/etc/passwd", "a/b", "a\\b", "C:x", ".x", "-x", " x", "x ", "x.", "a\nb", "a\u202eb"):
        bad("message", f"an attachment named {name!a}", {1: "x", 5: [[*MAP[:2], name, *MAP[3:]]]})
    for media in ("image", "Image/png", "text/plain; charset=utf-8", "/png", "image/"):
        bad("message", f"an attachment of media type {media!a}", {1: "x", 5: [[*MAP[:3], media, MAP[4]]]})
    bad("read-back", "latitude too large", {1: "x", 2: [900_000_001, 0]})
    bad("cease", "no position", {2: "stop"})
    bad("cease", "longitude too small", {1: [0, -1_800_000_001]})
    bad("cease", "latitude over 32 bits", {1: [2**31, 0]})
    bad("cease", "empty text", {1: [0, 0], 2: ""})
    bad("displayed", "another key", {1: 1}, "Incompatible")
    bad("escalated", "no time", {1: 1})
    bad("escalated", "rank of 65,536", {1: 65_536, 2: 1})
    bad("test", "no text", {1: 1})
    bad("test", "empty text", {1: 1, 2: ""})
    bad("test-answer", "31 bytes", {1: bytes(31)})
    bad("missed", "party 255", {1: 1, 2: 255})
    bad("duty", "state 3", {1: 3})
    bad("duty", "handover to nobody", {1: 2})
    bad("duty", "on, with an office", {1: 1, 2: 1})
    for key in range(1, 4):
        bad("notice", f"no key {key}", {k: v for k, v in NOTICE.items() if k != key})
    bad("notice", "empty name", {**NOTICE, 1: ""})
    bad("notice", "name of 33 bytes", {**NOTICE, 1: "x" * 33})
    bad("notice", "no volume", {**NOTICE, 3: []})
    bad("notice", "65 volumes", {**NOTICE, 3: [VOLUME] * 65})
    bad("notice", "ends before it begins", {**NOTICE, 3: [{**VOLUME, 6: START - 1}]})
    bad("notice", "a ring that runs clockwise", {**NOTICE, 3: [{**VOLUME, 1: [[0, 0, 1, 0, 0, 1]]}]})
    bad("notice", "a volume with a key that is not known", {**NOTICE, 3: [{**VOLUME, 9: 1}]}, "Incompatible")
    bad("notice", "an empty list of fields", {**NOTICE, 4: {}})
    bad("notice", "field 0", {**NOTICE, 4: {0: "x"}}, "Incompatible")
    bad("notice", "field 25", {**NOTICE, 4: {25: "x"}}, "Incompatible")
    for number, value in (
        (1, ""),
        (1, 5),
        (7, "x" * 12_001),
        (5, "tomorrow"),
        (5, 253_402_300_800_000),
        (10, "school"),
        (11, "5 m"),
        (12, "yes"),
        (18, True),
        (21, -1),
        (22, 1),
        (22, "no"),
    ):
        name = f"field {number} of {len(value)} bytes" if value == "x" * 12_001 else f"field {number} of {value!r}"
        bad("notice", name, {**NOTICE, 4: {number: value}})
    bad("notice", "emergency false", {**NOTICE, 5: False})
    bad("notice", "one waypoint", {**NOTICE, 6: WAYPOINTS[:1]})
    bad("notice", "66 waypoints", {**NOTICE, 6: WAYPOINTS[:1] * 66})
    bad("notice", "a waypoint off the globe", {**NOTICE, 6: [[[0, 1_800_000_001], START, START], WAYPOINTS[1]]})
    bad("notice", "a waypoint earlier than the one before", {**NOTICE, 6: WAYPOINTS[::-1]})
    bad("notice", "a waypoint's window upside down", {**NOTICE, 6: [WAYPOINTS[0], [[0, 0], START + 2, START + 1]]})
    for key in (1, 2):
        bad("conflict", f"no key {key}", {k: v for k, v in REPORT.items() if k != key})
    bad("conflict", "clear", {**REPORT, 1: 0})
    bad("conflict", "a verdict that is not known", {**REPORT, 1: 3})
    bad("conflict", "no volume", {**REPORT, 2: []})
    bad("conflict", "empty text", {**REPORT, 3: ""})
    bad("conflict", "another key", {**REPORT, 4: 1}, "Incompatible")
    bad("amendment", "another key", {1: "x", 2: 1}, "Incompatible")
    bad("amendment", "of a notice, another key", {**NOTICE, 10: 1}, "Incompatible")
    bad("notice", "another key", {**NOTICE, 10: 1}, "Incompatible")
    bad("opens", "root of 31 bytes", {1: 0, 2: 1, 3: bytes(31)})
    bad("opens", "generation 4096", {1: 4096, 2: 1, 3: HASH})
    bad("opens", "size of 2^40", {1: 0, 2: 2**40, 3: HASH})
    bad("suspends", "no scope", {2: START, 3: "by note"})
    bad("suspends", "no reason", {1: [], 2: START})
    bad("suspends", "kind 65,536", {1: [65_536], 2: START, 3: "by note"})
    bad("resumes", "no time", {})
    bad("resumes", "entry number 0", {1: START, 2: [1, 0]})
    bad("resumes", "class 5", {1: START, 2: [5, 1]})
    for number in (0, 5):
        bad("position", f"stance {number}", {1: number, 2: "so it was"})
    bad("position", "a correction without a text", {1: 3})
    bad("position", "empty text", {1: 1, 2: ""})
    bad("position", "text of 12,001 bytes", {1: 1, 2: "x" * 12_001})
    bad("position", "another key", {1: 1, 4: 1}, "Incompatible")
    text = finding_text(line)
    note = lambda text: signed_finding(line, text)
    wrong = lambda name, data, verdict="Malformed": bad("finding", name, {1: data}, verdict)
    wrong("of 0 bytes", b"")
    wrong("of 12,001 bytes", note(finding_text(line, text="x" * (longest + 1))))
    wrong("without a signature", text.encode())
    wrong("with two signatures", note(text) + note(text)[len(text) + 1 :])
    wrong("under another name of its key", note(text).replace(b"detente/", b"detente/0"))
    wrong("cut short", note(text)[:-1])
    wrong("with a byte behind it", note(text) + b"\n")
    wrong("of version 2", note(text.replace("v1", "v2")), "Incompatible")
    for name, old, new in (
        ("of no line", f"line {hex_of(line)}\n", ""),
        ("of a line in capitals", hex_of(line), hex_of(line).upper()),
        ("by nobody", "by un-board", "by Board"),
        ("of serial 0", "serial 1", "serial 0"),
        ("of serial 01", "serial 1", "serial 01"),
        ("of serial 2^53", "serial 1\n", f"serial {2**53}\nbefore {hex_of(HASH)}\n"),
        ("of serial 2 with nothing before it", "serial 1", "serial 2"),
        ("of serial 1 with one before it", "serial 1\n", f"serial 1\nbefore {hex_of(HASH)}\n"),
        ("that corrects itself", "serial 1\n", f"serial 2\nbefore {hex_of(HASH)}\ncorrects 2\n"),
        ("that corrects number 0", "serial 1\n", f"serial 2\nbefore {hex_of(HASH)}\ncorrects 0\n"),
        ("at no time", f"time {START}\n", ""),
        ("at a time in words", f"time {START}", "time now"),
        ("in no language", "language en\n", ""),
        ("in a language of one letter", "language en", "language e"),
        ("on nothing", f"on usa/Z/3 {hex_of(HASH)}\n", ""),
        ("on what is no entry", "on usa/Z/3", "on usa/Z/0"),
        ("on an entry without a hash", f"on usa/Z/3 {hex_of(HASH)}", "on usa/Z/3"),
        ("on one entry twice", f"on usa/Z/3 {hex_of(HASH)}\n", f"on usa/Z/3 {hex_of(HASH)}\non usa/Z/3 {hex_of(line)}\n"),
        ("with another line in its heading", "language en\n", "language en\nsecret yes\n"),
        ("with lines in another order", f"time {START}\nlanguage en\n", f"language en\ntime {START}\n"),
        ("with two spaces", "by un-board", "by  un-board"),
        ("without a text", "Nobody was told.\n", ""),
        ("with an empty line first", "Nobody", "\nNobody"),
        ("with an empty line last", "told.\n", "told.\n\n"),
        ("with a tab", "was told", "was\ttold"),
    ):
        assert old in text, name
        wrong(name, note(text.replace(old, new)))
    wrong("on 65 entries", note(finding_text(line, on=[(f"usa/R/{number}", HASH) for number in range(1, 66)])))
    bad("finding", "as text", {1: note(text).decode()})
    bad("finding", "another key", {1: note(text), 2: 1}, "Incompatible")
    shown = lambda name, spans, verdict="Malformed": bad("discloses", name, {1: "b", 2: spans}, verdict)
    shown("nothing", [])
    shown("in 513 spans", [[code(0, 0, "R"), number, number] for number in range(1, 1_027, 2)])
    shown("20,000 entries", [[code(0, 0, "R"), 1, 20_000]])
    shown("20,000 entries of two books", [[code(0, 0, "P"), 1, 10_000], [code(0, 0, "R"), 1, 10_000]])
    shown("from number 0", [[code(0, 0, "R"), 0, 1]])
    shown("to a number before the first", [[code(0, 0, "R"), 2, 1]])
    shown("to number 2^40", [[code(0, 0, "R"), 2**40, 2**40]])
    shown("of a book of class 5", [[5, 1, 1]])
    shown("spans that touch", [[code(0, 0, "R"), 1, 1], [code(0, 0, "R"), 2, 2]])
    shown("spans that overlap", [[code(0, 0, "R"), 1, 3], [code(0, 0, "R"), 2, 5]])
    shown("spans that descend", [[code(0, 0, "R"), 3, 3], [code(0, 0, "R"), 1, 1]])
    shown("books that descend", [[code(0, 1, "R"), 3, 3], [code(0, 0, "R"), 1, 1]])
    shown("a span of two", [[code(0, 0, "R"), 1]])
    for name in ("", "Board", "b" * 17):
        bad("discloses", f"to {name!r}", {1: name, 2: [one]})
    bad("discloses", "empty text", {1: "b", 2: [one], 3: ""})
    bad("discloses", "text of 12,001 bytes", {1: "b", 2: [one], 3: "x" * 12_001})
    bad("discloses", "another key", {1: "b", 2: [one], 4: 1}, "Incompatible")
    bad("holds", "no hash", {1: []})
    bad("holds", "129 hashes", {1: [bytes([place]) * 32 for place in range(129)]})
    bad("holds", "hashes that descend", {1: [HASH, b"\x00" * 32]})
    bad("holds", "one hash twice", {1: [HASH, HASH]})
    bad("holds", "a hash of 31 bytes", {1: [HASH[:31]]})
    bad("holds", "another key", {1: [HASH], 2: 1}, "Incompatible")
    for key in range(1, 7):
        bad("seals", f"key {key} missing", {at: value for at, value in SEALED.items() if at != key})
    bad("seals", "class 5", {**SEALED, 1: code(0, 1, "R") + 1})
    bad("seals", "a book of party 255", {**SEALED, 1: 255 * 8})
    bad("seals", "size 0", {**SEALED, 2: 0})
    bad("seals", "size 2^40", {**SEALED, 2: 2**40})
    bad("seals", "a root of 31 bytes", {**SEALED, 3: HASH[:31]})
    bad("seals", "a signature of 65 bytes", {**SEALED, 4: SIGNATURE + b"\0"})
    bad("seals", "seconds of 2^63", {**SEALED, 5: 2**63})
    bad("seals", "a seal of 2,419 bytes", {**SEALED, 6: bytes(2_419)})
    bad("seals", "a seal key of 1,313 bytes", {**SEALED, 7: bytes(1_313)})
    bad("seals", "another key", {**SEALED, 8: 1}, "Incompatible")
    for number in (0, 5):
        bad("motion", f"matter {number}", {1: number, 2: "to close", 3: START}, "Incompatible")
    amend = lambda name, data: bad("motion", name, {1: 3, 2: "to amend", 3: START, 4: data})
    bad("motion", "to amend, without a memorandum", {1: 3, 2: "to amend", 3: START})
    bad("motion", "to reopen, with a memorandum", {1: 1, 2: "to reopen", 3: START, 4: cbor(terms())})
    bad("motion", "to resolve, with a name", {1: 2, 2: "to resolve", 3: START, 5: "inquiry"})
    bad("motion", "to amend, with a name", {1: 3, 2: "to amend", 3: START, 4: cbor(terms(_3=HASH)), 5: "inquiry"})
    bad("motion", "to found, without a name", {1: 4, 2: "to found", 3: START})
    bad("motion", "to found, with a memorandum", {1: 4, 2: "to found", 3: START, 4: cbor(terms()), 5: "inquiry"})
    for name in ("", "Inquiry", "9a", "a b", "a" * 33):
        bad("motion", f"to found {name!r}", {1: 4, 2: "to found", 3: START, 5: name})
    bad("motion", "another key", {1: 4, 2: "to found", 3: START, 5: "inquiry", 6: 1}, "Incompatible")
    amend("to amend, by an empty memorandum", b"")
    amend("to amend, by a memorandum that breaks a rule", cbor(terms(_7=2)))
    amend("to amend, by a memorandum with a byte behind it", cbor(terms()) + b"\x00")
    fill = lambda kinds: {1: True, 2: [0] * kinds}
    most = 14_000 - len(cbor(terms(_11=fill(10_000)))) + 10_000
    largest = cbor(terms(_11=fill(most)))
    assert len(largest) == 14_000
    expected = dict(matter="amend", text="x", closes_ms=START, memorandum=sha256(largest))
    sound("motion", {1: 3, 2: "x", 3: START, 4: largest}, "motion to amend, by 14,000 bytes", **expected)
    amend("to amend, by 14,001 bytes", cbor(terms(_11=fill(most + 1))))
    bad("motion", "no text", {1: 1, 3: START})
    bad("vote", "choice 0", {1: 0})
    bad("vote", "choice 4", {1: 4})
    bad("decide", "outcome 5", {1: 5, 2: []})
    bad("decide", "no votes", {1: 1})
    bad("decide", "vote of party 255", {1: 1, 2: [[2040, 1]]})
    for kind in (19, 63, 71, 65_535):
        cases.append(dict(name=f"kind {kind}", kind=kind, bytes=cbor({}), verdict="Incompatible"))
    write("kinds", 4, cases=cases, places=places())


def places():
    """Books and regarded entries that a kind allows, seen from party 1, and those that it does not."""
    body = {
        "message": {1: "x"},
        "message that translates": {1: "x", 7: True},
        "amendment": {1: "x"},
        "withdrawal": {},
        "acknowledgement": {},
        "read-back": {1: "x"},
        "passed-on": {1: "x"},
        "cease": {1: [0, 0]},
        "displayed": {},
        "escalated": {1: 1, 2: 1},
        "test": {1: 1, 2: "x"},
        "test-answer": {1: HASH},
        "missed": {1: 1, 2: 0},
        "duty": {1: 1},
        "notice": NOTICE,
        "conflict": REPORT,
        "position": {1: 1},
        "finding": {1: signed_finding(HASH, finding_text(HASH))},
        "discloses": {1: "un-board", 2: [[code(0, 0, "Z"), 3, 3]]},
        "holds": {1: [HASH]},
        "seals": SEALED,
        "seals another's": {**SEALED, 1: code(0, 2, "Z")},
        "opens": {1: 0, 2: 1, 3: HASH},
        "suspends": {1: [], 2: 1, 3: "x"},
        "resumes": {1: 1},
        "motion": {1: 1, 2: "x", 3: 1},
        "motion to resolve": {1: 2, 2: "x", 3: 1},
        "motion to amend": {1: 3, 2: "x", 3: 1, 4: cbor(terms())},
        "motion to found": {1: 4, 2: "x", 3: 1, 5: "inquiry"},
        "vote": {1: 1},
        "decide": {1: 1, 2: []},
        "leaves": {},
    }
    own = lambda letter: [code(0, 1, letter), 1]
    other = lambda letter: [code(0, 0, letter), 1]
    subjects = ("acknowledgement", "read-back", "passed-on", "displayed", "escalated")
    allowed = {
        **{
            kind: [(l, [], True) for l in "ZOPR"] + [("A", [], False), ("R", [other("A"), own("Z")], True)]
            for kind in ("message", "notice")
        },
        **{
            kind: [
                ("R", [own("Z")], True),
                ("Z", [own("R")], True),
                ("R", [], False),
                ("R", [other("R")], False),
                ("R", [own("A")], False),
                ("R", [own("R"), own("R")], False),
                ("A", [own("R")], False),
            ]
            for kind in ("amendment", "withdrawal")
        },
        **{
            kind: [
                ("Z", [other("Z")], True),
                ("Z", [own("Z")], False),
                ("O", [other("Z")], False),
                ("Z", [], False),
                ("Z", [other("Z"), other("Z")], False),
                ("A", [other("A")], False),
            ]
            for kind in subjects
        },
        "message that translates": [("R", [own("Z")], True), ("O", [other("A")], True), ("R", [], False)]
        + [("R", [own("R"), other("R")], False), ("A", [other("A")], False)],
        "cease": [("Z", [], True), ("Z", [other("R")], True), ("O", [], False), ("A", [], False)],
        "test": [("P", [], True), ("R", [], False), ("P", [other("P")], False)],
        "missed": [("P", [], True), ("Z", [], False), ("P", [other("P")], False)],
        "duty": [("P", [], True), ("A", [], False), ("P", [own("P")], False)],
        "test-answer": [
            ("P", [other("P")], True),
            ("P", [], False),
            ("P", [own("P")], False),
            ("P", [other("R")], False),
            ("R", [other("P")], False),
        ],
        "opens": [(l, [], True) for l in LETTERS] + [("R", [own("R")], False)],
        "suspends": [("A", [], True), ("R", [], False), ("A", [other("A")], False)],
        "leaves": [("A", [], True), ("R", [], False), ("A", [own("A")], False)],
        "resumes": [
            ("A", [own("A")], True),
            ("A", [other("A")], False),
            ("A", [], False),
            ("A", [own("R")], False),
            ("R", [own("A")], False),
        ],
        **{
            kind: [
                ("A", [own("A")], True),
                ("A", [other("A")], True),
                ("A", [], False),
                ("A", [other("R")], False),
                ("A", [own("A"), own("A")], False),
                ("P", [own("A")], False),
            ]
            for kind in ("motion", "vote", "decide")
        },
        **{
            kind: [
                ("A", [], True),
                ("A", [other("R"), own("Z")], True),
                ("A", [own("A")], True),
                ("O", [], False),
            ]
            for kind in ("motion to resolve", "motion to amend", "motion to found")
        },
        "holds": [("R", [], True), ("R", [other("R")], False)] + [(l, [], False) for l in "ZAOP"],
        "finding": [(l, [], True) for l in "OPR"]
        + [(l, [], False) for l in "ZA"]
        + [("R", [other("A"), own("Z")], True)],
        "discloses": [(l, [], True) for l in "PR"]
        + [(l, [], False) for l in "ZAO"]
        + [("R", [other("Z")], False)],
        "seals": [("R", [], True), ("R", [own("Z")], False)] + [(l, [], False) for l in "ZAOP"],
        "seals another's": [("R", [], False)],
        "position": [
            ("R", [other("Z")], True),
            ("O", [other("A")], True),
            ("Z", [own("R"), other("P")], True),
            ("R", [], False),
            ("A", [other("A")], False),
        ],
    }
    allowed["displayed"] += [("O", [other("O")], True), ("P", [other("P")], False), ("R", [other("R")], False)]
    found = [
        dict(
            name=kind,
            kind=NUMBERS[kind.split()[0]],
            bytes=cbor(body[kind]),
            book=code(0, 1, letter),
            regards=regards,
            allowed=fits,
        )
        for kind, places in allowed.items()
        for letter, regards, fits in places
    ]
    life = dict(name="safety of life", kind=1, bytes=cbor({1: "x", 2: True}), regards=[])
    return found + [dict(life, book=code(0, 1, letter), allowed=letter == "Z") for letter in LETTERS]


# --- The memorandum (§2) ------------------------------------------------------------------------------------------


def seed(party, role):
    return sha256(f"{party} {role}".encode())


def member(number, name, **changes):
    """A party whose keys come from seeds of its name; `changes` replaces keys of the structure, as `_4`."""
    roles = ("book", "receipt", "station")
    keys = [public(seed(name, role)) for role in roles]
    whole = {
        1: number,
        2: name,
        3: f"Party {name}",
        4: keys[0],
        5: keys[1],
        6: keys[2],
        7: sha256(b"detente blind v1\n", seed(name, "secret")),
        8: [sign(seed(name, role), possession(role, name, key)) for role, key in zip(roles, keys)],
        9: ["en"],
        10: [{1: 1, 2: "watch officer", 3: 0}, {1: 2, 2: "duty officer", 3: 1}],
    }
    return changed(whole, changes)


def changed(whole, changes):
    whole = dict(whole)
    for key, value in changes.items():
        if value is None:
            whole.pop(int(key[1:]), None)
        else:
            whole[int(key[1:])] = value
    return whole


def with_recovery(party, by=None):
    by = by or seed(party[2], "recovery")
    key = public(by)
    proof = sign(by, possession("recovery", party[2], key))
    return {**party, 8: party[8] + [proof], 11: key}


USA, RUS, TUR = (member(number, name) for number, name in enumerate(("usa", "rus", "tur")))


def commitment(name):
    """Of a party's seal key."""
    return sha256(b"detente seal key v1\n", mldsa.public(seed(name, "seal")))


def terms(**changes):
    whole = {
        1: 1,
        2: "syria",
        6: [USA, RUS],
        7: 0,
        8: [10 * MINUTE, 30 * MINUTE, 3 * HOUR, 6 * HOUR],
        9: [[0, 2 * MINUTE, 1]],
        10: {1: HOUR, 2: 10 * MINUTE},
        11: {1: True, 2: []},
        12: [[1000, 1 << 20]] * 5,
        13: {1: 2, 2: [], 3: 14 * DAY},
        14: [],
    }
    return changed(whole, changes)


def witness(name, number=2, **changes):
    key = public(sha256(b"witness %d" % number))
    return {1: name, 2: key, 3: changes.get("url", "https://" + name)}


def observer(name, **changes):
    key = seed(name, "observer")
    whole = {
        1: name,
        2: f"Observer {name}",
        3: public(key),
        4: sign(key, possession("observer", name, public(key))),
        5: ["en"],
    }
    return changed(whole, changes)


BOARD = observer("un-board")


def write_memorandum():
    sound, refused = [], []

    def good(name, **changes):
        data = cbor(terms(**changes))
        digest = sha256(data)
        note = f"detente memorandum\n{b64(digest)}\n"
        names = [party[2] for party in terms(**changes)[6]]
        signatures = {name: sign(seed(name, "book"), note.encode()) for name in names}
        sound.append(dict(name=name, bytes=data, hash=digest, note_text=note, signatures=signatures))

    def bad(name, error="Malformed", **changes):
        refused.append(dict(name=name, bytes=cbor(terms(**changes)), error=error))

    def raw(name, data, error="Malformed"):
        refused.append(dict(name=name, bytes=data, error=error))

    good("two parties")
    good(
        "every key",
        _3=HASH,
        _4=HASH,
        _5=HASH,
        _6=[USA, RUS, TUR],
        _7=2,
        _13={1: 2, 2: [0, 1], 3: 1},
        _9=[[0, 1, 0], [0, 2, 1], [2, 1, 1], [3, 1, 1], [4, 2**64 - 1, 0]],
        _11={1: False, 2: [14, 1]},
        _14=[
            {1: "activity", 2: 2 * HOUR, 3: 0},
            {1: "site", 2: 0, 4: 3, 5: [6, 7, 18], 6: {1: 500_000}, 7: 10_000, 8: 180 * 24 * HOUR},
            {1: "convoy", 2: 48 * HOUR, 3: 24 * HOUR, 4: 2, 6: {2: 1, 3: HOUR}, 9: 200_000},
        ],
        _17=[-900_000_000, 1_700_000_000, 900_000_000, 5_300_000_000],
        _18=[witness("a.example/w1"), witness("b.example", 3, url="http://127.0.0.1:8400/w")],
        _19=1_000,
        _20=[observer("icrc", _5=["fr", "en"]), BOARD],
        _21=[code(1, 254, "A"), 2**40 - 1, HASH],
        _15=[{1: "main", 2: "quic"}],
        _16=HASH,
    )
    good("seal keys", _6=[changed(USA, {"_12": commitment("usa")}), RUS], _22=60_000)
    good("seal keys, every 31 days", _6=[USA, changed(RUS, {"_12": commitment("rus")})], _22=31 * DAY)
    good("a seal key, and no time between seals", _6=[changed(USA, {"_12": HASH}), RUS])
    spare = lambda name, number: with_recovery(member(number, name))
    good("a recovery key", _6=[USA, spare("rus", 1)])
    good("recovery keys", _6=[spare("usa", 0), spare("rus", 1)])
    good("least", _8=[1, 1, 1, 1], _9=[], _10={1: 2, 2: 1}, _12=[[1, 16_384]] * 5, _13={1: 1, 2: [], 3: 1}, _15=[])
    good(
        "most",
        _8=[2**64 - 1] * 4,
        _10={1: 2**64 - 1, 2: 2**64 - 2},
        _12=[[2**64 - 1, 2**64 - 1]] * 5,
        _2="a" + "-0" * 15 + "z",
    )
    good("tests ahead of their checkpoint", _10={1: 2, 2: 1, 3: 60_000})
    good("tests ahead of their checkpoint, 31 days", _10={1: 2, 2: 1, 3: 31 * DAY})
    good("a dictionary", _23=HASH)
    good("two officers suspend", _24=[65])
    good("two officers release all that they may", _24=[1, 2, 3, 14, 16, 17, 18, 65, 66, 67, 68, 70])
    good("a working group of no decision", _4=HASH)
    good("a working group", _4=HASH, _21=[code(0, 0, "A"), 1, HASH])
    gaps = [
        member(
            3,
            "usa",
            _9=["en-US", "ar-SY", "x" * 8 + "-12345678" * 3],
            _10=[{1: 0, 2: "ü" * 100, 3: 0}, {1: 65_535, 2: "x", 3: 65_535}],
        ),
        member(254, "a" * 16),
    ]
    good("numbers with gaps", _6=gaps, _7=254, _9=[])
    fill = lambda kinds: {1: True, 2: [0] * kinds}
    most = 262_144 - len(cbor(terms(_11=fill(100_000)))) + 100_000
    assert len(cbor(terms(_11=fill(most)))) == 262_144
    good("262,144 bytes", _11=fill(most))
    bad("262,145 bytes", _11=fill(most + 1))

    sealing = changed(USA, {"_12": HASH})
    bad("a seal key twice", _6=[sealing, changed(RUS, {"_12": HASH})])
    bad("a commitment of a seal key of 31 bytes", _6=[changed(USA, {"_12": HASH[:31]}), RUS])
    bad("sealing without a seal key", _22=DAY)
    bad("sealing every 59,999 ms", _6=[sealing, RUS], _22=59_999)
    bad("sealing every 31 days and 1 ms", _6=[sealing, RUS], _22=31 * DAY + 1)
    bad("version 2", "Incompatible", _1=2)
    for name in ("", "Syria", "9a", "-a", "a_b", "a b", "a" * 33, "sýria"):
        bad(f"name of the line {name!r}", _2=name)
    bad("one party", _6=[USA], _13={1: 1, 2: [], 3: 1})
    bad("parties descend", _6=[RUS, USA])
    bad("a number twice", _6=[USA, member(0, "rus")])
    bad("party 255", _6=[USA, member(255, "rus")])
    rus = lambda name, error="Malformed", **changes: bad(name, error, _6=[USA, member(1, "rus", **changes)])
    bad(
        "a short name twice",
        _6=[
            USA,
            {
                **RUS,
                2: "usa",
                8: [
                    sign(seed("rus", role), possession(role, "usa", public(seed("rus", role))))
                    for role in ("book", "receipt", "station")
                ],
            },
        ],
    )
    for name in ("", "Rus", "r/us", "r" * 17):
        renamed = member(1, name)
        bad(f"short name {name!r}", _6=[USA, renamed])
    rus("empty full name", _3="")
    rus("full name of 201 bytes", _3="x" * 201)
    rus("full name with a line break", _3="x\ny")
    twice = public(seed("rus", "book"))
    proof = sign(seed("rus", "book"), possession("receipt", "rus", twice))
    rus("one key in two roles", _5=twice, _8=[RUS[8][0], proof, RUS[8][2]])
    shared = public(seed("usa", "book"))
    rus(
        "one key at two parties",
        _4=shared,
        _8=[sign(seed("usa", "book"), possession("book", "rus", shared))] + RUS[8][1:],
    )
    for name, key in (
        ("of small order", encode_point(SMALL)),
        ("that is not canonical", (2**255 - 19 + 3).to_bytes(32, "little")),
        ("that is no point", (2).to_bytes(32, "little")),
    ):
        for place, role in ((4, "book"), (5, "receipt"), (6, "station")):
            rus(f"{role} key {name}", "WeakKey", **{f"_{place}": key})
    for place, role in enumerate(("book", "receipt", "station")):
        proofs = list(RUS[8])
        proofs[place] = sign(seed("usa", role), possession(role, "rus", RUS[4 + place]))
        rus(f"possession of the {role} key by another key", _8=proofs)
    rus(
        "possession for another role",
        _8=[RUS[8][0], sign(seed("rus", "receipt"), possession("book", "rus", RUS[5])), RUS[8][2]],
    )
    rus("possession under another name", _8=[sign(seed("rus", "book"), possession("book", "usa", RUS[4]))] + RUS[8][1:])
    rus("two proofs of possession", _8=RUS[8][:2])
    spare_rus = spare("rus", 1)
    rus("a recovery key without its proof", _11=spare_rus[11])
    rus("five proofs of possession", _8=spare_rus[8] + RUS[8][:1], _11=spare_rus[11])
    rus("a recovery key of small order", "WeakKey", _8=spare_rus[8], _11=encode_point(SMALL))
    rus("possession of the recovery key by another key", _8=RUS[8] + RUS[8][:1], _11=spare_rus[11])
    bad("one key as book key and recovery key", _6=[USA, with_recovery(RUS, by=seed("rus", "book"))])
    bad("one recovery key at two parties", _6=[spare("usa", 0), with_recovery(RUS, by=seed("usa", "recovery"))])
    bad("one key as recovery key and a witness's", _6=[USA, with_recovery(RUS, by=sha256(b"witness 2"))], _18=[witness("w.example")])
    rus("four proofs of possession", _8=RUS[8] + RUS[8][:1])
    rus("a proof of 63 bytes", _8=[RUS[8][0][:63]] + RUS[8][1:])
    for tags in (
        [],
        ["e"],
        ["en-"],
        ["en_US"],
        ["en", ""],
        ["english-x", "englishes"],
        ["en-123456789"],
        ["en" + "-abcdefgh" * 3 + "-abcdef"],
    ):
        rus(f"languages {tags}", _9=tags)
    watch = {1: 1, 2: "watch", 3: 0}
    quiet = dict(_9=[])
    offices = lambda name, held: bad(name, _6=[USA, member(1, "rus", _10=held)], **quiet)
    offices("no offices", [])
    offices("no office of rank 0", [{1: 1, 2: "duty", 3: 1}])
    offices("offices descend", [{1: 2, 2: "duty", 3: 1}, watch])
    offices("an office number twice", [watch, {1: 1, 2: "duty", 3: 1}])
    offices("an office without a name", [{1: 1, 2: "", 3: 0}])
    offices("an office's name with a tab", [{1: 1, 2: "a\tb", 3: 0}])
    offices("an office without a rank", [watch, {1: 2, 2: "duty"}])
    offices("office 65,536", [watch, {1: 65_536, 2: "duty", 3: 1}])
    bad("depositary that does not exist", _7=2)
    for name, times in (
        ("three", [1, 2, 3]),
        ("five", [1, 2, 3, 4, 5]),
        ("one of 0", [0, 1, 2, 3]),
        ("descending", [1, 2, 4, 3]),
    ):
        bad(f"handling objectives: {name}", _8=times)
    for name, steps in (
        ("class A", [[1, 1, 0]]),
        ("class 5", [[5, 1, 0]]),
        ("after no time", [[0, 0, 0]]),
        ("one twice", [[0, 1, 0], [0, 1, 1]]),
        ("times descend", [[0, 2, 0], [0, 1, 1]]),
        ("classes descend", [[2, 1, 0], [0, 1, 0]]),
        ("a rank that nobody has", [[0, 1, 2]]),
    ):
        bad(f"escalation: {name}", _9=steps)
    bad("escalation: a rank that one party lacks", _6=[USA, member(1, "rus", _10=[watch])])
    for name, test in (
        ("interval 0", {1: 0, 2: 1}),
        ("grace 0", {1: 2, 2: 0}),
        ("grace as long as the interval", {1: 2, 2: 2}),
        ("a checkpoint within 59,999 ms", {1: 2, 2: 1, 3: 59_999}),
        ("a checkpoint within 31 days and 1 ms", {1: 2, 2: 1, 3: 31 * DAY + 1}),
    ):
        bad(f"tests: {name}", _10=test)
    bad("suspension: consent as a number", _11={1: 1, 2: []})
    bad("suspension: kind 65,536", _11={1: True, 2: [65_536]})
    for name, quotas in (
        ("four", [[1, 16_384]] * 4),
        ("six", [[1, 16_384]] * 6),
        ("no entry", [[0, 16_384]] + [[1, 16_384]] * 4),
        ("less than an entry's bytes", [[1, 16_384]] * 4 + [[1, 16_383]]),
    ):
        bad(f"quotas: {name}", _12=quotas)
    for name, rule in (
        ("no votes", {1: 0, 2: [], 3: 1}),
        ("more votes than parties", {1: 3, 2: [], 3: 1}),
        ("a veto holder that does not exist", {1: 1, 2: [2], 3: 1}),
        ("a veto holder twice", {1: 1, 2: [0, 0], 3: 1}),
        ("veto holders descend", {1: 1, 2: [1, 0], 3: 1}),
        ("no window", {1: 1, 2: [], 3: 0}),
    ):
        bad(f"rule: {name}", _13=rule)
    for name in ("", "Activity", "a" * 33):
        bad(f"notice kind {name!r}", _14=[{1: name, 2: 1}])
    bad("notice kind without a lead time", _14=[{1: "activity"}])
    kind = {1: "activity", 2: 1}
    bad("two notice kinds of one name", _14=[kind, kind])
    for name, more in (
        ("of nature 0", {4: 0}),
        ("of nature 4", {4: 4}),
        ("that requires an empty list", {5: []}),
        ("of which required fields descend", {5: [3, 1]}),
        ("with an empty separation", {6: {}}),
        ("with a separation of 999 mm", {6: {1: 999}}),
        ("with a height of 0", {6: {2: 0}}),
        ("with a time of 32 days", {6: {3: 32 * 24 * HOUR}}),
        ("with a tolerance of 99 ppm", {7: 99}),
        ("with a tolerance of 100001 ppm", {7: 100_001}),
        ("with a review at once", {8: 0}),
        ("with a half width that is no movement", {9: 50_000}),
        ("of movements 999 mm wide", {4: 2, 9: 999}),
        ("of movements 500001 m wide", {4: 2, 9: 500_001_000}),
    ):
        bad(f"notice kind {name}", _14=[{**kind, **more}])
    for name, extent in (
        ("upside down", [2, 0, 1, 0]),
        ("beyond the pole", [0, 0, 900_000_001, 1]),
        ("that runs west", [0, 1, 1, 0]),
        ("over more than a turn", [0, 0, 1, 3_600_000_001]),
        ("of three sides", [0, 0, 1]),
    ):
        bad(f"extent {name}", _17=extent)
    one = witness("w.example")
    bad("witnesses: none", _18=[])
    bad("witnesses: 33", _18=[witness(f"w{n:02}.example", n) for n in range(33)])
    bad("witnesses descend", _18=[witness("b.example", 1), witness("a.example", 2)])
    bad("a witness twice", _18=[one, one])
    bad("two witnesses of one key", _18=[witness("a.example"), witness("b.example")])
    bad("a witness with a party's book key", _18=[{**one, 2: USA[4]}])
    bad("a witness with a weak key", "WeakKey", _18=[{**one, 2: encode_point(SMALL)}])
    for name in ("", "w" * 201):
        bad(f"witness with a name of {len(name)}", _18=[{**one, 1: name}])
    for url in ("", "https://" + "w" * 193):
        bad(f"witness with a URL of {len(url)}", _18=[{**one, 3: url}])
    for name in ("w example", "w+1", "https://w.example", "detente/w", "w\n", "wüste.example"):
        bad(f"witness named {name!r}", _18=[{**one, 1: name}])
    for url in (
        "//w.example",
        "ftp://w.example",
        "https://",
        "https:///w",
        "https://w.example/",
        "https://w.example/?a",
        "https://u@w.example",
        "https://w.example/#a",
        "https://w exa.mple",
    ):
        bad(f"witness at {url!r}", _18=[{**one, 3: url}])
    bad("witness without a key", _18=[{1: "w.example", 3: "https://w.example"}])
    bad("witnessing without a witness", _19=60_000)
    for every in (0, 999, 86_400_001):
        bad(f"witnessing every {every} ms", _18=[one], _19=every)
    good("32 observers", _20=[observer(f"o{number:02}") for number in range(32)])
    bad("observers: none", _20=[])
    bad("observers: 33", _20=[observer(f"o{number:02}") for number in range(33)])
    bad("observers descend", _20=[BOARD, observer("icrc")])
    bad("an observer twice", _20=[BOARD, BOARD])
    bad("an observer with a party's name", _20=[observer("rus")])
    for name in ("", "Board", "b" * 17):
        bad(f"an observer named {name!r}", _20=[observer(name)])
    bad("an observer with an empty full name", _20=[{**BOARD, 2: ""}])
    bad("an observer with a full name of 201 bytes", _20=[{**BOARD, 2: "x" * 201}])
    bad("an observer with a weak key", "WeakKey", _20=[{**BOARD, 3: encode_point(SMALL)}])
    proof = lambda signer, role, name, key: sign(signer, possession(role, name, key))
    ours = seed("un-board", "observer")
    bad("an observer, possession for another role", _20=[{**BOARD, 4: proof(ours, "book", "un-board", BOARD[3])}])
    bad("an observer, possession under another name", _20=[{**BOARD, 4: proof(ours, "observer", "icrc", BOARD[3])}])
    bad("an observer with a proof of 63 bytes", _20=[{**BOARD, 4: BOARD[4][:63]}])
    theirs = USA[5]
    taken = proof(seed("usa", "receipt"), "observer", "un-board", theirs)
    bad("an observer, one key with a party", _20=[{**BOARD, 3: theirs, 4: taken}])
    same = {**observer("icrc"), 3: BOARD[3], 4: proof(ours, "observer", "icrc", BOARD[3])}
    bad("two observers, one key", _20=[same, BOARD])
    watching = {**BOARD, 3: one[2], 4: proof(sha256(b"witness 2"), "observer", "un-board", one[2])}
    bad("an observer, one key with a witness", _18=[one], _20=[watching])
    bad("an observer without a language", _20=[{**BOARD, 5: []}])
    bad("an observer with a language of one letter", _20=[{**BOARD, 5: ["e"]}])
    bad("an observer without a key", _20=[changed(BOARD, {"_3": None})])
    decision = [code(0, 0, "A"), 1, HASH]
    bad("a founding decision of no parent", _21=decision)
    for name, founding in (
        ("in a book of messages", [code(0, 0, "R"), 1, HASH]),
        ("in no book", [1 << 23, 1, HASH]),
        ("of party 255", [2041, 1, HASH]),
        ("of number 0", [code(0, 0, "A"), 0, HASH]),
        ("of number 2^40", [code(0, 0, "A"), 2**40, HASH]),
        ("with a hash of 31 bytes", [code(0, 0, "A"), 1, HASH[:31]]),
        ("without a hash", [code(0, 0, "A"), 1]),
    ):
        bad(f"a founding decision {name}", _4=HASH, _21=founding)
    bad("circuit without a name", _15=[{1: "", 2: "quic"}])
    bad("circuit of no kind", _15=[{1: "main", 2: ""}])
    for key in (1, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14):
        bad(f"no key {key}", **{f"_{key}": None})
    bad("key 22", _22=1)
    bad("a dictionary of 31 bytes", _23=HASH[:31])
    bad("kinds of two officers that are none", _24=1)
    bad("no kinds of two officers", _24=[])
    bad("kinds of two officers descend", _24=[65, 1])
    bad("a kind of two officers twice", _24=[65, 65])
    for kind in (0, 4, 7, 10, 13, 15, 19, 64, 69, 71, 80, 65_536):
        bad(f"kind {kind} of two officers", _24=[kind])
    bad("key 25", _25=1)
    bad("predecessor of 31 bytes", _3=bytes(31))
    bad("predecessor as text", _3="0" * 32)
    raw("empty", b"")
    raw("array", cbor([terms()]))
    data = cbor(terms())
    raw("cut short", data[:-1])
    raw("bytes after it", data + b"\x00")
    raw("an integer that is too long", data.replace(b"\x01\x01\x02", b"\x01\x18\x01\x02", 1))
    raw("keys that do not ascend", data[:1] + data[3:10] + data[1:3] + data[10:])
    raw("null for what is absent", bytes([data[0] + 1]) + data[1:10] + b"\x03\xf6" + data[10:])
    raw("indefinite length", b"\xbf" + data[1:] + b"\xff")
    write("memorandum", 2, sound=sound, refused=refused)


# --- Frames (§6) --------------------------------------------------------------------------------------------------


def write_frames():
    cases, refused = [], []
    z, a = code(0, 1, "Z"), code(1, 0, "A")
    line, memorandum = sha256(b"line"), sha256(b"memorandum")

    def frame(name, items, **fields):
        cases.append(dict(name=name, bytes=cbor(items), frame=fields))

    frame(
        "hello, first of all",
        [0, 1, line, line, 0, {}, {}, {}],
        type="hello",
        version=1,
        line=line,
        memorandum=line,
        party=0,
        sizes=[],
        receipts=[],
        heads=[],
    )
    frame(
        "hello",
        [0, 1, line, memorandum, 254, {z: 3, a: 2**40 - 1}, {z: {0: 3, 2: 1}, a: {1: 5}}, {z: [HASH, SIGNATURE]}],
        type="hello",
        version=1,
        line=line,
        memorandum=memorandum,
        party=254,
        sizes=[[z, 3], [a, 2**40 - 1]],
        receipts=[[z, [[0, 3], [2, 1]]], [a, [[1, 5]]]],
        heads=[[z, HASH, SIGNATURE]],
    )
    frame(
        "hello of a later version",
        [0, 2, line, line, 0, {}, {}, {}],
        type="hello",
        version=2,
        line=line,
        memorandum=line,
        party=0,
        sizes=[],
        receipts=[],
        heads=[],
    )
    entry = cbor({1: 1, 2: START, 4: 1, 9: 1, 10: {1: "hello"}})
    frame(
        "step of one", [1, z, 1, [entry], SIGNATURE], type="step", book=z, first=1, entries=[entry], signature=SIGNATURE
    )
    frame(
        "step of an entry that nobody can read",
        [1, z, 9, [b"\xff"], SIGNATURE],
        type="step",
        book=z,
        first=9,
        entries=[b"\xff"],
        signature=SIGNATURE,
    )
    frame(
        "step of 256",
        [1, z, 2**40 - 256, [b"\x00"] * 256, SIGNATURE],
        type="step",
        book=z,
        first=2**40 - 256,
        entries=[b"\x00"] * 256,
        signature=SIGNATURE,
    )
    frame(
        "receipt",
        [2, z, 0, 3, 1_491_500_000, SIGNATURE],
        type="receipt",
        book=z,
        party=0,
        size=3,
        seconds=1_491_500_000,
        signature=SIGNATURE,
    )
    frame("have", [3, {z: 0, a: 7}], type="have", sizes=[[z, 0], [a, 7]])
    frame("ping", [4, 2**64 - 1], type="ping", nonce=2**64 - 1)
    frame("pong", [5, 0], type="pong", nonce=0)
    frame("secret", [6, 1, 0, HASH], type="secret", party=1, epoch=0, secret=HASH)
    frame("head", [7, z, 3, HASH, SIGNATURE], type="head", book=z, size=3, root=HASH, signature=SIGNATURE)
    fork = [9, z, 3, HASH, SIGNATURE, 5, HASH[::-1], SIGNATURE[::-1], HASH, [HASH, HASH[::-1]]]
    for name, proof in ("fork", fork[9]), ("fork of one size", []):
        frame(
            name,
            fork[:5] + [3 if not proof else 5] + fork[6:9] + [proof],
            type="fork",
            book=z,
            head=[3, HASH, SIGNATURE],
            **{"with": [3 if not proof else 5, HASH[::-1], SIGNATURE[::-1]]},
            root=HASH,
            proof=proof,
        )
    blob, described = [MAP[0], MAP[1], MAP[4]], {name: MAP_FIELDS[name] for name in ("hash", "size", "root")}
    leaves = [sha256(b"\x00" + FILE[place : place + 65_536]) for place in range(0, len(FILE), 65_536)]
    frame("want", [10, *blob, 0, 3], type="want", blob=described, first=0, count=3)
    frame("want of 16 from far on", [10, *blob, 65_520, 16], type="want", blob=described, first=65_520, count=16)
    for chunk in range(3):
        proof, data = chunk_proof(leaves, chunk), FILE[chunk * 65_536 : (chunk + 1) * 65_536]
        shown = dict(type="part", blob=described, chunk=chunk, proof=proof, bytes=data)
        frame(f"part, chunk {chunk} of three", [11, *blob, chunk, proof, data], **shown)
    frame("lack", [12, *blob], type="lack", blob=described)
    one, one_hash = renewal(1, HASH)
    two, _ = renewal(2, one_hash, _10=2)
    for name, all in ("renewals, one", [one]), ("renewals, two", [one, two]):
        frame(name, [13, all], type="renewals", renewals=[cbor(each) for each in all])
    frame("courier keys of nobody", [14, {}], type="courier-keys", known=[])
    frame(
        "courier keys", [14, {0: [0, START], 254: [31, 2**64 - 1]}], type="courier-keys",
        known=[[0, 0, START], [254, 31, 2**64 - 1]],
    )
    courier_key = [15, 3, 1, START, bytes(range(256)) * 4 + bytes(192), SIGNATURE]
    frame(
        "courier key", courier_key, type="courier-key", party=3, rank=1, number=START, key=courier_key[4],
        signature=SIGNATURE,
    )
    ahead = [16, code(0, 1, "P"), 7, [b"one", b"two"]]
    frame("ahead", ahead, type="ahead", book=ahead[1], first=7, entries=ahead[3])
    frame("refusal", [8, 2, "another line"], type="refusal", code=2, text="another line")
    frame("refusal in few words", [8, 65_535, ""], type="refusal", code=65_535, text="")
    many = [b"\x00" * 16_384] * 7 + [b"\x00" * 16_285]
    longest = [1, z, 1, many, SIGNATURE]
    longest[3] = many[:-1] + [b"\x00" * (16_285 + 131_072 - len(cbor(longest)))]
    assert len(cbor(longest)) == 131_072
    frame(
        "131,072 bytes, which no reader takes for a step",
        longest,
        type="step",
        book=z,
        first=1,
        entries=longest[3],
        signature=SIGNATURE,
    )

    def bad(name, items):
        data = items if isinstance(items, bytes) else cbor(items)
        refused.append(dict(name=name, bytes=data, error="Malformed"))

    bad("131,073 bytes", [1, z, 1, longest[3][:-1] + [longest[3][-1] + b"\x00"], SIGNATURE])
    bad("empty", b"")
    bad("no array", {0: 1})
    bad("empty array", [])
    bad("fork of two elements", [9, 1])
    bad("type as text", ["ping", 1])
    bad("bytes after it", cbor([4, 1]) + b"\x00")
    bad("cut short", cbor([4, 1])[:-1])
    bad("long integer", b"\x82\x04\x18\x01")
    bad("indefinite length", b"\x9f\x04\x01\xff")
    bad("sizes that do not ascend", cbor([3, {}])[:-1] + b"\xa2" + cbor(a) + b"\x01" + cbor(z) + b"\x01")
    bad("hello without heads", [0, 1, line, line, 0, {}, {}])
    bad("hello with more", [0, 1, line, line, 0, {}, {}, {}, 0])
    bad("hello of version 256", [0, 256, line, line, 0, {}, {}, {}])
    bad("hello for a line of 31 bytes", [0, 1, line[:31], line, 0, {}, {}, {}])
    bad("hello of party 255", [0, 1, line, line, 255, {}, {}, {}])
    bad("hello with a book of class 5", [0, 1, line, line, 0, {5: 1}, {}, {}])
    bad("hello with sizes as a list", [0, 1, line, line, 0, [[z, 1]], {}, {}])
    bad("hello with a receipt of party 255", [0, 1, line, line, 0, {}, {z: {255: 1}}, {}])
    bad("hello with a head without a root", [0, 1, line, line, 0, {z: 1}, {}, {z: [SIGNATURE]}])
    bad("hello with a head of 31 bytes", [0, 1, line, line, 0, {z: 1}, {}, {z: [HASH[:31], SIGNATURE]}])
    bad("hello with a whole checkpoint", [0, 1, line, line, 0, {z: 1}, {}, {z: [1, HASH, SIGNATURE]}])
    six = {code(0, 0, letter): [HASH, SIGNATURE] for letter in LETTERS} | {code(1, 0, "Z"): [HASH, SIGNATURE]}
    bad("hello with six heads", [0, 1, line, line, 0, {book: 1 for book in six}, {}, six])
    books = [code(g, p, l) for g in range(7) for p in range(255) for l in LETTERS]
    bad("hello with 8,193 books", [0, 1, line, line, 0, {book: 1 for book in books[:8_193]}, {}, {}])
    bad("step of 257", [1, z, 1, [b"\x00"] * 257, SIGNATURE])
    bad("step of what is not bytes", [1, z, 1, [1], SIGNATURE])
    bad("step of entries as one", [1, z, 1, b"\x00", SIGNATURE])
    bad("step with a signature of 63 bytes", [1, z, 1, [entry], SIGNATURE[:63]])
    bad("step of a book of party 255", [1, 2040, 1, [entry], SIGNATURE])
    bad("step of a negative number", [1, z, -1, [entry], SIGNATURE])
    bad("receipt without seconds", [2, z, 0, 3, SIGNATURE])
    bad("receipt of party 255", [2, z, 255, 3, 0, SIGNATURE])
    bad("have as a list", [3, [[z, 1]]])
    bad("have with a negative size", [3, {z: -1}])
    bad("ping without a nonce", [4])
    bad("ping with a nonce as bytes", [4, b"\x00"])
    bad("pong with more", [5, 1, 1])
    bad("secret of 31 bytes", [6, 1, 0, HASH[:31]])
    bad("head with a root of 33 bytes", [7, z, 3, HASH + b"\x00", SIGNATURE])
    bad("head without a root", [7, z, 3, SIGNATURE])
    bad("head of size 2^40", [7, z, 2**40, HASH, SIGNATURE])
    bad("step without entries", [1, z, 1, [], SIGNATURE])
    bad("step from number 0", [1, z, 0, [entry], SIGNATURE])
    bad("receipt of size 2^40", [2, z, 0, 2**40, 0, SIGNATURE])
    bad("have of no book", [3, {}])
    bad("have of size 2^40", [3, {z: 2**40}])
    bad("fork without a proof", fork[:9])
    bad("fork with a proof of 129 hashes", fork[:9] + [[HASH] * 129])
    bad("fork with a hash of 31 bytes", fork[:9] + [[HASH[:31]]])
    bad("fork with a size that is negative", fork[:2] + [-1] + fork[3:])
    bad("want of none", [10, *blob, 0, 0])
    bad("renewals of none", [13, []])
    bad("renewals, 33", [13, [one] * 33])
    bad("renewals as bytes", [13, [cbor(one)]])
    bad("renewals of two parties", [13, [one, renewal(2, one_hash, _2=4)[0]]])
    bad("renewals of two lines", [13, [one, renewal(2, one_hash, _1=HASH)[0]]])
    bad("courier keys of party 255", [14, {255: [0, 1]}])
    bad("courier keys of rank 32", [14, {0: [32, 1]}])
    bad("courier keys without a number", [14, {0: [1]}])
    bad("courier keys as a list", [14, [[0, 0, 1]]])
    bad("ahead from number 0", ahead[:2] + [0, ahead[3]])
    bad("ahead without an entry", ahead[:3] + [[]])
    bad("ahead with a signature", ahead + [SIGNATURE])
    bad("courier key of rank 32", courier_key[:2] + [32] + courier_key[3:])
    bad("courier key of 1,215 bytes", courier_key[:4] + [courier_key[4][:-1], SIGNATURE])
    bad("courier key without a signature", courier_key[:5])
    bad("want of 17", [10, *blob, 0, 17])
    bad("want of a blob of 4 GiB and a byte", [10, HASH, 2**32 + 1, HASH, 0, 1])
    bad("part with a proof of 17 hashes", [11, *blob, 0, [HASH] * 17, b"\x00"])
    bad("part of no bytes", [11, *blob, 0, [], b""])
    bad("part of 65,537 bytes", [11, *blob, 0, [], b"\x00" * 65_537])
    bad("part without a proof", [11, *blob, 0, b"\x00"])
    bad("lack with a root of 31 bytes", [12, HASH, 1, HASH[:31]])
    bad("refusal with code 65,536", [8, 65_536, ""])
    bad("refusal with text as bytes", [8, 1, b"no"])
    write("frames", 6, cases=cases, refused=refused, conversations=conversations())


def conversations():
    """What rus's station sends as the first frames of a circuit to usa's, and how usa's refuses them."""
    terms_hash = sha256(cbor(terms()))
    hello = lambda **changes: [
        {0: 0, 1: 1, 2: terms_hash, 3: terms_hash, 4: 1, 5: {}, 6: {}, 7: {}, **{int(k[1:]): v for k, v in changes.items()}}[n]
        for n in range(8)
    ]
    talks = [
        ("a hello", [hello()], None),
        ("a hello and a ping", [hello(), [4, 1]], None),
        ("the secret of rus", [hello(), [6, 1, 0, seed("rus", "secret")]], None),
        ("bytes that are no frame", [b"\xff"], "Malformed"),
        ("a frame type that does not exist", [hello(), [17, 1]], "Malformed"),
        ("another line", [hello(_2=HASH)], "WrongLine"),
        ("another memorandum", [hello(_3=HASH)], None),
        ("another version", [hello(_1=2)], "WrongVersion"),
        ("another party", [hello(_4=0)], "WrongParty"),
        ("a party that does not exist", [hello(_4=2)], "WrongParty"),
        ("a ping first", [[4, 1]], "NoHello"),
        ("a step first", [[1, 8, 1, [b"\x00"], SIGNATURE]], "NoHello"),
        ("a secret that does not fit", [hello(), [6, 1, 0, HASH]], "BadSecret"),
    ]
    codes = {
        "Malformed": 1,
        "WrongLine": 2,
        "WrongVersion": 4,
        "WrongParty": 5,
        "NoHello": 6,
        "BadSecret": 7,
    }
    return [
        dict(
            name=name,
            memorandum=terms_hash,
            frames=[f if isinstance(f, bytes) else cbor(f) for f in frames],
            error=error,
            code=codes.get(error),
        )
        for name, frames, error in talks
    ]


# --- Folds (§5) ---------------------------------------------------------------------------------------------------

PARTIES = ["usa", "rus", "tur"]
MEMORANDA = {
    "consent": terms(),
    "no consent": terms(_11={1: False, 2: []}),
    "messages pass": terms(_11={1: False, 2: [1]}),
    "three": terms(_6=[USA, RUS, TUR], _7=2, _13={1: 2, 2: [1], 3: 14 * DAY}),
    "observed": terms(_20=[BOARD]),
    "three, no veto": terms(_6=[USA, RUS, TUR], _13={1: 2, 2: [], 3: 14 * DAY}),
    "two officers": terms(_6=[USA, RUS, TUR], _11={1: False, 2: []}, _13={1: 2, 2: [], 3: 14 * DAY}, _24=[1, 65]),
    "sealed": terms(_6=[changed(USA, {"_12": commitment("usa")}), changed(RUS, {"_12": commitment("rus")}), TUR]),
}


class Record:
    """A small record as it grows. Whoever writes has heard everything, unless `unheard` names books."""

    def __init__(self, name, memorandum, **expected):
        self.case = dict(name=name, memorandum=memorandum, entries=[], **expected)
        self.line = sha256(cbor(MEMORANDA[memorandum]))
        self.now = START
        self.leaves, self.stated, self.serial = {}, {}, {}

    def wait(self, ms):
        self.now += ms
        return self

    def say(
        self,
        party,
        letter,
        kind,
        body,
        *regards,
        verdict="sound",
        unheard=(),
        office=1,
        data=None,
        beyond=None,
        vector=True,
        second=None,
    ):
        number = PARTIES.index(party)
        book = code(0, number, letter)
        leaves = self.leaves.setdefault(book, [])
        stated = self.stated.setdefault(book, {})
        named = lambda text: [code(0, PARTIES.index(text.split("/")[0]), text.split("/")[1]), int(text.split("/")[2])]
        hidden = {named(f"{one}/1")[0] for one in unheard}
        moved = {
            of: len(held)
            for of, held in self.leaves.items()
            if of != book and of not in hidden and len(held) > stated.get(of, 0)
        }
        for text, size in (beyond or {}).items():
            moved[named(f"{text}/1")[0]] = size
        stated.update(moved)
        self.serial[party] = self.serial.get(party, 0) + 1
        keys = {1: self.serial[party], 2: self.now, 4: office, 9: NUMBERS[kind], 10: body}
        if regards:
            keys[6] = [named(text) for text in regards]
        if second is not None:
            keys[11] = second
        if moved:
            keys[7] = moved
        if letter == "A" and vector:
            sizes = {**stated, book: len(leaves)}
            keys[8] = vector_hash(
                {of: (size, root(self.leaves[of][:size])) for of, size in sizes.items() if of in self.leaves}
            )
        data = cbor(keys) if data is None else data
        mask = blind(seed(party, "secret"), origin(self.line, 0, number, letter), len(leaves))
        leaves.append(leaf_hash(mask + data))
        name = f"{party}/{letter}/{len(leaves)}"
        self.case["entries"].append(dict(entry=name, bytes=data, verdict=verdict))
        return name

    def seal(self, party, letter, size, of=None, told=False, by=None, book_key=None, tree_root=None, over=None, seconds=None, **how):
        """Seals a book: `by` whose seal key, `book_key` by whose book key, `over` the size that is signed instead."""
        number = PARTIES.index(party)
        owner = PARTIES.index(of or party)
        leaves = self.leaves.get(code(0, owner, letter), [])
        tree_root = root(leaves[:size]) if tree_root is None else tree_root
        book_origin, over = origin(self.line, 0, owner, letter), over or size
        seconds = self.now // 1000 if seconds is None else seconds
        text = checkpoint_text(book_origin, over, tree_root)
        message = seals.message(self.line, number, book_origin, over, tree_root, seconds)
        body = {
            1: code(0, owner, letter), 2: size, 3: tree_root, 4: sign(seed(book_key or party, "book"), text.encode()), 5: seconds,
            6: mldsa.sign(seed(by or party, "seal"), message),
        }
        if told:
            body[7] = mldsa.public(seed(told if isinstance(told, str) else by or party, "seal"))
        return self.say(party, "R", "seals", body, **how)


def reply(text="x"):
    return {1: text, 4: True}


def suspend(effective=0, scope=()):
    return {1: list(scope), 2: effective, 3: "by note"}


def write_folds():
    cases = []

    def record(name, memorandum="consent", **expected):
        made = Record(name, memorandum, **expected)
        cases.append(made.case)
        return made

    refused = dict(verdict="Misbehaved")
    message = {1: "x"}

    r = record("a suspension stops messages and notices; what always passes passes")
    told = r.say("usa", "O", "message", message)
    r.wait(1000).say("rus", "A", "suspends", suspend())
    r.wait(1000).say("usa", "R", "message", message, **refused)
    r.say("usa", "R", "notice", NOTICE, **refused)
    r.say("usa", "R", "amendment", message, told, **refused)
    r.say("usa", "Z", "message", message, **refused)
    r.say("usa", "Z", "message", {1: "x", 2: True})
    r.say("usa", "Z", "cease", {1: [0, 0]})
    r.say("usa", "P", "test", {1: 1, 2: "x"})
    r.say("usa", "P", "duty", {1: 1})
    r.say("rus", "O", "acknowledgement", {}, told)
    r.say("rus", "O", "read-back", {1: "x"}, told)
    r.say("rus", "O", "passed-on", {1: "x"}, told)
    r.say("rus", "O", "message", reply(), told, **refused)
    r.say("usa", "R", "withdrawal", {}, told)
    r.case.update(
        standing=[
            dict(party="rus", at_ms=START + 999, suspended=None),
            dict(party="rus", at_ms=START + 1000, suspended="rus/A/1"),
            dict(party="usa", at_ms=START + DAY, suspended=None),
        ],
        open={"usa/Z/2": ["rus"], "usa/Z/3": ["rus"]},
    )

    r = record("who has not heard of a suspension may go on, whatever its time")
    r.say("rus", "A", "suspends", suspend())
    r.wait(HOUR).say("usa", "R", "message", message, unheard=["rus/A"])
    r.say("usa", "R", "message", message, **refused)
    r.say("usa", "O", "message", message, unheard=["rus/A"])
    r.case.update(open={"usa/R/1": ["rus"], "usa/O/1": ["rus"]})

    r = record("a suspension is effective when it says, and never before it is stated")
    r.say("rus", "A", "suspends", suspend(START + 1000))
    r.wait(999).say("usa", "R", "message", message)
    r.wait(1).say("usa", "R", "message", message, **refused)
    r.say("usa", "A", "suspends", suspend(START - DAY))
    r.case.update(
        standing=[
            dict(party="rus", at_ms=START + 999, suspended=None),
            dict(party="rus", at_ms=START + 1000, suspended="rus/A/1"),
            dict(party="usa", at_ms=START + 999, suspended=None),
            dict(party="usa", at_ms=START + 1000, suspended="usa/A/1"),
        ]
    )

    r = record("a suspension of notices stops notices alone")
    r.say("rus", "A", "suspends", suspend(scope=[14]))
    r.say("rus", "R", "notice", NOTICE, **refused)
    r.say("usa", "R", "notice", NOTICE, **refused)
    r.say("usa", "R", "message", message)

    r = record("the memorandum lets messages pass", "messages pass")
    r.say("rus", "A", "suspends", suspend())
    r.say("usa", "R", "message", message)
    r.say("usa", "R", "notice", NOTICE, **refused)

    r = record("who suspended resumes by its own word", "no consent")
    r.say("rus", "A", "resumes", {1: 0}, "rus/A/1", **refused)
    first = r.say("rus", "A", "suspends", suspend())
    r.wait(1).say("usa", "A", "resumes", {1: 0}, first, **refused)
    r.say("rus", "A", "resumes", {1: START + 100}, first)
    r.say("rus", "R", "message", message, **refused)
    r.wait(99).say("rus", "R", "message", message)
    second = r.say("rus", "A", "suspends", suspend())
    r.say("rus", "A", "resumes", {1: 0}, first, **refused)
    r.wait(1).say("rus", "A", "resumes", {1: 0}, second)
    r.say("usa", "R", "message", message)
    r.case.update(
        standing=[
            dict(party="rus", at_ms=START, suspended=first),
            dict(party="rus", at_ms=START + 99, suspended=first),
            dict(party="rus", at_ms=START + 100, suspended=second),
            dict(party="rus", at_ms=START + 101, suspended=None),
        ]
    )

    r = record("a suspension that is not effective yet is taken back", "no consent")
    stated = r.say("rus", "A", "suspends", suspend(START + HOUR))
    r.say("rus", "A", "resumes", {1: START + HOUR}, stated)
    r.case.update(standing=[dict(party="rus", at_ms=START + HOUR, suspended=None)])

    r = record("an act in a wrong book, by no office, or that nobody can read, states nothing")
    r.say("rus", "R", "suspends", suspend(), **refused)
    r.say("rus", "A", "suspends", suspend(), office=9, **refused)
    r.say("rus", "A", "suspends", suspend(), vector=False, **refused)
    r.say("rus", "A", "suspends", suspend(), data=b"\xff", verdict="Malformed")
    r.say("rus", "A", "suspends", {**suspend(), 4: 1}, verdict="Incompatible")
    r.say("rus", "A", "suspends", {2: 0, 3: "x"}, verdict="Malformed")
    r.say("usa", "R", "message", message)
    r.case.update(standing=[dict(party="rus", at_ms=START + DAY, suspended=None)], open={"usa/R/1": ["rus"]})

    r = record("what two officers release, one does not", "two officers")
    r.say("usa", "R", "message", message, **refused)
    r.say("usa", "R", "message", message, second=3, **refused)
    r.say("usa", "R", "message", message, office=3, second=1, **refused)
    r.say("usa", "R", "message", message, second=1)
    r.say("usa", "R", "message", message, second=2)
    r.say("usa", "Z", "message", message)
    r.say("usa", "Z", "message", message, second=2)
    r.say("usa", "Z", "message", message, second=9, **refused)
    r.say("rus", "A", "suspends", suspend(), **refused)
    r.say("usa", "R", "message", message, second=2)
    stated = r.say("rus", "A", "suspends", suspend(), second=1)
    r.say("rus", "A", "resumes", {1: 0}, stated)
    r.say("usa", "R", "message", message, second=1)

    r = record("reopening with consent")
    stop = r.say("rus", "A", "suspends", suspend())
    r.wait(10).say("rus", "A", "resumes", {1: 0}, stop, **refused)
    motion = r.say("usa", "A", "motion", {1: 1, 2: "to reopen", 3: START + DAY}, stop)
    r.say("usa", "A", "decide", {1: 1, 2: [[code(0, 0, "A"), 1]]}, motion, **refused)
    r.wait(10)
    vote = r.say("rus", "A", "vote", {1: 1}, motion)
    votes = [[code(0, 0, "A"), 1], [code(0, 1, "A"), 3]]
    r.wait(10)
    r.say("rus", "A", "decide", {1: 1, 2: votes}, motion, **refused)
    r.say("usa", "A", "decide", {1: 2, 2: votes}, motion, **refused)
    r.say("usa", "A", "decide", {1: 3, 2: votes}, motion, **refused)
    r.say("usa", "A", "decide", {1: 1, 2: votes[:1]}, motion, **refused)
    r.say("usa", "A", "decide", {1: 1, 2: votes[::-1]}, motion, **refused)
    r.say("usa", "A", "decide", {1: 1, 2: votes, 3: [code(0, 0, "A"), 2]}, motion, **refused)
    carried = r.say("usa", "A", "decide", {1: 1, 2: votes}, motion)
    r.say("usa", "A", "decide", {1: 1, 2: votes, 3: [code(0, 0, "A"), 8]}, motion, **refused)
    r.say("usa", "R", "message", message, **refused)
    r.say("rus", "A", "resumes", {1: 0}, stop, **refused)
    r.say("rus", "A", "resumes", {1: 0, 2: [code(0, 0, "A"), 1]}, stop, **refused)
    r.wait(10).say("rus", "A", "resumes", {1: 0, 2: [code(0, 0, "A"), 8]}, stop)
    r.say("usa", "R", "message", message)
    assert (carried, vote) == ("usa/A/8", "rus/A/3")
    r.case.update(
        standing=[
            dict(party="rus", at_ms=START + 39, suspended=stop),
            dict(party="rus", at_ms=START + 40, suspended=None),
        ],
        undecided=[],
        consent={stop: carried},
        open={"usa/R/2": ["rus"]},
    )

    r = record("what a motion must be")
    r.say("usa", "A", "motion", {1: 1, 2: "x", 3: START + DAY}, "usa/A/1", **refused)
    stop = r.say("rus", "A", "suspends", suspend())
    r.say("usa", "A", "motion", {1: 1, 2: "x", 3: START - 1}, stop, **refused)
    r.say("usa", "A", "motion", {1: 1, 2: "x", 3: START + 14 * DAY + 1}, stop, **refused)
    now = r.say("usa", "A", "motion", {1: 1, 2: "x", 3: START}, stop)
    late = r.say("usa", "A", "motion", {1: 1, 2: "x", 3: START + 14 * DAY}, stop)
    r.say("rus", "A", "vote", {1: 1}, stop, **refused)
    r.say("rus", "A", "vote", {1: 1}, "usa/A/9", **refused)
    r.say("rus", "A", "vote", {1: 1}, late)
    r.case.update(undecided=[now, late], consent={stop: None})

    r = record("a motion lapses by the decision's own time; the next decision names it")
    stop = r.say("rus", "A", "suspends", suspend())
    one = r.say("usa", "A", "motion", {1: 1, 2: "x", 3: START + 100}, stop)
    two = r.say("usa", "A", "motion", {1: 1, 2: "x", 3: START + 200}, stop)
    r.say("rus", "A", "vote", {1: 1}, one)
    r.say("rus", "A", "vote", {1: 1}, two)
    votes = lambda n: [[code(0, 0, "A"), n], [code(0, 1, "A"), n + 1]]
    r.wait(101)
    r.say("usa", "A", "decide", {1: 1, 2: votes(1)}, one, **refused)
    lapsed = r.say("usa", "A", "decide", {1: 3, 2: votes(1)}, one)
    r.wait(99)
    r.say("usa", "A", "decide", {1: 3, 2: votes(2), 3: [code(0, 0, "A"), 4]}, two, **refused)
    r.say("usa", "A", "decide", {1: 1, 2: votes(2)}, two, **refused)
    carried = r.say("usa", "A", "decide", {1: 1, 2: votes(2), 3: [code(0, 0, "A"), 4]}, two)
    assert lapsed == "usa/A/4"
    r.case.update(undecided=[], consent={stop: carried})

    r = record("a motion to resolve is about anything, and consents to nothing")
    said = r.say("usa", "R", "message", message)
    stop = r.say("rus", "A", "suspends", suspend())
    resolve = lambda closes, *about, **expected: r.say(
        "usa", "A", "motion", {1: 2, 2: "that it was so", 3: closes}, *about, **expected
    )
    about = resolve(START + DAY, said)
    aside = resolve(START + DAY)
    also = resolve(START + DAY, stop)
    resolve(START - 1, **refused)
    resolve(START + 14 * DAY + 1, **refused)
    r.say("rus", "A", "vote", {1: 1}, also)
    r.say("rus", "A", "vote", {1: 2}, about)
    ours, theirs = code(0, 0, "A"), code(0, 1, "A")
    carried = r.say("usa", "A", "decide", {1: 1, 2: [[ours, 3], [theirs, 2]]}, also)
    r.say("usa", "A", "decide", {1: 2, 2: [[ours, 1], [theirs, 3]], 3: [ours, 6]}, about)
    r.say("rus", "A", "resumes", {1: 0, 2: [ours, 6]}, stop, **refused)
    assert carried == "usa/A/6"
    r.case.update(undecided=[aside], consent={stop: None})

    r = record("a motion to found is voted on like any other, and consents to nothing", "three, no veto")
    stop = r.say("rus", "A", "suspends", suspend())
    found = lambda closes, *about, **expected: r.say(
        "usa", "A", "motion", {1: 4, 2: "to look into it", 3: closes, 5: "inquiry"}, *about, **expected
    )
    found(START - 1, **refused)
    about, aside = found(START + DAY, stop), found(START + DAY)
    r.say("tur", "A", "vote", {1: 1}, about)
    r.say("usa", "A", "decide", {1: 1, 2: [[code(0, 0, "A"), 2], [code(0, 2, "A"), 1]]}, about)
    r.case.update(undecided=[aside], consent={stop: None})

    founding = MEMORANDA["three, no veto"]
    amended = lambda before, **changes: cbor({**changed(founding, changes), 3: sha256(cbor(before))})
    amend = lambda r, party, data, *about, **expected: r.say(
        party, "A", "motion", {1: 3, 2: "to amend", 3: START + DAY, 4: data}, *about, **expected
    )
    act = lambda party, number: [code(0, PARTIES.index(party), "A"), number]

    r = record("an amendment is in force under a cut that covers its decision, and only there", "three, no veto")
    offices = founding[6][0][10] + [{1: 3, 2: "press", 3: 0}]
    first = amended(founding, _6=[{**USA, 10: offices}, RUS, TUR], _11={1: True, 2: [1]}, _12=[[4, 1 << 20]] * 5)
    r.say("usa", "R", "message", message, office=3, **refused)
    motion = amend(r, "rus", first)
    r.say("usa", "A", "vote", {1: 1}, motion)
    r.say("tur", "A", "suspends", suspend())
    r.say("usa", "R", "message", message, **refused)
    r.say("usa", "A", "decide", {1: 1, 2: [act("usa", 1), act("rus", 1)]}, motion)
    r.say("usa", "R", "message", message, office=3)
    r.say("usa", "R", "message", message)
    r.say("usa", "R", "message", message, **refused)
    r.say("rus", "R", "message", message, unheard=["usa/A"], **refused)
    r.say("rus", "R", "message", message)
    r.say("usa", "R", "notice", NOTICE, **refused)
    r.say("usa", "A", "motion", {1: 2, 2: "x", 3: START + DAY})
    r.say("usa", "A", "motion", {1: 2, 2: "x", 3: START + DAY})
    r.say("usa", "A", "motion", {1: 2, 2: "x", 3: START + DAY}, **refused)
    r.case.update(in_force=sha256(first))

    r = record("of two amendments of one memorandum the second is overtaken", "three, no veto")
    first, second = amended(founding, _11={1: False, 2: []}), amended(founding, _11={1: True, 2: [14]})
    one, two = amend(r, "usa", first), amend(r, "rus", second)
    r.say("tur", "A", "vote", {1: 1}, one)
    r.say("tur", "A", "vote", {1: 1}, two)
    r.say("usa", "A", "decide", {1: 4, 2: [act("usa", 1), act("tur", 1)]}, one, **refused)
    r.say("usa", "A", "decide", {1: 1, 2: [act("usa", 1), act("tur", 1)]}, one)
    decided = {2: [act("rus", 1), act("tur", 2)], 3: act("usa", 3)}
    r.say("usa", "A", "decide", {1: 1, **decided}, two, **refused)
    r.wait(DAY + 1).say("usa", "A", "decide", {1: 3, **decided}, two, **refused)
    r.say("usa", "A", "decide", {1: 4, **decided}, two)
    r.case.update(in_force=sha256(first), undecided=[])

    r = record("what an amendment may not change", "three, no veto")
    one = lambda data: amend(r, "usa", data, **refused)
    one(cbor(founding))
    one(cbor({**founding, 3: HASH}))
    one(amended(founding, _2="iraq"))
    one(amended(founding, _4=HASH))
    one(amended(founding, _5=HASH))
    one(amended(founding, _4=HASH, _21=[code(0, 0, "A"), 1, HASH]))
    one(amended(founding, _6=[USA, RUS, member(3, "tur")]))
    one(amended(founding, _6=[USA, RUS, TUR, {**member(3, "irn"), 7: USA[7]}]))
    one(amended(founding, _6=[USA, RUS, {**member(2, "irq"), 2: "irq"}]))
    r.case.update(in_force=sha256(cbor(founding)), undecided=[])

    expelled = amended(founding, _6=[USA, RUS])
    r = record("whoever is expelled keeps its past, and what the decision does not know of is after its time", "three, no veto")
    r.say("tur", "R", "message", message)
    motion = amend(r, "usa", expelled)
    aside = r.say("tur", "A", "motion", {1: 2, 2: "x", 3: START + DAY})
    r.say("rus", "A", "vote", {1: 1}, motion)
    r.say("usa", "A", "decide", {1: 1, 2: [act("usa", 1), act("rus", 1)]}, motion)
    late = [
        r.say("tur", "R", "message", message, unheard=["usa/A", "rus/A"]),
        r.say("tur", "A", "suspends", suspend(), unheard=["usa/A", "rus/A"]),
    ]
    r.say("usa", "R", "message", message)
    r.say("tur", "R", "message", message, **refused)
    r.say("tur", "A", "resumes", {1: 0}, late[1], **refused)
    r.say("rus", "A", "vote", {1: 2}, aside)
    r.say("usa", "A", "decide", {1: 1, 2: [act("rus", 2)], 3: act("usa", 2)}, aside, **refused)
    back = lambda party: cbor({**changed(founding, {"_6": [USA, RUS, party]}), 3: sha256(expelled)})
    amend(r, "usa", back(TUR), **refused)
    amend(r, "usa", back({**member(4, "irn"), 1: 2}), **refused)
    amend(r, "usa", back(member(4, "irn")))
    late += ["tur/R/3", "tur/A/3"]
    r.case.update(in_force=sha256(expelled), members=[0, 1], after_time=late)

    r = record("whoever leaves says nothing more, suspends nobody and defeats nothing by its silence", "three, no veto")
    r.say("usa", "A", "leaves", {}, **refused)
    r.say("rus", "A", "suspends", suspend())
    r.say("tur", "A", "suspends", suspend())
    resolve = r.say("usa", "A", "motion", {1: 2, 2: "x", 3: START + DAY})
    r.say("usa", "R", "message", message, **refused)
    r.say("tur", "A", "leaves", {1: "it is over"})
    r.say("usa", "R", "message", message, **refused)
    r.say("rus", "A", "leaves", {})
    r.say("usa", "R", "message", message)
    r.say("tur", "R", "message", message, **refused)
    r.say("tur", "P", "duty", {1: 0}, **refused)
    r.say("tur", "R", "message", message, unheard=["tur/A"], **refused)
    r.say("usa", "A", "decide", {1: 1, 2: [act("usa", 2)]}, resolve)
    r.case.update(in_force=sha256(cbor(founding)), members=[0], undecided=[])

    r = record("whoever is admitted is a member from the decision on", "three, no veto")
    admitted = amended(founding, _6=[USA, RUS, TUR, member(3, "irn")])
    motion = amend(r, "usa", admitted)
    r.say("rus", "A", "vote", {1: 1}, motion)
    r.say("usa", "A", "decide", {1: 1, 2: [act("usa", 1), act("rus", 1)]}, motion)
    r.case.update(in_force=sha256(admitted), members=[0, 1, 2, 3])

    r = record("a depositary that was replaced decides no more, and the next one goes on from its last word", "three, no veto")
    first = amended(founding, _7=1)
    second = amended({**founding, 7: 1, 3: sha256(cbor(founding))}, _13={1: 3, 2: [], 3: DAY})
    one = amend(r, "usa", first)
    r.say("tur", "A", "vote", {1: 1}, one)
    amend(r, "rus", second, **refused)
    r.say("usa", "A", "decide", {1: 1, 2: [act("usa", 1), act("tur", 1)]}, one)
    two = amend(r, "tur", second)
    assert two == "tur/A/2"
    r.say("rus", "A", "vote", {1: 1}, two)
    decided = {1: 1, 2: [act("rus", 2), act("tur", 2)]}
    r.say("usa", "A", "decide", {**decided, 3: act("usa", 2)}, two, **refused)
    r.say("rus", "A", "decide", decided, two, **refused)
    r.say("rus", "A", "decide", {**decided, 3: act("usa", 2)}, two)
    r.case.update(in_force=sha256(second), undecided=[])

    r = record("positions stand side by side, and each party's last word is its own")
    said = r.say("usa", "Z", "message", message)
    other = r.say("usa", "R", "message", message)
    r.say("rus", "Z", "position", {1: 1}, said)
    disputed = r.say("rus", "R", "position", {1: 2, 2: "it was not"}, said, other)
    corrected = r.say("usa", "R", "position", {1: 3, 2: "it was a school"}, said)
    r.say("rus", "O", "position", {1: 1}, other)
    r.say("rus", "R", "position", {1: 4}, other)
    r.case.update(
        positions={said: dict(usa=corrected, rus=disputed), other: dict(usa=None, rus=None)},
        open={said: ["rus"], other: ["rus"], corrected: ["rus"], **{
            name: ["usa"] for name in ("rus/Z/1", disputed, "rus/O/1", "rus/R/2")
        }},
    )

    r = record("a suspension stops positions, and a void one is none")
    said = r.say("usa", "R", "message", message)
    held = r.say("rus", "R", "position", {1: 1}, said)
    stop = r.say("rus", "A", "suspends", suspend())
    r.wait(1).say("rus", "R", "position", {1: 2}, said, **refused)
    r.case.update(positions={said: dict(usa=None, rus=held), stop: dict(usa=None, rus=None)})

    ours = lambda letter, first, last=None: [code(0, 0, letter), first, last or first]
    shows = lambda r, party, *spans, to="un-board", **expected: r.say(
        party, "R", "discloses", {1: to, 2: list(spans)}, **expected
    )
    lodge = lambda r, party, text, *regards, signer="un-board", by="un-board", letter="R", **expected: r.say(
        party, letter, "finding", {1: signed_finding(r.line, text, by, signer)}, *regards, **expected
    )
    hash_of = lambda text: sha256(text.encode())

    r = record("what is shown to an observer is named by whoever knows it, and to nobody else", "observed")
    said = r.say("usa", "Z", "message", message)
    shown = [shows(r, "usa", ours("Z", 1)), shows(r, "usa", ours("Z", 1), ours("R", 1))]
    shows(r, "usa", ours("R", 3), **refused)
    shows(r, "usa", ours("Z", 2), **refused)
    shows(r, "rus", ours("Z", 1), unheard=["usa/Z"], **refused)
    shows(r, "usa", ours("Z", 1), to="icrc", **refused)
    shows(r, "usa", ours("Z", 1), to="rus", **refused)
    r.say("usa", "R", "discloses", {1: "un-board", 2: [ours("Z", 1)]}, said, **refused)
    shown = [shows(r, "rus", ours("Z", 1), ours("R", 1, 7))] + shown
    r.case.update(disclosures={"un-board": sorted(shown, key=lambda name: (-ord(name[0]), name))}, findings={}, open={said: ["rus"]})

    r = record("findings are their observer's, whoever lodges them, and what is forged is its lodger's breach", "observed")
    said = r.say("usa", "Z", "message", message)
    one = finding_text(r.line)
    two = finding_text(r.line, 2, before=hash_of(one), corrects=1, text="Somebody was told.")
    four = finding_text(r.line, 4, before=HASH)
    first = [lodge(r, "rus", one, said), lodge(r, "usa", one), lodge(r, "usa", one, letter="O")]
    lodge(r, "usa", two, signer="usa", **refused)
    elsewhere = sha256(b"another line")
    r.say("usa", "R", "finding", {1: signed_finding(elsewhere, finding_text(elsewhere))}, **refused)
    lodge(r, "usa", finding_text(r.line, by="icrc"), signer="icrc", by="icrc", **refused)
    lodge(r, "usa", finding_text(r.line, by="rus"), signer="rus", by="rus", **refused)
    lodge(r, "usa", two, letter="Z", **refused)
    r.say("usa", "R", "finding", {1: b""}, verdict="Malformed")
    second, fourth = lodge(r, "rus", two), lodge(r, "usa", four)
    r.say("usa", "R", "position", {1: 2, 2: "we were there"}, second)
    lodged = lambda serial, text, *by: dict(serial=serial, hash=hash_of(text), by=list(by))
    r.case.update(
        findings={
            "un-board": dict(
                lodged=[
                    lodged(1, one, "usa/O/1", "usa/R/1", "rus/R/1"),
                    lodged(2, two, second),
                    lodged(4, four, fourth),
                ],
                missing=[[3, 3]],
                contradictions=[],
            )
        },
        disclosures={},
        positions={second: dict(usa="usa/R/8", rus=None)},
        open={
            said: ["rus"],
            first[0]: ["usa"],
            second: ["usa"],
            **{name: ["rus"] for name in ("usa/R/1", "usa/O/1", fourth, "usa/R/8")},
        },
    )

    r = record("an observer that signs two chains convicts itself", "observed")
    one = finding_text(r.line)
    twos = [finding_text(r.line, 2, before=hash_of(one), text=text) for text in ("It was so.", "It was not so.")]
    twos.sort(key=hash_of)
    three = finding_text(r.line, 3, before=HASH)
    by = {text: lodge(r, "usa", text) for text in (one, *twos, three)}
    r.case.update(
        findings={
            "un-board": dict(
                lodged=[lodged(serial, text, by[text]) for serial, text in ((1, one), (2, twos[0]), (2, twos[1]), (3, three))],
                missing=[],
                contradictions=[
                    ["serial", 2, hash_of(twos[0]), hash_of(twos[1])],
                    ["before", 3, hash_of(twos[0]), hash_of(three)],
                ],
            )
        }
    )

    r = record("a suspension stops findings and disclosures", "observed")
    said = r.say("usa", "R", "message", message)
    r.say("rus", "A", "suspends", suspend())
    r.wait(1)
    shows(r, "usa", ours("R", 1), **refused)
    lodge(r, "usa", finding_text(r.line), **refused)
    r.case.update(findings={}, disclosures={}, open={said: ["rus"]})

    r = record("an observer has access from the decision that names it to the one that does not", "three, no veto")
    granted = amended(founding, _20=[BOARD])
    ended = cbor({**changed(founding, {}), 3: sha256(granted)})
    said = r.say("usa", "R", "message", message)
    shows(r, "usa", ours("R", 1), **refused)
    lodge(r, "usa", finding_text(r.line), **refused)
    motion = amend(r, "usa", granted)
    shows(r, "usa", ours("R", 1), **refused)
    r.say("rus", "A", "vote", {1: 1}, motion)
    r.say("usa", "A", "decide", {1: 1, 2: [act("usa", 1), act("rus", 1)]}, motion)
    shows(r, "rus", ours("R", 1), unheard=["usa/A"], **refused)
    shown = shows(r, "usa", ours("R", 1))
    found = lodge(r, "rus", finding_text(r.line))
    after = lambda **changes: cbor({**changed(founding, changes), 3: sha256(granted)})
    renewed = sign(seed("tur", "station"), possession("observer", "un-board", TUR[6]))
    for changes in (
        dict(_20=[{**BOARD, 3: public(seed("other", "observer")), 4: sign(seed("other", "observer"), possession("observer", "un-board", public(seed("other", "observer"))))}]),
        dict(_20=[{**BOARD, 1: "board", 4: sign(seed("un-board", "observer"), possession("observer", "board", BOARD[3]))}]),
        dict(_6=[USA, RUS, TUR, member(3, "un-board")]),
        dict(_6=[USA, RUS], _20=[observer("tur")]),
        dict(_6=[USA, RUS], _20=[{**BOARD, 3: TUR[6], 4: renewed}]),
    ):
        amend(r, "tur", after(**changes), **refused)
    motion = amend(r, "rus", ended)
    r.say("tur", "A", "vote", {1: 1}, motion)
    r.say("usa", "A", "decide", {1: 1, 2: [act("rus", 2), act("tur", 6)], 3: act("usa", 2)}, motion)
    shows(r, "usa", ours("R", 1), **refused)
    lodge(r, "usa", finding_text(r.line), **refused)
    again = cbor({**changed(founding, dict(_20=[BOARD])), 3: sha256(ended)})
    amend(r, "usa", again)
    other = observer("un-board", _3=public(seed("other", "observer")))
    other[4] = sign(seed("other", "observer"), possession("observer", "un-board", other[3]))
    amend(r, "usa", cbor({**changed(founding, dict(_20=[other])), 3: sha256(ended)}), **refused)
    r.case.update(
        in_force=sha256(ended),
        disclosures={"un-board": [shown]},
        findings={"un-board": dict(lodged=[lodged(1, finding_text(r.line), found)], missing=[], contradictions=[])},
    )

    r = record("a veto holder must speak, and may change its mind", "three")
    stop = r.say("rus", "A", "suspends", suspend())
    motion = r.say("usa", "A", "motion", {1: 1, 2: "x", 3: START + DAY}, stop)
    r.say("tur", "A", "vote", {1: 1}, motion)
    ours = [code(0, 0, "A"), 1]
    r.say("tur", "A", "decide", {1: 1, 2: [ours, [code(0, 2, "A"), 1]]}, motion, **refused)
    r.say("rus", "A", "vote", {1: 2}, motion)
    r.say("rus", "A", "vote", {1: 3}, motion)
    r.say("tur", "A", "decide", {1: 2, 2: [ours, [code(0, 1, "A"), 2], [code(0, 2, "A"), 1]]}, motion, **refused)
    r.say("usa", "A", "decide", {1: 1, 2: [ours, [code(0, 1, "A"), 3], [code(0, 2, "A"), 1]]}, motion, **refused)
    carried = r.say("tur", "A", "decide", {1: 1, 2: [ours, [code(0, 1, "A"), 3], [code(0, 2, "A"), 1]]}, motion)
    r.say("rus", "A", "vote", {1: 2}, motion)
    r.case.update(undecided=[], consent={stop: carried})

    r = record("a veto defeats at once", "three")
    stop = r.say("usa", "A", "suspends", suspend())
    motion = r.say("usa", "A", "motion", {1: 1, 2: "x", 3: START + DAY}, stop)
    r.say("rus", "A", "vote", {1: 2}, motion)
    r.say("tur", "A", "decide", {1: 2, 2: [[code(0, 0, "A"), 2], [code(0, 1, "A"), 1]]}, motion)
    r.case.update(undecided=[], consent={stop: None})

    r = record("too few are left to carry it; the mover votes against its own motion", "three, no veto")
    stop = r.say("rus", "A", "suspends", suspend())
    motion = r.say("usa", "A", "motion", {1: 1, 2: "x", 3: START + DAY}, stop)
    r.say("tur", "A", "vote", {1: 3}, motion)
    r.say("usa", "A", "decide", {1: 2, 2: [[code(0, 0, "A"), 1], [code(0, 2, "A"), 1]]}, motion, **refused)
    r.say("usa", "A", "vote", {1: 2}, motion)
    r.say("usa", "A", "decide", {1: 2, 2: [[code(0, 0, "A"), 1], [code(0, 2, "A"), 1]]}, motion, **refused)
    r.say("usa", "A", "decide", {1: 2, 2: [[code(0, 0, "A"), 3], [code(0, 2, "A"), 1]]}, motion)
    r.case.update(undecided=[], consent={stop: None})

    r = record("the depositary counts what it has heard, no more", "three, no veto")
    stop = r.say("rus", "A", "suspends", suspend())
    motion = r.say("usa", "A", "motion", {1: 1, 2: "x", 3: START + DAY}, stop)
    r.say("rus", "A", "vote", {1: 1}, motion)
    r.say("tur", "A", "vote", {1: 2}, motion)
    carried = r.say(
        "usa", "A", "decide", {1: 1, 2: [[code(0, 0, "A"), 1], [code(0, 1, "A"), 2]]}, motion, unheard=["tur/A"]
    )
    r.case.update(undecided=[], consent={stop: carried})

    r = record("an entry that rests on acts that nobody holds waits")
    r.say("usa", "R", "message", message, beyond={"rus/A": 1}, verdict="unjudged")
    r.say("usa", "R", "message", message, verdict="unjudged")
    r.say("usa", "P", "message", message)
    r.case.update(open={"usa/P/1": ["rus"]})

    r = record("five facts, kept apart", "three")
    told = r.say("usa", "O", "message", {1: "x", 3: START + HOUR})
    plain = r.say("usa", "R", "notice", NOTICE)
    again = r.say("usa", "R", "message", message)
    r.say("rus", "O", "displayed", {}, told)
    r.say("rus", "O", "passed-on", {1: "the crews"}, told)
    r.say("rus", "R", "message", message, told)
    r.say("tur", "O", "acknowledgement", {}, told)
    r.say("tur", "R", "message", reply(), again)
    r.say("rus", "R", "acknowledgement", {}, plain)
    r.say("tur", "R", "read-back", {1: "x"}, plain)
    r.case.update(
        open={told: ["rus"], plain: ["tur"], again: ["rus"], "rus/R/1": ["usa", "tur"], "tur/R/1": ["usa", "rus"]},
        facts={
            told: dict(displayed=["rus"], acknowledged=["tur"], passed_on=["rus"], answered=[]),
            plain: dict(displayed=[], acknowledged=["rus"], passed_on=[], answered=[]),
            again: dict(displayed=[], acknowledged=[], passed_on=[], answered=["tur"]),
        },
    )

    r = record("what is withdrawn, or answered by all, is open no more")
    one = r.say("usa", "R", "message", message)
    two = r.say("usa", "R", "message", message)
    three = r.say("rus", "Z", "cease", {1: [0, 0]})
    r.say("usa", "R", "withdrawal", {1: "sent in error"}, one)
    r.say("rus", "R", "message", reply(), two)
    r.say("usa", "Z", "acknowledgement", {}, three)
    r.say("rus", "R", "withdrawal", {}, one, **refused)
    r.case.update(open={"rus/R/1": ["usa"]})

    r = record("a withdrawal may be more urgent than what it withdraws")
    one = r.say("usa", "R", "message", message)
    r.say("usa", "Z", "withdrawal", {}, one)
    r.case.update(open={})

    r = record("seals hold under the key that the memorandum commits to, and their book has told", "sealed")
    r.say("usa", "Z", "message", message)
    r.say("usa", "Z", "message", message)
    r.say("usa", "R", "message", message)
    r.seal("usa", "Z", 2, **refused)
    r.seal("usa", "Z", 2, told=True)
    r.seal("usa", "R", 1)
    r.seal("usa", "Z", 1)
    r.seal("usa", "R", 5, told=True)
    r.seal("rus", "R", 1, told=True, **refused)
    r.seal("rus", "R", 1, told=True)
    r.say("tur", "R", "message", message)
    r.seal("tur", "R", 1, told=True, **refused)
    r.case.update(
        seals={
            "usa/Z": dict(entry="usa/R/3", size=2, seconds=START // 1000),
            "usa/R": dict(entry="usa/R/6", size=5, seconds=START // 1000),
            "rus/R": dict(entry="rus/R/2", size=1, seconds=START // 1000),
        }
    )

    r = record("seals that do not hold are void", "sealed")
    r.say("usa", "O", "message", message)
    r.say("usa", "O", "message", message)
    r.say("rus", "O", "message", message)
    r.seal("usa", "O", 1, told="rus", **refused)
    r.seal("usa", "O", 1, told=True, by="rus", **refused)
    r.seal("usa", "O", 1, told=True, book_key="rus", **refused)
    r.seal("usa", "O", 1, told=True, seconds=0)
    r.seal("usa", "O", 2, by="rus", **refused)
    r.seal("usa", "O", 2, book_key="rus", **refused)
    r.seal("usa", "O", 2, over=1, **refused)
    r.seal("usa", "O", 3, **refused)
    r.seal("usa", "R", 9, **refused)
    r.seal("usa", "P", 1, **refused)
    r.seal("usa", "O", 1, of="rus", **refused)
    r.say("usa", "O", "message", message)
    r.seal("usa", "O", 3, unheard=["usa/O"], **refused)
    r.seal("usa", "O", 3)
    r.case.update(seals={"usa/O": dict(entry="usa/R/13", size=3, seconds=START // 1000)})

    r = record("seals pass a suspension, and what nobody committed to is void", "consent")
    r.say("rus", "A", "suspends", suspend())
    r.seal("rus", "A", 1, told=True, **refused)
    r = record("seals pass a suspension", "sealed")
    r.say("rus", "A", "suspends", suspend())
    r.seal("rus", "A", 1, told=True)
    r.seal("rus", "R", 1, tree_root=HASH)
    r.case.update(
        seals={
            "rus/A": dict(entry="rus/R/1", size=1, seconds=START // 1000),
            "rus/R": dict(entry="rus/R/2", size=1, seconds=START // 1000),
        }
    )

    memoranda = {
        name: dict(
            bytes=cbor(whole),
            seeds={
                party[2]: {role: seed(party[2], role) for role in ("book", "receipt", "secret")} for party in whole[6]
            },
        )
        for name, whole in MEMORANDA.items()
    }
    write("folds", 5, memoranda=memoranda, cases=cases)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    write_kinds()
    write_memorandum()
    write_frames()
    write_folds()
