#!/usr/bin/env python3
"""Reads the dossiers in `dossier/` and writes what each shows to `dossier/shows.json`, from spec/dossier.md alone.

It shares no code with the implementation that made the files and is checked against its answers: the archive, the memoranda and the
votes that put them in force, every signature, every proof, every attachment. What it makes of files that were touched stands
beside. Texts for people are not compared: `detente-2` is not the name of these words. Run it from anywhere; README.md says how to
read the answers.
"""

import base64
import json
import pathlib
import struct
import zlib

import mldsa
from record import BASE, L, SMALL, add, encode_point, fingerprint, leaf_hash, origin, point_of, possession
from record import receipt_name, sha256, sha512_int, times
from seals import message as seal_message
from seals import seal_name

OUT = pathlib.Path(__file__).parent / "dossier"
FILES = ["thread-2", "amended", "attached", "renewed"]
LETTERS = "ZAOPR"
EXTRA, ATTACHMENTS = "extra/", "attachments/"


class Refused(Exception):
    """A file that does not hold, and at which part."""

    def __init__(self, part, why):
        super().__init__(f"{part}: {why}")
        self.part = part


def hold(what, part, why):
    if not what:
        raise Refused(part, why)


# --- Ed25519, verified strictly (record.md §8) ------------------------------------------------------------------

SMALL_ORDER = {encode_point(times(k, SMALL)) for k in range(8)}
KNOWN = {}


def point(data):
    y = int.from_bytes(data, "little") & (1 << 255) - 1
    found = point_of(y, data[31] >> 7)
    return found if found and encode_point(found) == data and data not in SMALL_ORDER else None


def verified(key, message, signature):
    """Whether a signature holds; equal ones are looked at once, since this is slow."""
    case = (key, message, signature)
    if case not in KNOWN:
        r, s = signature[:32], int.from_bytes(signature[32:], "little")
        a, at = point(key), point(r)
        k = sha512_int(r, key, message) % L
        KNOWN[case] = bool(a and at and s < L) and encode_point(times(s, BASE)) == encode_point(add(at, times(k, a)))
    return KNOWN[case]


# --- The archive (§2) -------------------------------------------------------------------------------------------


def packed(parts):
    body, directory = b"", b""
    for name, content in parts:
        about = struct.pack("<HHHHHIIIHH", 10, 0, 0, 0, 0x21, zlib.crc32(content), len(content), len(content), len(name), 0)
        central = struct.pack("<IH", 0x02014B50, 0x030A) + about
        directory += central + struct.pack("<HHHII", 0, 0, 0, 0x81A40000, len(body)) + name.encode()
        body += struct.pack("<I", 0x04034B50) + about + name.encode() + content
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(parts), len(parts), len(directory), len(body), 0)
    return body + directory + end


def unpacked(data):
    parts, at = [], 0
    while data[at : at + 4] == b"PK\x03\x04":
        length, name = struct.unpack("<I", data[at + 18 : at + 22])[0], struct.unpack("<H", data[at + 26 : at + 28])[0]
        start = at + 30 + name
        parts.append((data[at + 30 : start].decode("ascii"), data[start : start + length]))
        at = start + length
    hold(packed(parts) == data, "the file", "another archive than its parts make")
    return parts


# --- CBOR, notes, proofs ----------------------------------------------------------------------------------------


def decoded(data, at=0):
    """An item and where it ends; only what was written canonically gets here, for its bytes are hashed."""
    major, extra = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        return {20: False, 21: True, 22: None}[extra], at
    if extra >= 24:
        size = 1 << extra - 24
        extra, at = int.from_bytes(data[at : at + size], "big"), at + size
    if major < 2:
        return (extra if major == 0 else -1 - extra), at
    if major < 4:
        text = data[at : at + extra]
        return (text if major == 2 else text.decode()), at + extra
    items = []
    for _ in range(extra * (major - 3)):
        item, at = decoded(data, at)
        items.append(item)
    return (items if major == 4 else dict(zip(items[::2], items[1::2]))), at


