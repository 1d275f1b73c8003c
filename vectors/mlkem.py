"""ML-KEM-768 of FIPS 203, for the vectors of spec/courier.md: keys, encapsulation and its opening.

Written from the standard alone, with the standard library alone; names are those of its algorithms. It takes no care of
time or memory, so it is for vectors and nothing else.
"""

import hashlib

Q, N, K = 3329, 256, 3
ETA, DU, DV = 2, 10, 4
KEY, CIPHERTEXT = 1184, 1088


def g(data):
    digest = hashlib.sha3_512(data).digest()
    return digest[:32], digest[32:]


def h(data):
    return hashlib.sha3_256(data).digest()


def j(data):
    return hashlib.shake_256(data).digest(32)


# --- Algorithms 3 to 6: bits and bytes


def byte_encode(values, d):
    whole = 0
    for place, value in enumerate(values):
        whole |= value << (d * place)
    return whole.to_bytes(32 * d, "little")


def byte_decode(data, d):
    whole, modulus = int.from_bytes(data, "little"), Q if d == 12 else 1 << d
    return [(whole >> (d * place)) % (1 << d) % modulus for place in range(N)]


def compress(value, d):
    return ((value << d) + Q // 2) // Q % (1 << d)


def decompress(value, d):
    return (value * Q + (1 << (d - 1))) >> d


# --- Algorithms 7 and 8: sampling


def sample_ntt(seed):
    stream, out, at = hashlib.shake_128(seed).digest(2016), [], 0
    while len(out) < N:
        a, b, c = stream[at : at + 3]
        at += 3
        for value in (a + 256 * (b % 16), b // 16 + 16 * c):
            if value < Q and len(out) < N:
                out.append(value)
    return out


def sample_cbd(data):
    whole = int.from_bytes(data, "little")
    out = []
    for place in range(N):
        bits = whole >> (2 * ETA * place)
        out.append(((bits & 1) + (bits >> 1 & 1) - (bits >> 2 & 1) - (bits >> 3 & 1)) % Q)
    return out


def prf(seed, nonce):
    return sample_cbd(hashlib.shake_256(seed + bytes([nonce])).digest(64 * ETA))


# --- Algorithms 9 to 12: the transform and what is done in it


def reversed_bits(value):
    return int(f"{value:07b}"[::-1], 2)


ZETAS = [pow(17, reversed_bits(place), Q) for place in range(128)]
GAMMAS = [pow(17, 2 * reversed_bits(place) + 1, Q) for place in range(128)]


def ntt(poly):
    out, place, width = list(poly), 1, 128
    while width >= 2:
        for start in range(0, N, 2 * width):
            for at in range(start, start + width):
                t = ZETAS[place] * out[at + width] % Q
                out[at], out[at + width] = (out[at] + t) % Q, (out[at] - t) % Q
            place += 1
        width //= 2
    return out


def inverse_ntt(poly):
    out, place, width = list(poly), 127, 2
    while width <= 128:
        for start in range(0, N, 2 * width):
            for at in range(start, start + width):
                low, high = out[at], out[at + width]
                out[at], out[at + width] = (low + high) % Q, ZETAS[place] * (high - low) % Q
            place -= 1
        width *= 2
    return [3303 * value % Q for value in out]


def times(one, other):
    out = []
    for place, gamma in enumerate(GAMMAS):
        a, b = one[2 * place : 2 * place + 2]
        c, d = other[2 * place : 2 * place + 2]
        out += [(a * c + b * d * gamma) % Q, (a * d + b * c) % Q]
    return out


def plus(*polys):
    return [sum(values) % Q for values in zip(*polys)]


def minus(one, other):
    return [(a - b) % Q for a, b in zip(one, other)]


def dot(row, column):
    return plus(*(times(a, b) for a, b in zip(row, column)))


# --- Algorithms 13 to 15: the scheme beneath


def matrix(rho):
    return [[sample_ntt(rho + bytes([column, row])) for column in range(K)] for row in range(K)]


def pke_key_gen(d):
    rho, sigma = g(d + bytes([K]))
    a = matrix(rho)
    s = [ntt(prf(sigma, n)) for n in range(K)]
    e = [ntt(prf(sigma, K + n)) for n in range(K)]
    t = [plus(dot(a[row], s), e[row]) for row in range(K)]
    return b"".join(byte_encode(one, 12) for one in t) + rho, b"".join(byte_encode(one, 12) for one in s)


def pke_encrypt(key, message, seed):
    t = [byte_decode(key[384 * n : 384 * (n + 1)], 12) for n in range(K)]
    a = matrix(key[384 * K :])
    y = [ntt(prf(seed, n)) for n in range(K)]
    e1 = [prf(seed, K + n) for n in range(K)]
    e2 = prf(seed, 2 * K)
    u = [plus(inverse_ntt(dot([a[row][column] for row in range(K)], y)), e1[column]) for column in range(K)]
    mu = [decompress(bit, 1) for bit in byte_decode(message, 1)]
    v = plus(inverse_ntt(dot(t, y)), e2, mu)
    c1 = b"".join(byte_encode([compress(value, DU) for value in one], DU) for one in u)
    return c1 + byte_encode([compress(value, DV) for value in v], DV)


def pke_decrypt(secret, ciphertext):
    c1, c2 = ciphertext[: 32 * DU * K], ciphertext[32 * DU * K :]
    u = [[decompress(value, DU) for value in byte_decode(c1[32 * DU * n : 32 * DU * (n + 1)], DU)] for n in range(K)]
    v = [decompress(value, DV) for value in byte_decode(c2, DV)]
    s = [byte_decode(secret[384 * n : 384 * (n + 1)], 12) for n in range(K)]
    w = minus(v, inverse_ntt(dot(s, [ntt(one) for one in u])))
    return byte_encode([compress(value, 1) for value in w], 1)


# --- Algorithms 16 to 18


def key_gen(d, z):
    key, secret = pke_key_gen(d)
    return key, secret + key + h(key) + z


def encaps(key, message):
    shared, seed = g(message + h(key))
    return shared, pke_encrypt(key, message, seed)


def decaps(secret, ciphertext):
    inner, key = secret[: 384 * K], secret[384 * K : 768 * K + 32]
    digest, z = secret[768 * K + 32 : 768 * K + 64], secret[768 * K + 64 :]
    shared, seed = g(pke_decrypt(inner, ciphertext) + digest)
    return shared if pke_encrypt(key, pke_decrypt(inner, ciphertext), seed) == ciphertext else j(z + ciphertext)
