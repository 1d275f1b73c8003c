#!/usr/bin/env python3
"""Writes the vectors of spec/record.md §12, from the specification, FIPS 204 and the standard library alone.

Beside record.py, whose checkpoints it seals, and mldsa.py. It writes `record/seals.json`, the same bytes every time.
"""

import mldsa
from record import AUTHOR, BOOK, LINE, ORIGIN, b64, checkpoint_text, code, note_line, origin, public, sha256, sign, write

PARTY = BOOK["party"]
SEED, OTHER = bytes([21]) * 32, bytes([22]) * 32


def seal_name(line, party):
    return "detente/" + sha256(b"detente seal v1\n", line, bytes([party]))[:16].hex()


def message(line, party, book_origin, size, tree_root, seconds):
    """The cosigned_message of c2sp.org/tlog-cosignature."""
    u64 = lambda value: value.to_bytes(8, "big")
    named = lambda name: bytes([len(name)]) + name.encode()
    parts = [b"subtree/v1\n\0", named(seal_name(line, party)), u64(seconds), named(book_origin), u64(0), u64(size), tree_root]
    return b"".join(parts)


def key_id(name, key):
    return sha256(name.encode(), b"\n\x06", key)[:4]


def signature_line(name, key, timed):
    return f"\u2014 {name} {b64(key_id(name, key) + timed)}\n"


def write_seals():
    key, tree_root = mldsa.public(SEED), sha256(b"root")
    name = seal_name(LINE, PARTY)
    vkey = f"{name}+{key_id(name, key).hex()}+{b64(bytes([6]) + key)}"
    keys = [dict(seed=seed, key=mldsa.public(seed), commitment=sha256(b"detente seal key v1\n", mldsa.public(seed)))
            for seed in (SEED, OTHER, bytes(32))]

    cases = []
    for generation, letter, size, seconds in ((0, "Z", 1, 0), (0, "A", 12, 1_500_000_000), (3, "R", 2**40 - 1, 2**63 - 1)):
        book_origin = origin(LINE, generation, PARTY, letter)
        signed = message(LINE, PARTY, book_origin, size, tree_root, seconds)
        signature = mldsa.sign(SEED, signed)
        text = checkpoint_text(book_origin, size, tree_root)
        line = signature_line(name, key, seconds.to_bytes(8, "big") + signature)
        note = text + "\n" + note_line(book_origin, 1, public(AUTHOR), sign(AUTHOR, text.encode())) + line
        cases.append(dict(book=code(generation, PARTY, letter), size=size, root=tree_root, seconds=seconds, message=signed,
                          signature=signature, line=line, note=note))

    good = message(LINE, PARTY, ORIGIN, 12, tree_root, 1_500_000_000)
    assert code(**BOOK) == code(BOOK["generation"], PARTY, BOOK["letter"])
    sound = dict(size=12, root=tree_root, seconds=1_500_000_000, signature=mldsa.sign(SEED, good))
    hedged = dict(sound, signature=mldsa.sign(SEED, good, rnd=sha256(b"fresh")))
    by = lambda changed, seed=SEED, **how: dict(sound, signature=mldsa.sign(seed, changed, **how))

    def altered(place, bit=1):
        signature = bytearray(sound["signature"])
        signature[place] ^= bit
        return dict(sound, signature=bytes(signature))

    hints = sound["signature"][-84:]
    used = hints[-1]
    swapped = bytearray(sound["signature"])
    swapped[-84], swapped[-83] = swapped[-83], swapped[-84]
    padded = bytearray(sound["signature"])
    padded[-84 + used] = 1
    beyond = bytearray(sound["signature"])
    beyond[32:35] = b"\0\0\xfc"  # z = gamma1: out of its bound
    held = [
        dict(name="deterministic", **sound, holds=True),
        dict(name="hedged", **hedged, holds=True),
        dict(name="another root", **dict(sound, root=bytes(32)), holds=False),
        dict(name="another size", **dict(sound, size=13), holds=False),
        dict(name="another second", **dict(sound, seconds=1_500_000_001), holds=False),
        dict(name="another book's", **by(message(LINE, PARTY, origin(LINE, 1, PARTY, "Z"), 12, tree_root, 1_500_000_000)), holds=False),
        dict(name="another party's name", **by(message(LINE, PARTY + 1, ORIGIN, 12, tree_root, 1_500_000_000)), holds=False),
        dict(name="another line's name", **by(message(bytes(32), PARTY, ORIGIN, 12, tree_root, 1_500_000_000)), holds=False),
        dict(name="another key", **by(good, OTHER), holds=False),
        dict(name="with a context", **by(good, context=b"detente"), holds=False),
        dict(name="over the checkpoint's text", **by(checkpoint_text(ORIGIN, 12, tree_root).encode()), holds=False),
        dict(name="of a subtree", **by(good.replace(ORIGIN.encode() + bytes(8), ORIGIN.encode() + bytes(7) + b"\x01")), holds=False),
        dict(name="seconds of 2^63", **dict(by(message(LINE, PARTY, ORIGIN, 12, tree_root, 2**63)), seconds=2**63), holds=False),
        dict(name="the first bit altered", **altered(0), holds=False),
        dict(name="a bit of z altered", **altered(1_000), holds=False),
        dict(name="a count of hints altered", **altered(2_419), holds=False),
        dict(name="hints out of order", **dict(sound, signature=bytes(swapped)), holds=False),
        dict(name="a hint after the last", **dict(sound, signature=bytes(padded)), holds=False),
        dict(name="z out of its bound", **dict(sound, signature=bytes(beyond)), holds=False),
        dict(name="nothing but zeros", **dict(sound, signature=bytes(mldsa.SIGNATURE)), holds=False),
    ]
    for case in held:
        what = message(LINE, PARTY, ORIGIN, case["size"], case["root"], case["seconds"])
        assert case["holds"] == (mldsa.verify(key, what, case["signature"]) and case["seconds"] < 2**63), case["name"]

    text = checkpoint_text(ORIGIN, 12, tree_root)
    begun = text + "\n" + note_line(ORIGIN, 1, public(AUTHOR), sign(AUTHOR, text.encode()))
    timed = (1_500_000_000).to_bytes(8, "big") + sound["signature"]
    notes = [
        dict(name="sound", note=begun + signature_line(name, key, timed), seal="sound"),
        dict(name="none", note=begun, seal="none"),
        dict(name="another's name", note=begun + signature_line(seal_name(LINE, PARTY + 1), key, timed), seal="none"),
        dict(name="another key's id", note=begun + signature_line(name, mldsa.public(OTHER), timed), seal="none"),
        dict(name="without its time", note=begun + signature_line(name, key, sound["signature"]), seal="Malformed"),
        dict(name="a byte too many", note=begun + signature_line(name, key, timed + b"\0"), seal="Malformed"),
        dict(name="another time", note=begun + signature_line(name, key, bytes(8) + sound["signature"]), seal="Misbehaved"),
    ]
    write("seals", 12, line=LINE, book=code(**BOOK), key_name=name, seed=SEED, key=key, vkey=vkey, keys=keys, cases=cases, held=held,
          notes=notes)


if __name__ == "__main__":
    write_seals()
