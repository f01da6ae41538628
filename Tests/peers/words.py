"""The words of the contract that tests compare with, written out a second time on purpose."""

#: Public code of a refusal -> HTTP status.
STATUS = {
    "malformed_request": 400,
    "credentials_missing": 401,
    "credentials_invalid": 401,
    "credentials_expired": 401,
    "scope_missing": 403,
    "forbidden": 403,
    "waf_blocked": 403,
    "banned": 403,
    "no_route": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "body_too_large": 413,
    "uri_too_long": 414,
    "unsupported_media": 415,
    "misdirected_request": 421,
    "rate_limited": 429,
    "concurrency_limited": 429,
    "headers_too_large": 431,
    "internal_error": 500,
    "unsupported": 501,
    "upstream_connect_failed": 502,
    "upstream_closed": 502,
    "upstream_invalid_response": 502,
    "upstream_tls_failed": 502,
    "no_healthy_upstream": 503,
    "upstream_saturated": 503,
    "dependency_unavailable": 503,
    "overloaded": 503,
    "waf_failed": 503,
    "upstream_connect_timeout": 504,
    "upstream_timeout": 504,
    "loop_detected": 508,
}

STEPS = {"accept", "read", "vet", "route", "admit", "dispatch", "relay", "finish"}

BLAMES = {"", "client", "gateway", "upstream", "operator"}

#: The members of a problem+json body, no more and no fewer.
PROBLEM = {"type", "title", "status", "code", "decision"}

#: What no response may carry: it tells who answers behind or before the gateway.
LEAKS = ("server", "x-powered-by", "via", "alt-svc")
