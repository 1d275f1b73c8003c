"""ML-DSA-44 of FIPS 204, for the vectors of spec/record.md §12: keys, signatures and their verification.

Written from the standard alone, with the standard library alone; names are those of its algorithms. It takes no care of
time or memory, so it is for vectors and nothing else.
"""

import hashlib

Q, N, D = 8380417, 256, 13
K, L, ETA, TAU, OMEGA = 4, 4, 2, 39, 80
BETA, GAMMA1, GAMMA2 = TAU * ETA, 1 << 17, (Q - 1) // 88
C_TILDE = 32
KEY, SIGNATURE = 1312, 2420


def h(length, *parts):
    return hashlib.shake_256(b"".join(parts)).digest(length)


def centred(value, modulus=Q):
    value %= modulus
    return value - modulus if value > modulus // 2 else value


# --- Algorithms 41 to 45: the transform and what is done in it


def reversed_bits(value):
    return int(f"{value:08b}"[::-1], 2)


ZETAS = [pow(1753, reversed_bits(place), Q) for place in range(N)]


def ntt(poly):
    out, place, width = list(poly), 0, N // 2
    while width:
        for start in range(0, N, 2 * width):
            place += 1
            for j in range(start, start + width):
                t = ZETAS[place] * out[j + width] % Q
                out[j], out[j + width] = (out[j] + t) % Q, (out[j] - t) % Q
        width //= 2
    return out


def inverse_ntt(poly):
    out, place, width = list(poly), N, 1
    while width < N:
        for start in range(0, N, 2 * width):
            place -= 1
            for j in range(start, start + width):
                low, high = out[j], out[j + width]
                out[j], out[j + width] = (low + high) % Q, -ZETAS[place] * (low - high) % Q
        width *= 2
    scale = pow(N, -1, Q)
    return [scale * one % Q for one in out]


def times(one, other):
    return [a * b % Q for a, b in zip(one, other)]


def plus(one, other):
    return [(a + b) % Q for a, b in zip(one, other)]


def minus(one, other):
    return [(a - b) % Q for a, b in zip(one, other)]


def product(matrix, vector):
    """Of a matrix and a vector that are both transformed, not transformed."""
    rows = []
    for row in matrix:
        total = [0] * N
        for a, b in zip(row, vector):
            total = plus(total, times(a, b))
        rows.append(inverse_ntt(total))
    return rows


# --- Algorithms 16 to 21: packing


