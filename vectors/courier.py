#!/usr/bin/env python3
"""Writes the vectors of spec/courier.md, from the specification alone and the standard library.

It shares `record.py` and `mlkem.py`, which stand beside it, and no code with the implementation that is checked against its
output. Run it from anywhere; it writes `courier/*.json` beside itself, the same bytes every time.
"""

import hashlib
import hmac
import json
import pathlib

import mlkem
from record import LINE, b64, cbor, hex_of, public, sha256, sign

OUT = pathlib.Path(__file__).parent / "courier"
PIECE = 65_536


# --- X25519, RFC 7748 ---------------------------------------------------------------------------------------------

P = 2**255 - 19


def x25519(scalar, u):
    k = int.from_bytes(scalar, "little") & ((1 << 254) - 8) | (1 << 254)
    x1 = int.from_bytes(u, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb = d * a % P, c * b % P
        aa, bb = a * a % P, b * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, -1, P) % P).to_bytes(32, "little")


NINE = (9).to_bytes(32, "little")


# --- X-Wing, draft-connolly-cfrg-xwing-kem -------------------------------------------------------------------------


def xwing_public(seed):
    wide = hashlib.shake_256(seed).digest(96)
    key, _ = mlkem.key_gen(wide[:32], wide[32:64])
    return key + x25519(wide[64:], NINE)


def combine(shared, other, ciphertext, key):
    return hashlib.sha3_256(shared + other + ciphertext + key + bytes.fromhex("5c2e2f2f5e5c")).digest()


def xwing_encaps(key, randomness):
    mlkem_key, other_key = key[: mlkem.KEY], key[mlkem.KEY :]
    shared, ciphertext = mlkem.encaps(mlkem_key, randomness[:32])
    sent = x25519(randomness[32:], NINE)
    return combine(shared, x25519(randomness[32:], other_key), sent, other_key), ciphertext + sent


# --- ChaCha20-Poly1305, RFC 8439 -----------------------------------------------------------------------------------


def rotated(value, by):
    return (value << by | value >> (32 - by)) & 0xFFFFFFFF


