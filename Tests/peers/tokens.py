"""Tokens and keys, made with joserfc; what joserfc would refuse to make is put together by hand."""

import base64
import json
import time

from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

ALGORITHMS = ["ES256", "ES384", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"]


def encode(data):
    """base64url without padding."""
    if not isinstance(data, bytes):
        data = json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key(algorithm, kid=None):
    """A new private key for one algorithm."""
    parameters = {"kid": kid or algorithm.lower(), "alg": algorithm, "use": "sig"}
    if algorithm == "ES256":
        return ECKey.generate_key("P-256", parameters)
    if algorithm == "ES384":
        return ECKey.generate_key("P-384", parameters)
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519", parameters)
    if algorithm.startswith("HS"):
        return OctKey.generate_key(256, parameters)
    return RSAKey.generate_key(2048, parameters)


def key_set(*keys):
    """The public key set as JSON text."""
    return json.dumps(KeySet(list(keys)).as_dict(private=False))


def claims(**changes):
    """The claims that the tests' identity accepts; None removes one."""
    now = int(time.time())
    base = {
        "iss": "https://idp.example.test",
        "aud": "orders",
        "sub": "alice",
        "scope": "orders:read",
        "iat": now,
        "exp": now + 3600,
    }
    base.update(changes)
    return {name: value for name, value in base.items() if value is not None}


def mint(private, payload=None, header=None, **changes):
    """A signed token; `payload` may be bytes, for what is no JSON object."""
    algorithm = private.get("alg")
    head = {"alg": algorithm, "typ": "JWT", "kid": private.kid}
    head.update(header or {})
    head = {name: value for name, value in head.items() if value is not None}
    if payload is None:
        payload = claims(**changes)
    if not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    registry = jws.JWSRegistry(algorithms=ALGORITHMS + ["HS256"], strict_check_header=False)
    return jws.serialize_compact(head, payload, private, registry=registry)


def signed_over(private, header, payload):
    """A token whose header is exactly these bytes or this dict: signed, whatever it says."""
    algorithm = private.get("alg")
    signing = f"{encode(header)}.{encode(payload)}".encode()
    plain = jws.JWSRegistry(algorithms=ALGORITHMS + ["HS256"])
    method = plain.get_alg(algorithm)
    return signing.decode() + "." + encode(method.sign(signing, private))
