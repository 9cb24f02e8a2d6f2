"""Reads netlink messages with pyroute2's classes: [{reader, hex}] on stdin, [{header, attributes}] on stdout."""

import importlib
import json
import sys


def plain(value):
    """nla objects and their lists as dictionaries by attribute name; bytes as hex."""
    if isinstance(value, dict):
        attributes = {name: plain(member) for name, member in value.get('attrs', [])}
        fields = {name: plain(member) for name, member in value.items() if name not in ('attrs', 'header')}
        return {**fields, **attributes}
    if isinstance(value, (list, tuple)):
        return [plain(member) for member in value]
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, bytes):
        return value.hex()
    return value


def read(row):
    module, name = row['reader'].rsplit('.', 1)
    reader = getattr(importlib.import_module('pyroute2.netlink.' + module), name)
    message = reader(bytes.fromhex(row['hex']))
    message.decode()
    fields = {key: member for key, member in message.items() if key not in ('attrs', 'header')}
    return {'header': plain(fields), 'attributes': {key: plain(member) for key, member in message['attrs']}}


json.dump([read(row) for row in json.load(sys.stdin)], sys.stdout, default=str)
