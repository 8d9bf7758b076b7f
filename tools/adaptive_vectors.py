#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/unit/core/adaptive_vectors.def: what botocore's adaptive retry mode does over a
scripted history, for tests/unit/core/test_adaptive.c to compare with.

    python tools/adaptive_vectors.py > tests/unit/core/adaptive_vectors.def

Needs botocore (any 1.x that has retries/adaptive.py). The history comes from a fixed seed; times
are passed to botocore's own classes by a clock of ours. Numbers are written in hexadecimal, to the
last bit."""
import random

import botocore
from botocore.exceptions import CapacityNotAvailableError
from botocore.retries import adaptive, bucket, throttling

STEPS = 395
START_NS = 1_000_123_456_789


class Clock:
    """Time as it is told."""

    def __init__(self):
        self.now_ns = START_NS

    def current_time(self):
        return self.now_ns / 1e9

    def sleep(self, amount):
        raise AssertionError('nothing sleeps here')


class Detector:
    """Throttling as it is told."""

    throttled = False

    def is_throttling_error(self, **_):
        return self.throttled


def make(clock, detector):
    """As adaptive.register_retry_handler puts it together."""
    return adaptive.ClientRateLimiter(
        rate_adjustor=throttling.CubicCalculator(starting_max_rate=0, start_time=clock.current_time()),
        rate_clocker=adaptive.RateClocker(clock),
        token_bucket=bucket.TokenBucket(max_rate=1, clock=clock),
        throttling_detector=detector,
        clock=clock,
    )


def take(limiter):
    """An attempt that does not wait: 0 where it may start."""
    if not limiter._enabled:
        return 0
    try:
        limiter._token_bucket.acquire(block=False)
    except CapacityNotAvailableError:
        return 1
    return 0


def main():
    rng = random.Random(7)
    clock, detector = Clock(), Detector()
    limiter = make(clock, detector)
    print('/* SPDX-License-Identifier: Apache-2.0')
    print(' *')
    print(f' * Written by tools/adaptive_vectors.py with botocore {botocore.__version__}. Each row: time,')
    print(" * what happened ('t' take, 'g' good end, 'b' throttled end), whether a take was refused,")
    print(' * measured rate, rate of the bucket, what is in it. */')
    pace_ns = 50_000_000
    for step in range(STEPS):
        if step % 60 == 0:  # another pace, and now and then a long silence
            pace_ns = rng.choice([2_000_000, 20_000_000, 100_000_000, 700_000_000])
            clock.now_ns += rng.choice([0, 0, 9_000_000_000])
        clock.now_ns += rng.randrange(2 * pace_ns)
        kind = rng.choice('ttggg') if rng.random() > (0.3 if 100 < step % 200 < 130 else 0.01) else 'b'
        refused = 0
        if kind == 't':
            refused = take(limiter)
        else:
            detector.throttled = kind == 'b'
            limiter.on_receiving_response()
        tokens = limiter._token_bucket
        print(f"ROW({clock.now_ns}, '{kind}', {refused}, {float(limiter._rate_clocker.measured_rate).hex()},\n"
              f'    {float(tokens.max_rate).hex()}, {float(tokens.available_capacity).hex()})')


if __name__ == '__main__':
    main()