def chacha_block(key, counter, nonce):
    words = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574]
    words += [int.from_bytes(key[n : n + 4], "little") for n in range(0, 32, 4)]
    words += [counter] + [int.from_bytes(nonce[n : n + 4], "little") for n in range(0, 12, 4)]
    s = list(words)
    for _ in range(10):
        for a, b, c, d in (
            (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
            (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
        ):
            s[a] = (s[a] + s[b]) & 0xFFFFFFFF; s[d] = rotated(s[d] ^ s[a], 16)
            s[c] = (s[c] + s[d]) & 0xFFFFFFFF; s[b] = rotated(s[b] ^ s[c], 12)
            s[a] = (s[a] + s[b]) & 0xFFFFFFFF; s[d] = rotated(s[d] ^ s[a], 8)
            s[c] = (s[c] + s[d]) & 0xFFFFFFFF; s[b] = rotated(s[b] ^ s[c], 7)
    return b"".join(((a + b) & 0xFFFFFFFF).to_bytes(4, "little") for a, b in zip(s, words))


def padded(data):
    return data + bytes(-len(data) % 16)


def aead_seal(key, nonce, associated, plain):
    stream = b"".join(chacha_block(key, 1 + n, nonce) for n in range((len(plain) + 63) // 64))
    sealed = bytes(a ^ b for a, b in zip(plain, stream))
    one_time = chacha_block(key, 0, nonce)
    r = int.from_bytes(one_time[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s, tag = int.from_bytes(one_time[16:32], "little"), 0
    lengths = len(associated).to_bytes(8, "little") + len(sealed).to_bytes(8, "little")
    data = padded(associated) + padded(sealed) + lengths
    for at in range(0, len(data), 16):
        tag = (tag + int.from_bytes(data[at : at + 16] + b"\x01", "little")) * r % (2**130 - 5)
    return sealed + ((tag + s) % 2**128).to_bytes(16, "little")


# --- HPKE, RFC 9180, mode base --------------------------------------------------------------------------------------

SUITE = b"HPKE" + (0x647A).to_bytes(2, "big") + (1).to_bytes(2, "big") + (3).to_bytes(2, "big")


def extract(salt, label, secret):
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + SUITE + label + secret, "sha256")


def expand(secret, label, info, length):
    info = length.to_bytes(2, "big") + b"HPKE-v1" + SUITE + label + info
    return hmac.digest(secret, info + b"\x01", "sha256")[:length]


def key_schedule(shared, info):
    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    return expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)


# --- Files (§3, §4) --------------------------------------------------------------------------------------------------


def framed(data):
    return len(data).to_bytes(4, "big") + data


def key_id(key):
    return sha256(b"detente courier key id v1\n", key)[:16]


def sealed(station, key, sender, rank, to, time_ms, part, frames, randomness, line=LINE):
    shared, encapsulated = xwing_encaps(key, randomness)
    secret, nonce = key_schedule(shared, b"detente courier v1\n" + line + bytes([to]))
    header = b"detente courier 1\n" + key_id(key) + encapsulated
    content = framed(cbor([1, line, sender, rank, to, time_ms, part])) + b"".join(map(framed, frames)) + bytes(4)
    content += sign(station, b"detente courier file v1\n" + sha256(header, content))
    out = header
    for number in range((len(content) + PIECE - 1) // PIECE):
        piece = content[PIECE * number : PIECE * (number + 1)]
        last = PIECE * (number + 1) >= len(content)
        turn = (int.from_bytes(nonce, "big") ^ number).to_bytes(12, "big")
        out += aead_seal(secret, turn, bytes([last]), piece)
    return out


def write(name, section, **groups):
    whole = {"spec": f"courier.md §{section}", **groups}
    text = json.dumps(whole, indent=1, ensure_ascii=False, default=hex_of)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def of(what):
    return sha256(b"courier vectors\n", what.encode())


def write_keys():
    seed, station = of("seed"), of("station")
    key = xwing_public(seed)
    party, rank, number = 3, 0, 1_491_500_000_000
    message = b"detente courier key v1\n" + LINE + bytes([party, rank]) + number.to_bytes(8, "big") + key
    signature = sign(station, message)
    frame = cbor([15, party, rank, number, key, signature])
    text = b64(frame)
    file = "detente courier key 1\n" + "\n".join(text[at : at + 76] for at in range(0, len(text), 76)) + "\n"
    write(
        "keys", "2", line=LINE,
        keys=[dict(
            seed=seed, key=key, id=key_id(key), party=party, rank=rank, number=number, station_seed=station,
            station_key=public(station), signature=signature, frame=frame, file=file,
        )],
    )


def write_files():
    seed, station = of("seed"), of("station")
    key = xwing_public(seed)
    cases = []
    full = PIECE - len(framed(cbor([1, LINE, 4, 0, 3, 1_491_500_000_000, 1]))) - 4 - 4 - 64
    for name, lengths in (("three frames", [3, 1, 40]), ("one piece, full", [full]), ("two pieces, the last of 1 byte", [full + 1])):
        frames = [bytes((n + at) % 251 for at in range(length)) for n, length in enumerate(lengths)]
        randomness = of(name) + of(name + ", the other half")
        data = sealed(station, key, 4, 0, 3, 1_491_500_000_000, 1, frames, randomness)
        cases.append(dict(name=name, from_=4, rank=0, to=3, time_ms=1_491_500_000_000, part=1, frames=list(map(sha256, frames)), bytes=data))
    for case in cases:
        case["from"] = case.pop("from_")
    write("files", "3, 4", line=LINE, seed=seed, station_key=public(station), files=cases)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    write_keys()
    write_files()
