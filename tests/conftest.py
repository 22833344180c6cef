"""Settings for the whole suite."""

from hypothesis import HealthCheck, settings

# A deadline would make tests depend on how busy the machine is; speed is measured in benchmarks/.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# `make fuzz` runs the laws of the encodings on this many cases each.
settings.register_profile("deep", parent=settings.get_profile("house"), max_examples=100_000)
settings.load_profile("house")