def pack(poly, bits):
    total = sum(value << bits * place for place, value in enumerate(poly))
    return total.to_bytes(bits * N // 8, "little")


def unpack(data, bits):
    total = int.from_bytes(data, "little")
    return [total >> bits * place & (1 << bits) - 1 for place in range(N)]


def pack_hint(hint):
    places, ends = [], []
    for poly in hint:
        places += [place for place, one in enumerate(poly) if one]
        ends.append(len(places))
    return bytes(places + [0] * (OMEGA - len(places)) + ends)


def unpack_hint(data):
    hint, start = [], 0
    for end in data[OMEGA:]:
        places = data[start:end]
        if not start <= end <= OMEGA or any(a >= b for a, b in zip(places, places[1:])):
            return None
        hint.append([int(place in places) for place in range(N)])
        start = end
    return None if any(data[start:OMEGA]) else hint


# --- Algorithms 29 to 34: sampling


def sample_in_ball(c_tilde):
    stream = h(8 + 4 * N, c_tilde)
    signs, place, c = int.from_bytes(stream[:8], "little"), 8, [0] * N
    for i in range(N - TAU, N):
        while stream[place] > i:
            place += 1
        j = stream[place]
        place += 1
        c[i], c[j] = c[j], 1 - 2 * (signs & 1)
        signs >>= 1
    return c


def rejected_ntt(seed):
    stream, poly = hashlib.shake_128(seed).digest(3 * 4 * N), []
    for place in range(0, len(stream), 3):
        value = int.from_bytes(stream[place : place + 3], "little") & (1 << 23) - 1
        if value < Q:
            poly.append(value)
    return poly[:N]


def rejected_bounded(seed):
    halves = [half for byte in h(2 * N, seed) for half in (byte & 15, byte >> 4)]
    return [ETA - half % 5 for half in halves if half < 15][:N]


def expand_a(rho):
    return [[rejected_ntt(rho + bytes([s, r])) for s in range(L)] for r in range(K)]


def expand_mask(rho, kappa):
    masks = [h(18 * N // 8, rho, (kappa + r).to_bytes(2, "little")) for r in range(L)]
    return [[GAMMA1 - value for value in unpack(mask, 18)] for mask in masks]


# --- Algorithms 35 to 40: high and low bits


def decompose(value):
    value %= Q
    low = centred(value, 2 * GAMMA2)
    return (0, low - 1) if value - low == Q - 1 else ((value - low) // (2 * GAMMA2), low)


def high_bits(vector):
    return [[decompose(value)[0] for value in poly] for poly in vector]


def use_hint(hint, value):
    high, low = decompose(value)
    return (high + (1 if low > 0 else -1)) % 44 if hint else high


def norm(vector):
    return max(abs(centred(value)) for poly in vector for value in poly)


# --- Algorithms 6 to 8


def expand(seed):
    stream = h(128, seed, bytes([K, L]))
    rho, rho_s, secret = stream[:32], stream[32:96], stream[96:]
    a = expand_a(rho)
    s = [rejected_bounded(rho_s + place.to_bytes(2, "little")) for place in range(K + L)]
    s1, s2 = s[:L], s[L:]
    t = [plus(*pair) for pair in zip(product(a, map_ntt(s1)), s2)]
    t0 = [[centred(value, 1 << D) for value in poly] for poly in t]
    t1 = [[(value - low) >> D for value, low in zip(*pair)] for pair in zip(t, t0)]
    key = rho + b"".join(pack(poly, 10) for poly in t1)
    return key, (a, secret, s1, s2, t0)


def map_ntt(vector):
    return [ntt(poly) for poly in vector]


def public(seed):
    return expand(seed)[0]


def framed(message, context=b""):
    return bytes([0, len(context)]) + context + message


def sign(seed, message, rnd=bytes(32), context=b""):
    key, (a, secret, s1, s2, t0) = expand(seed)
    mu = h(64, h(64, key), framed(message, context))
    rho = h(64, secret, rnd, mu)
    s1, s2, t0 = map_ntt(s1), map_ntt(s2), map_ntt(t0)
    for kappa in range(0, 1 << 16, L):
        y = expand_mask(rho, kappa)
        w = product(a, map_ntt(y))
        c_tilde = h(C_TILDE, mu, *(pack(poly, 6) for poly in high_bits(w)))
        c = ntt(sample_in_ball(c_tilde))
        of_c = lambda vector: [inverse_ntt(times(c, poly)) for poly in vector]
        z = [plus(*pair) for pair in zip(y, of_c(s1))]
        rest = [minus(*pair) for pair in zip(w, of_c(s2))]
        low = [[decompose(value)[1] for value in poly] for poly in rest]
        ct0 = of_c(t0)
        if norm(z) >= GAMMA1 - BETA or norm(low) >= GAMMA2 - BETA or norm(ct0) >= GAMMA2:
            continue
        with_t0 = [plus(*pair) for pair in zip(rest, ct0)]
        pairs = zip(high_bits(rest), high_bits(with_t0))
        hint = [[int(one != other) for one, other in zip(*pair)] for pair in pairs]
        if sum(map(sum, hint)) > OMEGA:
            continue
        packed = (pack([GAMMA1 - centred(value) for value in poly], 18) for poly in z)
        return c_tilde + b"".join(packed) + pack_hint(hint)
    raise ValueError("no signature")


def verify(key, message, signature, context=b""):
    if len(key) != KEY or len(signature) != SIGNATURE:
        return False
    rho, t1 = key[:32], [unpack(key[32 + 320 * i : 352 + 320 * i], 10) for i in range(K)]
    c_tilde, rest = signature[:C_TILDE], signature[C_TILDE:]
    z = [[GAMMA1 - value for value in unpack(rest[576 * i : 576 * (i + 1)], 18)] for i in range(L)]
    hint = unpack_hint(rest[576 * L :])
    if hint is None or norm(z) >= GAMMA1 - BETA:
        return False
    mu = h(64, h(64, key), framed(message, context))
    c = ntt(sample_in_ball(c_tilde))
    az = product(expand_a(rho), map_ntt(z))
    ct1 = [inverse_ntt(times(c, ntt([value << D for value in poly]))) for poly in t1]
    w = [minus(*pair) for pair in zip(az, ct1)]
    w1 = [[use_hint(*pair) for pair in zip(*polys)] for polys in zip(hint, w)]
    return c_tilde == h(C_TILDE, mu, *(pack(poly, 6) for poly in w1))
