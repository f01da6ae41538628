"""Writes the gateway's configuration: plain dicts and lists to block-style YAML, every string quoted."""

import json


def _scalar(value):
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, (int, float)):
        return str(value)
    return json.dumps(value)


def _key(key):
    return key if key and all(c.isalnum() or c in "-_" for c in key) else json.dumps(key)


def dump(value, indent=0):
    """The YAML text of a dict (without a final document mark)."""
    pad = "  " * indent
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            if item:
                lines.append(f"{pad}{_key(key)}:")
                lines.append(dump(item, indent + 1))
            else:
                lines.append(f"{pad}{_key(key)}: {{}}")
        elif isinstance(item, (list, tuple)):
            if not item:
                lines.append(f"{pad}{_key(key)}: []")
                continue
            lines.append(f"{pad}{_key(key)}:")
            for element in item:
                if isinstance(element, dict):
                    text = dump(element, indent + 2)
                    lines.append(f"{pad}  - {text.lstrip()}")
                else:
                    lines.append(f"{pad}  - {_scalar(element)}")
        else:
            lines.append(f"{pad}{_key(key)}: {_scalar(item)}")
    return "\n".join(lines)


def merge(base, extra):
    """`base` with `extra` laid over it: dicts are joined, everything else is replaced; None removes."""
    result = dict(base)
    for key, value in extra.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result
