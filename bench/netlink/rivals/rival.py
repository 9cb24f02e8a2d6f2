"""The Python rival: pyroute2 as its documentation uses it. Each task times itself and prints one line of JSON."""

import json
import socket
import statistics
import sys
import time

from pyroute2 import IPBatch, IPRoute


def milliseconds(start):
    return (time.perf_counter() - start) * 1e3


def say(**values):
    print(json.dumps(values), flush=True)


def repeated(times, work):
    """The first run is told by itself: caches are cold then."""
    took = []
    items = 0
    for _ in range(times):
        start = time.perf_counter()
        items = len(work())
        took.append(milliseconds(start))
    say(ms=statistics.median(took[1:]), first=took[0], items=items)


def fdb_entries(index, count):
    for i in range(count):
        yield {
            "ifindex": index,
            "lladdr": "02:00:00:%02x:%02x:%02x" % (i >> 16, i >> 8 & 255, i & 255),
            "dst": "10.0.%d.%d" % (i % 200, 1 + i % 250),
        }


def fdb_add(device, count):
    with IPRoute() as ip:
        index = ip.link_lookup(ifname=device)[0]
        entries = list(fdb_entries(index, int(count)))
        start = time.perf_counter()
        for entry in entries:
            ip.fdb("add", **entry)
        say(ms=milliseconds(start))


def fdb_batch(device, count, size=500):
    with IPRoute() as ip:
        index = ip.link_lookup(ifname=device)[0]
        entries = list(fdb_entries(index, int(count)))
        start = time.perf_counter()
        for offset in range(0, len(entries), size):
            batch = IPBatch()
            for entry in entries[offset : offset + size]:
                batch.fdb("add", **entry)
            ip.sendto(batch.batch, (0, 0))
            batch.close()
            drain(ip)
        say(ms=milliseconds(start))


def drain(ip):
    """Every message of a batch is acknowledged; they are there when sendto returns."""
    raw = ip._sock if hasattr(ip, "_sock") else ip
    while True:
        try:
            raw.recv(1 << 20, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return


def fdb_list(device, times):
    with IPRoute() as ip:
        index = ip.link_lookup(ifname=device)[0]
        repeated(int(times), lambda: list(ip.fdb("dump", ifindex=index)))


def neighbour_list(device, times):
    with IPRoute() as ip:
        index = ip.link_lookup(ifname=device)[0]
        repeated(int(times), lambda: list(ip.get_neighbours(socket.AF_INET, ifindex=index)))


def link_list(times):
    with IPRoute() as ip:
        repeated(int(times), lambda: list(ip.get_links()))


tasks = {
    "fdb-add": fdb_add,
    "fdb-batch": fdb_batch,
    "fdb-list": fdb_list,
    "neighbour-list": neighbour_list,
    "link-list": link_list,
}

tasks[sys.argv[1]](*sys.argv[2:])
