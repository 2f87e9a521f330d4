"""What the kernels of CPU and GPU take in place of logarithm, sine and cosine (Lawson's minimax
fit), so that both draw the same normal numbers but for rounding.

    -2 log(1 + f) = f (LOG[0] + LOG[1] f + ...)         sqrt(1/2) <= 1 + f < sqrt(2), within 7.4e-6
                                                        of its value
    sin(pi / 2 x) = x (SINE[0] + SINE[1] x^2 + ...)     -1 < x < 1, within 5.9e-7
    cos(pi / 2 x) = COSINE[0] + COSINE[1] x^2 + ...     -1 < x < 1, within 6.7e-6
"""

LOG = (-2.00000912, 0.99980435, -0.66516046, 0.50806541, -0.44111881, 0.28584148)
SINE = (1.57079101, -0.64589285, 0.07943434, -0.00433309)
COSINE = (0.9999933, -1.23348453, 0.2525803, -0.01909577)

SQRT_HALF_BITS = 0x3F3504F3  # of sqrt(1/2) in float32: mantissas are taken from there to sqrt(2)
MANTISSA_BITS = 0x007FFFFF
MINUS_2_LOG_2 = -1.3862943611198906
