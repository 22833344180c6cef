"""Doors into other programs: any ASGI app, any HTTP client."""
