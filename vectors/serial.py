#!/usr/bin/env python3
"""Writes the vectors of spec/serial.md, from the specification and other people's AES-GCM-SIV and Zstandard.

    pip install cryptography==50.0.2 zstandard==0.25.0
    python3 vectors/serial.py                # writes vectors/serial/*.json

It shares `record.py`, which stands beside it, and no code with the implementation that is checked against its output. It writes the same
bytes every time.
"""

import hashlib
import hmac
import json
import pathlib

import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from record import LINE, cbor, code, sha256

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "serial"
DICTIONARY = (HERE.parent / "spec" / "serial-1.zdict").read_bytes()


def write(name, section, **lists):
    OUT.mkdir(exist_ok=True)
    hexed = lambda value: value.hex() if isinstance(value, bytes) else value
    text = json.dumps({"spec": f"spec/serial.md §{section}", **lists}, default=hexed, indent=1, ensure_ascii=False)
    (OUT / f"{name}.json").write_text(text + "\n", "utf-8")


# --- §2, packets ---------------------------------------------------------------------------------------------------


def stuffed(packet):
    out = b""
    rest = packet + b"\0"
    while rest:
        piece = rest.split(b"\0", 1)[0][:254]
        if len(piece) == 254:
            out += b"\xff" + piece
            rest = rest[254:]
            if rest == b"\0":
                return out
        else:
            out += bytes([len(piece) + 1]) + piece
            rest = rest[len(piece) + 1 :]
    return out


def crc(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def write_packets():
    pattern = lambda length, every: bytes(0 if at % every == 0 else at % 255 + 1 for at in range(length))
    cobs = [b"\0", b"\0\0", b"\x11\x22\0\x33", b"\x11\0\0\0", bytes(range(1, 255)), bytes(range(255)), b"\x07" * 288]
    cobs += [pattern(length, every) for length in (253, 254, 255, 288) for every in (2, 254, 300)]
    summed = lambda body: body + crc(body).to_bytes(4, "big")
    pieces = [
        dict(name="piece", packet=summed(b"\x01\x12\x34\x56\x78" + b"bytes")),
        dict(name="piece of 240", packet=summed(b"\x01\0\0\0\xf0" + bytes(240))),
        dict(name="taken", packet=summed(b"\x02\x00\x07\x00\xf0")),
        dict(name="call", packet=summed(b"\x03")),
    ]
    none = [
        dict(name="piece without bytes", packet=summed(b"\x01\x12\x34\x56\x78")),
        dict(name="piece of 241", packet=summed(b"\x01\0\0\0\xf0" + bytes(241))),
        dict(name="taken with a byte more", packet=summed(b"\x02\x00\x07\x00\xf0\x00")),
        dict(name="call with a byte more", packet=summed(b"\x03\x00")),
        dict(name="call with a wrong sum", packet=summed(b"\x03")[:-1] + b"\0"),
        dict(name="no such packet", packet=summed(b"\x05")),
        dict(name="data of no pair", packet=b"\x90" + bytes(30)),
    ]
    write("packets", "2, 6", cobs=[dict(packet=one, stuffed=stuffed(one)) for one in cobs], packets=pieces, none=none)


# --- §3 to §5, keys, openings, data ---------------------------------------------------------------------------------


def expand(root, info, length):
    out, block, count = b"", b"", 1
    while len(out) < length:
        block = hmac.new(root, block + info + bytes([count]), "sha256").digest()
        out, count = out + block, count + 1
    return out[:length]


def pair(root, own, peer):
    key = lambda one, other: expand(root, b"key" + bytes([one, other]), 32)
    return dict(name=expand(root, b"name", 2), send=key(own, peer), receive=key(peer, own))


def seal(key, counter, additional, body):
    return AESGCMSIV(key).encrypt(bytes(7) + counter.to_bytes(5, "big"), body, additional)


def write_sealed():
    pairs, openings, data = [], [], []
    for root, own, peer in ((bytes(32), 0, 1), (sha256(b"root"), 3, 254), (b"\xff" * 32, 7, 2)):
        keys = pair(root, own, peer)
        pairs.append(dict(root=root, own=own, peer=peer, **keys))
        for counter, own_tag, other_tag, held in (
            (0, b"\x01\x02\x03\x04", bytes(4), bytes(6)),
            (2**40 - 1, b"\xff" * 4, b"\x09\x08\x07\x06", b"held 6"),
        ):
            head = b"\x04" + keys["name"] + integer(counter)
            said = own_tag + held + (b"" if other_tag == bytes(4) else other_tag)
            packet = head + seal(keys["send"], counter, head, said)
            openings.append(dict(root=root, own=own, peer=peer, counter=counter, tag=own_tag, other=other_tag, held=held, packet=packet))
            for parts in (b"", b"\x87\x00\x05\x01\x02", b"\x01\x00" + bytes(range(40)), b"\x90\x00\x07\x03\x02\x01\x04\x00\x03abc\x03\xffdef"):
                first = bytes([0x80 | keys["name"][1] & 15])
                sealed = seal(keys["send"], counter, first + own_tag + other_tag, parts)
                packet = first + (counter % 65_536).to_bytes(2, "big") + sealed
                data.append(dict(root=root, own=own, peer=peer, counter=counter, sender=own_tag, reader=other_tag, parts=parts, packet=packet))
    write("sealed", "3, 4, 5", pairs=pairs, openings=openings, data=data)


# --- §5.1, §5.2, forms ----------------------------------------------------------------------------------------------


def integer(number):
    out = b""
    while number > 127:
        out, number = out + bytes([128 | number & 127]), number >> 7
    return out + bytes([number])


def differs(before, now):
    return integer(2 * (now - before) if now >= before else 2 * (before - now) - 1)


def string(data):
    return integer(len(data)) + data


def packed(data):
    """The packed bytes of a string, which unpack as the specification says; none where it cannot be said so."""
    options = dict(level=19, dict_data=zstandard.ZstdCompressionDict(DICTIONARY), write_dict_id=False)
    frame = zstandard.ZstdCompressor(write_checksum=False, write_content_size=True, **options).compress(data)
    assert frame[:4] == b"\x28\xb5\x2f\xfd" and frame[4] & 0x3F == 0x20
    at = 5 + (1 << (frame[4] >> 6))
    head, content = int.from_bytes(frame[at : at + 3], "little"), frame[at + 3 :]
    if head & 7 != 5:
        return None
    assert head >> 3 == len(content)
    again = b"\x28\xb5\x2f\xfd\xa0" + len(data).to_bytes(4, "little") + (len(content) * 8 + 5).to_bytes(3, "little") + content
    unpacker = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(DICTIONARY))
    assert unpacker.decompress(again) == data
    return integer(len(data)) + content


