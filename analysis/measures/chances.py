"""p-values without SciPy, whose statistics take longer to import than an evaluation takes.

The tests compare each with SciPy's.
"""

from __future__ import annotations

import math

import numpy as np

SMALLEST = 1e-300
_STEPS = 10_000


def chi2_chance(statistic: float, freedom: int) -> float:
    """The chance that a χ² variable with this many degrees of freedom is larger (SciPy's chi2.sf): the regularised
    upper incomplete gamma function Q(freedom / 2, statistic / 2), by its series or its continued fraction."""
    a, x = freedom / 2, statistic / 2
    if x <= 0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    return 1 - scale * _lower_series(a, x) if x < a + 1 else scale * _upper_fraction(a, x)


def ks_chance(distance: float, n: int, m: int) -> float:
    """The chance of a larger two-sample Kolmogorov-Smirnov distance (SciPy's ks_2samp, method `asymp`): that of one
    sample of round(n m / (n + m)) rows, by Pelz and Good (1976), or Smirnov's tail where they agree with it."""
    size = round(n * m / (n + m))
    if distance <= 0 or size < 1:
        return 1.0
    if distance >= 1:
        return 0.0
    if size * distance * distance > 4:
        return min(1.0, 2 * _smirnov_tail(distance, size))
    if size <= _FEW_ROWS or (size <= 4 * _FEW_ROWS and size * distance**1.5 <= 1.4):
        return max(0.0, 1 - _durbin(distance, size))
    return min(1.0, max(0.0, 1 - _pelz_good(distance, size)))


_FEW_ROWS, _MANY_ROWS = 140, 20_000


def _lower_series(a: float, x: float) -> float:
    term = total = 1 / a
    for k in range(1, _STEPS):
        term *= x / (a + k)
        total += term
        if term < total * 1e-17:
            break
    return total


def _upper_fraction(a: float, x: float) -> float:
    """Lentz's method for the continued fraction of Q."""
    b = x + 1 - a
    c, d = 1 / SMALLEST, 1 / b
    h = d
    for k in range(1, _STEPS):
        factor = -k * (k - a)
        b += 2
        d = 1 / _away_from_zero(factor * d + b)
        c = _away_from_zero(b + factor / c)
        h *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return h


def _away_from_zero(value: float) -> float:
    return value if abs(value) > SMALLEST else SMALLEST


def _smirnov_tail(d: float, n: int) -> float:
    """P(D⁺ ≥ d) for one sample: Σ_j C(n, j) d (d + j/n)^(j-1) (1 - d - j/n)^(n-j), in logarithms; for many rows its
    limit exp(-(6 n d + 1)² / (18 n))."""
    if n > _MANY_ROWS:
        return math.exp(-((6 * n * d + 1) ** 2) / (18 * n))
    j = np.arange(math.floor(n * (1 - d)) + 1)
    j = j[1 - d - j / n > 0]
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    logs = factorials[n] - factorials[j] - factorials[n - j]
    logs += (j - 1) * np.log(d + j / n) + (n - j) * np.log(1 - d - j / n)
    return float(d * np.exp(logs).sum())


def _durbin(d: float, n: int) -> float:
    """P(D < d) by Durbin's matrix, in the form of Marsaglia, Tsang and Wang (2003)."""
    k = math.floor(n * d) + 1
    h = k - n * d
    size = 2 * k - 1
    matrix = np.tri(size, size, 1)
    for i in range(size):
        matrix[i, 0] -= h ** (i + 1)
        matrix[size - 1, i] -= h ** (size - i)
    matrix[size - 1, 0] += max(2 * h - 1, 0.0) ** size
    for i in range(size):
        for j in range(size):
            if i - j + 1 > 0:
                matrix[i, j] /= math.factorial(i - j + 1)
    power = np.linalg.matrix_power(matrix, n)
    return float(power[k - 1, k - 1]) * math.exp(math.lgamma(n + 1) - n * math.log(n))


def _pelz_good(d: float, n: int) -> float:
    """P(D < d): Kolmogorov's limit with the terms in n^(-1/2), n^(-1) and n^(-3/2)."""
    z = math.sqrt(n) * d
    z2, pi2 = z * z, math.pi * math.pi
    z3, z4, z6, z7, z10 = z**3, z**4, z**6, z**7, z**10
    k0 = k1 = k2 = k3 = k2b = k3b = 0.0
    for k in range(200):
        m2 = (2 * k + 1) ** 2 / 4
        q = math.exp(-m2 * pi2 / (2 * z2))
        k0 += q
        k1 += (pi2 * m2 - z2) * q
        k2 += (6 * z6 + 2 * z4 + pi2 * (2 * z4 - 5 * z2) * m2 + pi2**2 * (1 - 2 * z2) * m2**2) * q
        k3 += (
            -30 * z6
            - 90 * z**8
            + pi2 * (135 * z4 - 96 * z6) * m2
            + pi2**2 * (212 * z4 - 60 * z2) * m2**2
            + pi2**3 * (5 - 30 * z2) * m2**3
        ) * q
        j2 = (k + 1) ** 2
        p = math.exp(-j2 * pi2 / (2 * z2))
        k2b += j2 * p
        k3b += (3 * pi2 * j2 * z2 - pi2**2 * j2**2) * p
        if q < 1e-300 or q < 1e-18 * k0:
            break
    root = math.sqrt(2 * math.pi)
    total: float = k0 * root / z
    total += k1 * root / (6 * z4) / math.sqrt(n)
    total += (k2 * root / (72 * z7) - k2b * root * pi2 / (36 * z3)) / n
    total += (k3 * root / (6480 * z10) + k3b * root / (216 * z6)) / n**1.5
    return total
