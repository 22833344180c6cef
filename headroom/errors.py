"""Errors, drawn as a tree; each branch says whose fault it was.

HeadroomError
├── ConfigError            the operator's: a setting is wrong; raised before anything runs
├── RequestError           the client's: a request that is refused with a provider-shaped answer
│   ├── BodyTooLargeError     413
│   ├── OverloadedError       429, too much work in hand
│   └── UpstreamRefusedError  403, the named upstream is not allowed
├── BodyError              nobody's: a body that is not ours to read; it goes on untouched
├── UpstreamError          the provider's or the network's
│   ├── UpstreamUnreachableError  502
│   └── UpstreamTimeoutError      504
├── StoreError             the store's: what is kept cannot be read or written; the caller goes on without it
└── CompressionError       ours: the block goes on as it came, counted with its reason
    └── BudgetExceededError   a block or a request took longer than it may
"""


class HeadroomError(Exception):
    """Base of every error raised on purpose by this package."""


class ConfigError(HeadroomError):
    """A setting cannot be used; the message names the setting and the allowed values."""


class RequestError(HeadroomError):
    """A request is refused. `status` is the HTTP status, `code` a stable identifier for programs.

    `wait` are the seconds after which it may be tried again; None if that does not help.
    """

    status = 400
    code = "invalid_request"
    wait: float | None = None


class BodyTooLargeError(RequestError):
    """The request body, or what it decodes to, is over the cap."""

    status = 413
    code = "request_too_large"


class OverloadedError(RequestError):
    """There is more work in hand than fits into memory."""

    status = 429
    code = "gateway_overloaded"
    wait = 1.0


class UpstreamRefusedError(RequestError):
    """The upstream named by the request is not one the operator allows."""

    status = 403
    code = "upstream_not_allowed"


class BodyError(HeadroomError):
    """A body cannot be read as JSON we may edit; the provider is the judge of its own format."""


class UpstreamError(HeadroomError):
    """The provider could not be asked. `status` is what the client is told."""

    status = 502
    code = "upstream_error"


class UpstreamUnreachableError(UpstreamError):
    """No connection to the provider, or it broke before the answer began."""

    code = "upstream_unreachable"


class UpstreamTimeoutError(UpstreamError):
    """The provider did not answer in time."""

    status = 504
    code = "upstream_timeout"


class StoreError(HeadroomError):
    """A store cannot be asked: its disk is full or read-only, its server is gone, or it is closed."""


class CompressionError(HeadroomError):
    """A compressor cannot go on with this block."""


class BudgetExceededError(CompressionError):
    """A block or a request has used up its time."""
