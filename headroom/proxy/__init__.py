"""The proxy: the middleware in front of a forwarder, and a small management app."""
