"""e^z, tanh z and log(1 + u), element by element, in forms that become vector instructions.

Those of the C library are called for one number after the other, and take many times as long.
There is a form for each type, of as many terms as its digits need. All work in place: of two arrays
it must first be known that they do not overlap, and loops over one and the same would go number by
number. The largest error over the whole range, in units of the
last place, is 1 (single) and 2 (double) for ``exp``, 6 and 4 for ``tanh``, 2.5 for ``log1p``;
infinities and NaN give what they should.

References
----------
Cody and Waite (1980), Software manual for the elementary functions: subtracting n log 2 in two
parts, of which the first is exact. Moshier (1989), Methods and programs for mathematical
functions, and its library Cephes: the polynomials of e^r, and of tanh in double precision.
Guennebaud, Jacob and others, Eigen: the rational function for tanh in single precision.
"""

import numpy as np

from skshallow._compiled.jit import exact, kernel

f4, f8 = np.float32, np.float64


@kernel
def exp(z):
    """z := e^z."""
    if z.itemsize == 4:
        for i in range(z.size):
            z[i] = exp_single(z[i])
    else:
        for i in range(z.size):
            z[i] = exp_double(z[i])


@exact
def exp_single(z):
    """e^z = 2^n e^r with n = round(z / log 2), r = z - n log 2.

    A large number added to n moves its digits to the end of the word, from where a shift makes
    them the exponent of 2^n. It is multiplied in two steps: one of them alone might overflow.
    """
    z = f4(z)
    z = f4(-104) if z < f4(-104) else z  # e^-104 is 0
    z = f4(89) if z > f4(89) else z  # e^89 is infinite
    shifted = z * f4(1.44269504) + f4(12582912)
    n = shifted - f4(12582912)
    r = z - n * f4(0.693359375) - n * f4(-2.12194440e-4)
    p = f4(1.9875691500e-4)
    p = p * r + f4(1.3981999507e-3)
    p = p * r + f4(8.3334519073e-3)
    p = p * r + f4(4.1665795894e-2)
    p = p * r + f4(1.6666665459e-1)
    p = p * r + f4(5.0000001201e-1)
    power = f4(1) + (r + r * r * p)
    bits = np.float32(shifted).view(np.int32)
    half = np.int32(bits >> 1)
    rest = np.int32(bits - half)
    first = np.int32((half + 127) << 23).view(np.float32)
    second = np.int32((rest + 127) << 23).view(np.float32)
    return power * first * second


@exact
def exp_double(z):
    """The same with e^r = 1 + 2 r P(r^2) / (Q(r^2) - r P(r^2))."""
    z = f8(z)
    z = -750.0 if z < -750.0 else z  # e^-750 is 0
    z = 710.0 if z > 710.0 else z  # e^710 is infinite
    shifted = z * 1.4426950408889634 + 6755399441055744.0
    n = shifted - 6755399441055744.0
    r = z - n * 6.93145751953125e-1 - n * 1.42860682030941723212e-6
    w = r * r
    p = 1.26177193074810590878e-4
    p = p * w + 3.02994407707441961300e-2
    p = p * w + 9.99999999999999999910e-1
    q = 3.00198505138664455042e-6
    q = q * w + 2.52448340349684104192e-3
    q = q * w + 2.27265548208155028766e-1
    q = q * w + 2.0
    power = 1.0 + 2.0 * (r * p / (q - r * p))
    bits = np.float64(shifted).view(np.int64)
    half = bits >> 1
    first = np.int64((half + 1023) << 52).view(np.float64)
    second = np.int64((bits - half + 1023) << 52).view(np.float64)
    return power * first * second


@kernel
def tanh(z):
    """z := tanh z."""
    if z.itemsize == 4:
        for i in range(z.size):
            z[i] = tanh_single(z[i])
    else:
        for i in range(z.size):
            z[i] = tanh_double(z[i])


@exact
def tanh_single(z):
    """A quotient of polynomials as far as it holds; from 8.5 on tanh is 1."""
    z = f4(z)
    x = f4(-7.90531110763549805) if z < f4(-7.90531110763549805) else z
    x = f4(7.90531110763549805) if z > f4(7.90531110763549805) else x
    w = x * x
    p = f4(-2.76076847742355e-16)
    p = p * w + f4(2.00018790482477e-13)
    p = p * w + f4(-8.60467152213735e-11)
    p = p * w + f4(5.12229709037114e-08)
    p = p * w + f4(1.48572235717979e-05)
    p = p * w + f4(6.37261928875436e-04)
    p = p * w + f4(4.89352455891786e-03)
    q = f4(1.19825839466702e-06)
    q = q * w + f4(1.18534705686654e-04)
    q = q * w + f4(2.26843463243900e-03)
    q = q * w + f4(4.89352518554385e-03)
    quotient = x * (p / q)
    quotient = f4(1) if z > f4(8.5) else quotient
    return f4(-1) if z < f4(-8.5) else quotient


@exact
def tanh_double(z):
    """z + z^3 P(z^2) / Q(z^2) where |z| < 0.625, else 1 - 2 / (e^2z + 1)."""
    z = f8(z)
    w = z * z
    p = -9.64399179425052238628e-1
    p = p * w - 9.92877231001918586564e1
    p = p * w - 1.61468768441708447952e3
    q = w + 1.12811678491632931402e2
    q = q * w + 2.23548839060100448583e3
    q = q * w + 4.84406305325125486048e3
    near = z + z * w * (p / q)
    far = 1.0 - 2.0 / (exp_double(2.0 * z) + 1.0)
    return near if -0.625 < z < 0.625 else far


@exact
def log1p_single(u):
    """log(1 + u) = 2 artanh(v) = 2 (v + v^3/3 + v^5/5 + ...), v = u / (2 + u), for u in [0, 1]."""
    u = f4(u)
    v = u / (f4(2) + u)
    w = v * v
    p = f4(1 / 13)
    p = p * w + f4(1 / 11)
    p = p * w + f4(1 / 9)
    p = p * w + f4(1 / 7)
    p = p * w + f4(1 / 5)
    p = p * w + f4(1 / 3)
    return f4(2) * (v + v * w * p)


@exact
def log1p_double(u):
    """The same with more terms."""
    u = f8(u)
    v = u / (2.0 + u)
    w = v * v
    p = 1 / 33
    p = p * w + 1 / 31
    p = p * w + 1 / 29
    p = p * w + 1 / 27
    p = p * w + 1 / 25
    p = p * w + 1 / 23
    p = p * w + 1 / 21
    p = p * w + 1 / 19
    p = p * w + 1 / 17
    p = p * w + 1 / 15
    p = p * w + 1 / 13
    p = p * w + 1 / 11
    p = p * w + 1 / 9
    p = p * w + 1 / 7
    p = p * w + 1 / 5
    p = p * w + 1 / 3
    return 2.0 * (v + v * w * p)


@kernel
def log1p(u):
    """u := log(1 + u) for u in [0, 1]."""
    if u.itemsize == 4:
        for i in range(u.size):
            u[i] = log1p_single(u[i])
    else:
        for i in range(u.size):
            u[i] = log1p_double(u[i])
