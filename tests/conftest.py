"""What holds for all tests: neither how fast the machine is nor chance decides any of them.

Property tests draw the same examples each time; a soak (`EXAMPLES`, tests/support/effort.py) draws
others.
"""

from hypothesis import HealthCheck, settings

from tests.support.effort import LEAST

settings.register_profile(
    "shared",
    deadline=None,
    derandomize=not LEAST,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared")
