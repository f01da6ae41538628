"""What holds for every answer and every log line of the gateway."""

import json

from peers.words import BLAMES, LEAKS, PROBLEM, STATUS, STEPS


def is_refusal(response, code=None, to_head=False):
    """The response is a refusal as the contract describes it; returns its code. To a HEAD it has the same head and no body."""
    assert response.get("content-type") == "application/problem+json", response
    if to_head:
        assert response.status == STATUS[code], response
        carries_no_leak(response)
        return code
    problem = json.loads(response.body)
    assert set(problem) == PROBLEM, f"members {sorted(problem)}"
    assert problem["code"] in STATUS, problem
    if code is not None:
        assert problem["code"] == code, f"code {problem['code']} instead of {code}"
    assert response.status == problem["status"] == STATUS[problem["code"]], response
    assert problem["decision"] and problem["decision"] == response.get("x-request-id"), response
    carries_no_leak(response)
    if response.status == 429:
        assert int(response.get("retry-after")) >= 1, response
        assert "ratelimit" in response and "ratelimit-policy" in response, response
    if response.status == 405:
        assert "allow" in response, response
    if response.status == 401:
        assert "www-authenticate" in response, response
    return problem["code"]


def carries_no_leak(response):
    """No field that names a server passes, and every final answer carries its decision id."""
    for name in LEAKS:
        assert name not in response, f"{name}: {response.all(name)} reached the client"
    if response.status >= 200:
        assert response.get("x-request-id"), f"no x-request-id:\n{response!r}"


def is_log_line(line, reason=None):
    """An access log line that agrees with itself and, if given, has this reason (`a|b`: one of these)."""
    assert line.get("id") and line.get("conn") is not None and line.get("time"), line
    assert line.get("blame", "") in BLAMES, line
    code = line.get("code") or ""
    if code:
        assert code in STATUS, line
        assert line.get("step") in STEPS, line
        assert line["blame"], line
    if reason is not None:
        assert line.get("reason") in reason.split("|"), f"reason {line.get('reason')!r} instead of {reason}: {line}"
    return line