def item(data):
    found, end = decoded(data)
    hold(end == len(data), "an entry", "more than one item")
    return found


def note(part, text):
    """The text of a note and its signatures: name, key id, bytes."""
    body, _, lines = text.rpartition("\n\n")
    hold(lines.endswith("\n"), part, "no note")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, name, signature = line.split(" ")
        data = base64.b64decode(signature, validate=True)
        hold(dash == "\u2014" and base64.b64encode(data).decode() == signature, part, "no signature line")
        signatures.append((name, data[:4], data[4:]))
    return body + "\n", signatures


def signed(name, kind, key, signatures):
    key_id = sha256(name.encode(), b"\n", bytes([kind]), key)[:4]
    return next((data for by, of, data in signatures if (by, of) == (name, key_id)), None)


def climbed(index, size, leaf, hashes):
    """The root that a proof leads to (RFC 6962 §2.1.1)."""
    steps, start, end = [], 0, size
    while end - start > 1:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        steps.append(index < middle)
        start, end = (start, middle) if index < middle else (middle, end)
    if len(steps) != len(hashes):
        return None
    for is_left, other in zip(reversed(steps), hashes):
        leaf = sha256(b"\x01", leaf, other) if is_left else sha256(b"\x01", other, leaf)
    return leaf


# --- A dossier --------------------------------------------------------------------------------------------------


