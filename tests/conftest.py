"""Settings for the whole suite."""

from hypothesis import HealthCheck, settings

# A deadline would make tests depend on how busy the machine is; speed is measured in benchmarks/.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
