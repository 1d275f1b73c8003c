"""Verifies and makes seals without any code of ours: with the ML-DSA of the package `cryptography`, by the text of
c2sp.org/tlog-cosignature and c2sp.org/signed-note alone.

A question a line, an answer a line:
    verify VKEY NOTE    two files; `accepted SECONDS`, or `refused` and why
    sign SEED VKEY NOTE SECONDS    a seed in hex, two files; the signature line
"""

import base64
import hashlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa

TYPE = 6


def key_id(name, key):
    return hashlib.sha256(name.encode() + b"\n" + bytes([TYPE]) + key).digest()[:4]


def read_vkey(path):
    name, identity, key = open(path).read().strip().split("+", 2)
    raw = base64.b64decode(key, validate=True)
    if raw[0] != TYPE or key_id(name, raw[1:]).hex() != identity:
        raise ValueError("no vkey of this type")
    return name, raw[1:]


def message(name, seconds, text):
    origin, size, root = text.split("\n")[:3]
    root = base64.b64decode(root, validate=True)
    if len(root) != 32:
        raise ValueError("no root")
    opaque = lambda value: bytes([len(value.encode())]) + value.encode()
    u64 = lambda value: value.to_bytes(8, "big")
    return b"subtree/v1\n\0" + opaque(name) + u64(seconds) + opaque(origin) + u64(0) + u64(int(size)) + root


def verify(vkey, note):
    name, key = read_vkey(vkey)
    text, lines = open(note, encoding="utf-8").read().rsplit("\n\n", 1)
    for line in lines.splitlines():
        dash, by, signature = line.split(" ")
        raw = base64.b64decode(signature, validate=True)
        if (dash, by, raw[:4]) != ("\u2014", name, key_id(name, key)):
            continue
        seconds = int.from_bytes(raw[4:12], "big")
        public = mldsa.MLDSA44PublicKey.from_public_bytes(key)
        public.verify(raw[12:], message(name, seconds, text + "\n"))
        return f"accepted {seconds}"
    raise ValueError("no line of this key")


def sign(seed, vkey, note, seconds):
    name, key = read_vkey(vkey)
    text = open(note, encoding="utf-8").read().rsplit("\n\n", 1)[0] + "\n"
    private = mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes.fromhex(seed))
    if private.public_key().public_bytes_raw() != key:
        raise ValueError("another key")
    signature = private.sign(message(name, int(seconds), text))
    timed = int(seconds).to_bytes(8, "big") + signature
    return f"\u2014 {name} " + base64.b64encode(key_id(name, key) + timed).decode()


for question in sys.stdin:
    what, *given = question.split()
    try:
        print({"verify": verify, "sign": sign}[what](*given))
    except (InvalidSignature, ValueError) as fault:
        print(f"refused: {fault or 'the signature does not hold'}")