class Lane:
    """One direction of a lane: what was said last in it."""

    def __init__(self, sender):
        self.sender, self.last, self.packed = sender, 0, False

    def entry(self, entry, before, pack):
        flags = 0x10 if 3 in entry else 0
        office, kind = entry[4], entry[9]
        out = differs(before, entry[1]) + differs(self.last, entry[2]) + integer(kind * 8 + min(office, 7))
        self.last = entry[2]
        if office >= 7:
            out += integer(office - 7)
        if 5 in entry:
            flags, out = flags | 8, out + string(entry[5].encode())
        for key, flag in ((6, 4), (7, 2)):
            if key in entry:
                pairs = entry[key].items() if key == 7 else entry[key]
                flags, out = flags | flag, out + integer(len(pairs)) + b"".join(integer(a) + integer(b) for a, b in pairs)
        if 8 in entry:
            flags, out = flags | 1, out + entry[8]
        body = entry[10]
        if body == {}:
            return bytes([flags | 0x20]) + out
        form, data = (0x40, body[1].encode()) if list(body) == [1] and isinstance(body[1], str) else (0, cbor(body))
        short = packed(data) if pack else None
        if short and len(short) < len(data):
            self.packed = True
            return bytes([flags | form | 0x80]) + out + string(short)
        return bytes([flags | form]) + out + string(data)

    def entries(self, entries, pack):
        out, before = b"", 0
        for entry in entries:
            if isinstance(entry, bytes):
                out += b"\x60" + string(entry)
            elif 11 in entry:
                out += b"\x60" + string(cbor(entry))
            else:
                out += self.entry(entry, before, pack)
                before = entry[1]
        return out

    def step(self, book, first, entries, signature, pack=True):
        frame = cbor([1, book, first, [one if isinstance(one, bytes) else cbor(one) for one in entries], signature])
        head = integer(book) + integer(first)
        if len(entries) == 1:
            return frame, b"\x01" + head + self.entries(entries, pack) + signature
        return frame, b"\x04" + head + integer(len(entries)) + self.entries(entries, pack) + signature

    def ahead(self, book, first, entries):
        frame = cbor([16, book, first, [cbor(one) for one in entries]])
        return frame, b"\x06" + integer(book) + integer(first) + integer(len(entries)) + self.entries(entries, True)

    def signed(self, book, first, entries, signature):
        return cbor([1, book, first, [cbor(one) for one in entries], signature]), b"\x07" + signature

    def answer(self, book, first, entry):
        """One answer to a test that came, ahead of its signature, without the test's digest."""
        assert list(entry[10]) == [1] and len(entry[10][1]) == 32
        said = self.entry({**entry, 10: {}}, 0, False)
        return cbor([16, book, first, [cbor(entry)]]), b"\x06" + integer(book) + integer(first) + b"\x01" + bytes([said[0] | 0x80]) + said[1:]

    def receipt(self, book, party, size, seconds, signature):
        frame = cbor([2, book, party, size, seconds, signature])
        said = integer(size) + differs(self.last // 1000, seconds) + signature
        self.last = seconds * 1000
        if party == self.sender:
            return frame, b"\x02" + integer(book) + said
        return frame, b"\x05" + integer(book) + integer(party) + said


def write_forms():
    time, signature = 1_790_000_000_123, bytes(range(64))
    plain = {1: 300, 2: time, 4: 1, 9: 1, 10: {1: "Request that all firing cease along the road until the convoy has passed."}}
    arabic = {1: 301, 2: time + 5_000, 4: 9, 5: "ar", 9: 1, 10: {1: "نطلب وقف إطلاق النار على طول الطريق حتى مرور القافلة."}}
    ack = {1: 7, 2: time - 60_000, 4: 0, 6: [[code(0, 1, "P"), 2**39]], 7: {code(0, 0, "Z"): 3, code(1, 1, "R"): 400}, 9: 4, 10: {}}
    act = {1: 8, 2: time, 3: True, 4: 0, 6: [[code(0, 1, "A"), 1], [code(0, 0, "A"), 2]], 8: sha256(b"vector"), 9: 68, 10: {1: 1, 2: "yes"}}
    test = {1: 9, 2: time + 3_600_000, 4: 0, 9: 10, 10: {1: 497_000, 2: "Test of slot 497000 by rus: answer with its digest"}}
    lane, word, flash = Lane(1), Lane(1), Lane(1)
    hello = cbor([0, 1, LINE, sha256(b"memorandum"), 1, {code(0, 1, "Z"): 4}, {}, {}])
    other = cbor([0, 1, sha256(b"another line"), sha256(b"memorandum"), 1, {}, {}, {}])
    cases = []

    def case(name, which, made):
        frame, form = made
        packed_one = lane.packed or word.packed or flash.packed
        cases.append(dict(name=name, lane=which, frame=frame, form=form, packed=packed_one))
        lane.packed = word.packed = flash.packed = False

    case("a message", "P", lane.step(code(0, 1, "P"), 7, [plain], signature))
    case("the same, not packed", "P", lane.step(code(0, 1, "P"), 7, [plain], signature, False))
    case("three entries", "P", lane.step(code(0, 1, "P"), 8, [arabic, ack, act], signature))
    case("no entry, and one after it", "P", lane.step(code(2, 1, "P"), 1, [b"no entry", plain], signature))
    case("of two officers, and one after it", "P", lane.step(code(0, 1, "P"), 3, [{**plain, 11: 2}, plain], signature, False))
    case("earlier than the last", "P", lane.step(code(0, 1, "P"), 9, [ack], signature))
    case("a receipt", "W", word.receipt(code(0, 0, "P"), 1, 300, 1_790_000_000, signature))
    case("a receipt an hour later", "W", word.receipt(code(0, 0, "P"), 1, 301, 1_790_003_600, signature))
    case("a receipt of somebody else, of before", "W", word.receipt(code(0, 1, "P"), 254, 2**40 - 1, 1_790_000_001, signature))
    case("a test ahead of its signature", "W", word.ahead(code(0, 1, "P"), 9, [test]))
    case("a FLASH ahead of its signature", "Z", flash.ahead(code(0, 1, "Z"), 3, [plain]))
    case("its signature", "Z", flash.signed(code(0, 1, "Z"), 3, [plain], signature))
    case("a step of the same, once more", "Z", flash.step(code(0, 1, "Z"), 3, [plain], signature))
    case("three entries ahead", "Z", flash.ahead(code(0, 1, "Z"), 4, [plain, arabic, ack]))
    case("another step behind them", "Z", flash.step(code(0, 1, "Z"), 4, [plain], signature))
    case("a hello", "W", (hello, b"\x03" + hello[37:]))
    case("a hello of another line", "W", (other, other))
    ping = cbor([4, 77])
    case("a ping", "W", (ping, ping))
    # The reader's test, which the sender answers.
    theirs = {1: 9, 2: time, 4: 0, 9: 10, 10: {1: 497_000, 2: "Test of slot 497000 by usa: answer with its digest"}}
    digest = sha256(theirs[10][2].encode())
    answer = {1: 12, 2: time + 700, 4: 0, 6: [[code(0, 0, "P"), 5]], 9: 11, 10: {1: digest}}
    asked = Lane(0).ahead(code(0, 0, "P"), 5, [theirs])
    said = Lane(1).answer(code(0, 1, "P"), 2, answer)
    other_test = {**answer, 6: [[code(0, 0, "P"), 6]]}
    answers = [
        dict(name="an answer to a test that came", asked=asked[0], asked_form=asked[1], frame=said[0], form=said[1]),
        dict(name="another digest", asked=asked[0], asked_form=asked[1], **dict(zip(("frame", "form"), Lane(1).ahead(code(0, 1, "P"), 2, [{**answer, 10: {1: sha256(b"x")}}])))),
        dict(name="of a test that did not come", asked=asked[0], asked_form=asked[1], **dict(zip(("frame", "form"), Lane(1).ahead(code(0, 1, "P"), 2, [other_test])))),
    ]
    refused = []

    def bad(name, form):
        refused.append(dict(name=name, form=form))

    step = b"\x01" + integer(11) + integer(7)
    bad("nothing", b"")
    bad("no such form", b"\x7f\0")
    bad("a signature of nothing said ahead", b"\x07" + signature)
    bad("an answer to a test that nobody sent", said[1])
    bad("no form either", b"\xa0")
    bad("a step that ends in its head", step)
    bad("257 entries", b"\x04\x0b\x07" + integer(257))
    bad("a step with a byte more", Lane(1).step(11, 7, [plain], signature)[1] + b"\0")
    bad("a step with a byte less", Lane(1).step(11, 7, [plain], signature)[1][:-1])
    bad("a string of 16,385 bytes", step + b"\x60" + integer(16_385))
    bad("a string that unpacks to 16,385 bytes", step + b"\xe0" + string(integer(16_385) + b"\0"))
    bad("a string that unpacks to nothing of the kind", step + b"\xe0" + string(integer(5) + b"\1\1") + signature)
    data = b"stop and wait " * 40
    short = integer(len(data) - 1) + packed(data)[2:]
    bad("a string that unpacks to more than it declares", step + b"\xe0" + string(short) + signature)
    bad("an entry whole that has a cut", step + b"\x62" + string(b"x") + signature)
    bad("an empty body that is packed", step + b"\xa0\x02\x02\x08" + signature)
    bad("a receipt in no book", b"\x02\x05\0\0" + signature)
    bad("an integer of ten bytes and more", b"\x02" + b"\xff" * 9 + b"\x02" + signature)
    bad("a serial before 0", step + b"\x20\x03\x02\x08" + signature)
    whole = b"\xe0" + string(packed(b"x" * 16_384))
    bad("a frame of over 131,072 bytes", b"\x04\x0b\x07\x09" + whole * 9 + signature)
    digest = hashlib.sha256(DICTIONARY).digest()
    write("forms", "5.1, 5.2", line=LINE, sender=1, reader=0, dictionary=digest, cases=cases, answers=answers, refused=refused)


write_packets()
write_sealed()
write_forms()