class Dossier:
    def __init__(self, data):
        self.parts = unpacked(data)
        self.content = dict(self.parts)
        hold(len(self.content) == len(self.parts), "the file", "a part twice")
        names = [name for name, _ in self.parts]
        hold(names[:5] == ["README.txt", "memorandum.cbor", "memorandum.note", "memorandum.txt", "keys.txt"], "the file", "parts")
        form = self.content["README.txt"].decode().split("\n")[0]
        hold(form in [f"detente dossier, version {version}" for version in (1, 2, 3)], "README.txt", "version")
        self.version = int(form[-1])
        data = self.content["memorandum.cbor"]
        self.line, self.founding = sha256(data), item(data)
        hold(3 not in self.founding, "memorandum.cbor", "it amends")
        self.memoranda, self.amendments = [(self.line, self.founding)], []
        self.members, self.witnesses = {}, []
        self.take(self.founding)
        self.founded()
        self.renewed, self.renewals, self.seal_keys = {}, [], {}
        self.pending = self.lines("renewals.txt") + self.lines("seals.txt")
        self.take_keys()
        self.amend()
        hold(not self.pending, "renewals.txt", "of nobody who could")
        self.entries, self.attachments = {}, {}
        self.read()

    def take(self, memorandum):
        for member in memorandum[6]:
            self.members[member[1]] = member
        for witness in memorandum.get(18, []):
            if (witness[1], witness[2]) not in [(known[1], known[2]) for known in self.witnesses]:
                self.witnesses.append(witness)

    def founded(self):
        text, signatures = note("memorandum.note", self.content["memorandum.note"].decode())
        expected = "detente memorandum\n" + base64.b64encode(self.line).decode() + "\n"
        hold(text == expected and len(signatures) == len(self.founding[6]), "memorandum.note", "another text")
        for member in self.founding[6]:
            name = "detente/" + sha256(b"detente memorandum v1\n", self.line, bytes([member[1]]))[:16].hex()
            signature = signed(name, 1, member[4], signatures)
            hold(signature and verified(member[4], text.encode(), signature), "memorandum.note", "a signature")

    # Keys of later ranks, and of seals (§3.7, §3.8).

    def lines(self, part):
        if part not in self.content:
            return []
        hold(self.version >= 3, part, "version")
        text = self.content[part].decode()
        hold(text.endswith("\n"), part, "form")
        lines = [(part, *line.split(" ")) for line in text[:-1].split("\n")]
        numbers = {member[2]: number for number, member in self.members.items()}
        order = [numbers.get(name, 256) for _, name, _ in lines]
        hold(order == sorted(order), part, "order")
        return lines

    def take_keys(self):
        """Takes what the memoranda so far speak for."""
        left = []
        for part, name, text in self.pending:
            member = next((member for member in self.members.values() if member[2] == name), {})
            recovery = next((of[11] for _, memorandum in self.memoranda for of in memorandum[6] if of[2] == name and 11 in of), None)
            if part == "renewals.txt" and recovery:
                self.renew(member, recovery, base64.b64decode(text, validate=True))
            elif part == "seals.txt" and 12 in member:
                self.seals(member, text)
            else:
                left.append((part, name, text))
        self.pending = left

    def renew(self, member, recovery, data):
        part, number, name = "renewals.txt", member[1], member[2]
        statement, signature = item(data)
        said, digest = item(statement), sha256(statement)
        note_text = "detente renewal\n" + base64.b64encode(digest).decode() + "\n"
        hold(verified(recovery, note_text.encode(), signature), part, "recovery key")
        held = [of for of in self.renewals if of["number"] == number]
        rank = len(held) + 1
        first = sha256(b"detente keys v1\n", bytes([number]), member[4], member[5], member[6], member[7], recovery)
        follows = held[-1]["hash"] if held else first
        hold((said[1], said[2], said[3], said[4]) == (self.line, number, rank, follows), part, "what it follows")
        for place, role in enumerate(("book", "receipt", "station")):
            hold(verified(said[5 + place], possession(role, name, said[5 + place]), said[9][place]), part, role)
        had = {recovery, member[4], member[5], member[6]} | {key for of in held for key in of["keys"]}
        keys = [said[5], said[6], said[7]]
        hold(len(set(keys)) == 3 and not had & set(keys), part, "keys of before")
        self.renewals.append(dict(number=number, hash=digest, keys=keys, rank=rank, why=said[10], time_ms=said[11], name=name))
        self.renewed[number, rank] = said[5], said[6]

    def seals(self, member, text):
        name = seal_name(self.line, member[1])
        by, key_id, key = text.split("+", 2)
        key = base64.b64decode(key, validate=True)
        hold(by == name and key[:1] == b"\x06" and sha256(name.encode(), b"\n", key)[:4].hex() == key_id, "seals.txt", "vkey")
        hold(sha256(b"detente seal key v1\n", key[1:]) == member[12], "seals.txt", "commitment")
        self.seal_keys[member[1]] = key[1:]

    def book_key(self, party, generation):
        rank = generation // 128
        return self.members[party][4] if rank == 0 else self.renewed[party, rank][0]

    def receipt_keys(self, party):
        ranks = sorted(rank for of, rank in self.renewed if of == party)
        return [self.members[party][5]] + [self.renewed[party, rank][1] for rank in ranks]

    # Names.

    def named(self, text):
        """The party, class, generation and number of an entry's name."""
        party, book, number = text.split("/")
        letter, _, generation = book.partition(".")
        found = next((member[1] for member in self.members.values() if member[2] == party), None)
        hold(found is not None, text, "nobody")
        entry = (int(generation or 0) * 2048 + found * 8 + LETTERS.index(letter), int(number))
        hold(self.called(entry) == text, text, "another form")
        return entry

    def called(self, entry):
        code, number = entry
        generation, rest = divmod(code, 2048)
        party, letter = divmod(rest, 8)
        book = LETTERS[letter] + (f".{generation}" if generation else "")
        return f"{self.members[party][2]}/{book}/{number}"

    def folder(self, entry):
        return "entries/" + self.called(entry).replace("/", "-")

    # Proofs.

    def proved(self, part, entry, everybody=True):
        """The leaf of a proof that holds, its size, and who else signed for it: receipts and cosignatures, in seconds."""
        head, _, rest = self.content[part].decode().partition("\n\n")
        lines = head.split("\n")
        hold(lines[0] == "c2sp.org/tlog-proof@v1" and lines[1].startswith("extra ") and lines[2].startswith("index "), part, "form")
        leaf, index = base64.b64decode(lines[1][6:], validate=True), int(lines[2][6:])
        hashes = [base64.b64decode(line, validate=True) for line in lines[3:]]
        again = "\n".join(["c2sp.org/tlog-proof@v1", "extra " + base64.b64encode(leaf).decode(), f"index {index}"])
        again += "".join("\n" + base64.b64encode(other).decode() for other in hashes)
        hold(again == head and index + 1 == entry[1], part, "form, or number")
        text, signatures = note(part, rest)
        generation, rest = divmod(entry[0], 2048)
        party, letter = divmod(rest, 8)
        book = origin(self.line, generation, party, LETTERS[letter])
        at, size, root, nothing = text.split("\n")
        hold(at == book and nothing == "" and str(int(size)) == size, part, "checkpoint")
        author = self.book_key(party, generation)
        signature = signed(book, 1, author, signatures)
        hold(signature and verified(author, text.encode(), signature), part, "author")
        hold(climbed(index, int(size), leaf_hash(leaf), hashes) == base64.b64decode(root), part, "root")
        receipts, cosigned, sealed = {}, {}, None
        if everybody:
            expected = [(book, signature)]
            for other in sorted(self.members):
                for key in self.receipt_keys(other):
                    seconds = self.cosigned(part, receipt_name(self.line, other), key, text, signatures, expected)
                    if seconds is not None:
                        hold(other != party, part, "a receipt of its own")
                        receipts[self.members[other][2]] = min(seconds, receipts.get(self.members[other][2], seconds))
            for witness in self.witnesses:
                seconds = self.cosigned(part, witness[1], witness[2], text, signatures, expected)
                if seconds is not None:
                    cosigned[witness[1]] = seconds
            if party in self.seal_keys:
                sealed = self.sealed(part, party, book, int(size), base64.b64decode(root), signatures, expected)
            hold([(name, data) for name, _, data in signatures[: len(expected)]] == expected, part, "order of signatures")
        return leaf, int(size), receipts, cosigned, sealed

    def sealed(self, part, party, book, size, root, signatures, expected):
        name, key = seal_name(self.line, party), self.seal_keys[party]
        data = signed(name, 6, key, signatures)
        if data is None:
            return None
        seconds = int.from_bytes(data[:8], "big")
        said = seal_message(self.line, party, book, size, root, seconds)
        case = (key, said, data[8:])
        if case not in KNOWN:
            KNOWN[case] = len(data) == 2428 and mldsa.verify(key, said, data[8:])
        hold(KNOWN[case], part, name)
        expected.append((name, data))
        return seconds

    def cosigned(self, part, name, key, text, signatures, expected):
        data = signed(name, 4, key, signatures)
        if data is None:
            return None
        seconds = int.from_bytes(data[:8], "big")
        hold(verified(key, f"cosignature/v1\ntime {seconds}\n{text}".encode(), data[8:]), part, name)
        expected.append((name, data))
        return seconds

    # Amendments (§3.5).

    def act(self, entry):
        folder = self.folder(entry) + "/"
        part = next((name for name, _ in self.parts if name.startswith(folder) and name.endswith(".tlog-proof")), None)
        hold(part, "amendments.txt", f"no {folder}")
        return item(self.proved(part, entry, everybody=False)[0][16:])

    def amend(self):
        if "amendments.txt" not in self.content:
            return
        hold(self.version >= 2, "amendments.txt", "version 1")
        text = self.content["amendments.txt"].decode()
        hold(text.endswith("\n"), "amendments.txt", "form")
        for line in text[:-1].split("\n"):
            decision, *left = [self.named(name) for name in line.split(" ")]
            self.carried(decision, left)
            self.take_keys()

    def carried(self, decision, left):
        def breach(holds, why):
            hold(holds, "amendments.txt", why)

        party = lambda entry: entry[0] // 8 % 256
        hash_before, before = self.memoranda[-1]
        parties = {member[1]: member for member in before[6]}
        breach(party(decision) == before[7] and decision[0] % 8 == 1, "depositary")
        decided = self.act(decision)
        breach(decided[9] == 69 and decided[10][1] == 1 and len(decided[6]) == 1, "no decision that carries")
        motion = tuple(decided[6][0])
        breach(party(motion) in parties, "mover")
        moved = self.act(motion)
        breach(moved[9] == 67 and moved[10][1] == 3, "no motion to amend")
        closes = moved[10][3]
        breach(moved[2] <= closes <= moved[2] + before[13][3] and decided[2] <= closes, "window")
        after = item(moved[10][4])
        breach(after[3] == hash_before and after[2] == before[2], "predecessor")
        same = lambda member: tuple(member[key] for key in (1, 2, 4, 5, 6, 7))
        stay = {same(member) for member in before[6]}
        for member in after[6]:
            if same(member) in stay:
                continue
            for _, earlier in self.memoranda:
                for other in earlier[6]:
                    keys = {other[4], other[5], other[6]} & {member[4], member[5], member[6]}
                    breach(not keys and all(other[key] != member[key] for key in (1, 2, 7)), "somebody comes back")
        votes, last = {}, -1
        for vote in map(tuple, decided[10][2]):
            breach(last < party(vote) and party(vote) in parties, "votes")
            last = party(vote)
            if vote == motion:
                votes[last] = 1
            else:
                cast = self.act(vote)
                breach(cast[9] == 68 and [tuple(of) for of in cast[6]] == [motion], "a vote on this motion")
                votes[last] = cast[10][1]
        breach(party(motion) in votes, "mover's vote")
        for leaves in left:
            breach(party(leaves) in parties and party(leaves) != before[7] and self.act(leaves)[9] == 70, "leaves")
        gone = {party(leaves) for leaves in left}
        breach(len(gone) == len(left) and left == sorted(left), "leaves, each once")
        wanted = list(votes.values()).count(1)
        breach(wanted >= min(before[13][1], len(set(parties) - gone)), "too few")
        for holder in before[13][2]:
            breach(votes.get(holder, 2 if holder not in gone else 3) != 2, "veto")
        self.memoranda.append((sha256(moved[10][4]), after))
        self.take(after)
        chosen = {1: "for", 2: "against", 3: "abstain"}
        self.amendments.append(
            dict(
                decision=self.called(decision),
                motion=self.called(motion),
                memorandum=sha256(moved[10][4]).hex(),
                votes={parties[number][2]: chosen[vote] for number, vote in votes.items()},
                left=[self.called(leaves) for leaves in left],
            )
        )

    # Everything else.

    def place(self, name):
        """What a part is, as its order has it."""
        fixed = ["README.txt", "memorandum.cbor", "memorandum.note", "memorandum.txt", "keys.txt"]
        fixed += ["renewals.txt", "seals.txt"] if self.version >= 3 else []
        fixed += ["amendments.txt"] if self.version >= 2 else []
        if name in fixed:
            return (0, fixed.index(name))
        if name.startswith(EXTRA):
            return (4, name.encode())
        if name.startswith(ATTACHMENTS) and self.version >= 2:
            digest = name[len(ATTACHMENTS) :]
            hold(len(digest) == 64 and bytes.fromhex(digest).hex() == digest, name, "name")
            return (3, digest)
        hold(name.startswith("entries/") and name.count("/") == 2, name, "name")
        _, folder, file = name.split("/")
        party, book, number = folder.rsplit("-", 2)
        entry = self.named(f"{party}/{book}/{number}")
        if file == "entry.txt":
            return (1, entry, -1)
        size = file.removeprefix("at-").removesuffix(".tlog-proof")
        hold(file == f"at-{int(size)}.tlog-proof", name, "name")
        return (1, entry, int(size))

    def read(self):
        last = ()
        for name, content in self.parts:
            place = self.place(name)
            hold(last < place, name, "order")
            last = place
            if place[0] == 1 and place[2] >= 0:
                self.shown(name, place[1], place[2])
            if place[0] == 3:
                hold(sha256(content).hex() == place[1], name, "hash")
                self.attachments[place[1]] = len(content)
        for entry, found in self.entries.items():
            hold(self.folder(entry) + "/entry.txt" in self.content, self.folder(entry), "no text")
        named = {of["sha256"] for found in self.entries.values() for of in found["attachments"]}
        for digest in self.attachments:
            hold(digest in named, ATTACHMENTS + digest, "of nobody")
        folders = {name.rsplit("/", 1)[0] for name in self.content if name.startswith("entries/")}
        hold(folders == {self.folder(entry) for entry in self.entries}, "entries/", "a text without a proof")

    def shown(self, part, entry, at):
        leaf, size, receipts, cosigned, sealed = self.proved(part, entry)
        hold(size == at, part, "size")
        found = self.entries.setdefault(
            entry, dict(leaf=leaf_hash(leaf).hex(), kind=None, sizes=[], stored={}, witnessed={}, sealed=None, attachments=[])
        )
        hold(found["leaf"] == leaf_hash(leaf).hex(), part, "another entry")
        found["sizes"].append(size)
        for kept, new in ((found["stored"], receipts), (found["witnessed"], cosigned)):
            for name, seconds in new.items():
                kept[name] = min(seconds, kept.get(name, seconds))
        if found["sealed"] is None:
            found["sealed"] = sealed
        read = item(leaf[16:])
        found["kind"] = read[9]
        place = {1: 5, 16: 3}.get(read[9])
        named = read[10].get(place, []) if place else []
        found["attachments"] = [
            dict(name=of[2], size=of[1], sha256=of[0].hex(), here=self.content.get(ATTACHMENTS + of[0].hex()) is not None)
            for of in named
        ]

    def answers(self):
        return dict(
            version=self.version,
            line=self.line.hex(),
            fingerprint=fingerprint(self.line),
            parties=[self.members[number][2] for number in sorted(self.members)],
            witnesses=[witness[1] for witness in self.witnesses],
            amendments=self.amendments,
            renewals=[dict(party=of["name"], rank=of["rank"], why=of["why"], hash=of["hash"].hex()) for of in self.renewals],
            entries={self.called(entry): self.entries[entry] for entry in sorted(self.entries)},
        )


def refusal(data):
    """Why a file does not hold; None where it does."""
    try:
        Dossier(data)
    except Refused as refused:
        return refused.part
    except (ValueError, KeyError, IndexError, TypeError):
        return "the file"
    return None


def touched(data, step):
    """Parts changed by one bit at some places and packed again with care, all of which are refused."""
    parts, found = unpacked(data), []
    for place, (name, content) in enumerate(parts):
        if name.endswith(".txt") and name not in ("amendments.txt", "renewals.txt", "seals.txt"):
            continue
        for byte in range(0, len(content), step if len(content) > step else 3):
            changed = content[:byte] + bytes([content[byte] ^ 1]) + content[byte + 1 :]
            if refusal(packed(parts[:place] + [(name, changed)] + parts[place + 1 :])):
                found.append([name, byte])
    return found


def main():
    shown = {}
    for name in FILES:
        data = (OUT / f"{name}.zip").read_bytes()
        shown[name] = dict(Dossier(data).answers(), refused_with_one_bit_changed=touched(data, 211))
    text = json.dumps(dict(spec="spec/dossier.md", files=shown), indent=1, ensure_ascii=False)
    (OUT / "shows.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
