// The Go rival: github.com/vishvananda/netlink as its documentation uses it. Each task times itself around the library's
// calls and prints one line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"sort"
	"strconv"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	check(err)
	return n
}

func milliseconds(since time.Time) float64 { return float64(time.Since(since).Nanoseconds()) / 1e6 }

func say(values map[string]float64) {
	check(json.NewEncoder(os.Stdout).Encode(values))
}

// repeated runs the work `times` times. The first is told by itself: caches are cold then.
func repeated(times int, work func() int) {
	var warm []float64
	first, items := 0.0, 0
	for i := 0; i < times; i++ {
		start := time.Now()
		items = work()
		if i == 0 {
			first = milliseconds(start)
		} else {
			warm = append(warm, milliseconds(start))
		}
	}
	sort.Float64s(warm)
	say(map[string]float64{"ms": warm[len(warm)/2], "first": first, "items": float64(items)})
}

func link(name string) netlink.Link {
	found, err := netlink.LinkByName(name)
	check(err)
	return found
}

func addFdb(device string, count int) {
	index := link(device).Attrs().Index
	type pair struct {
		mac net.HardwareAddr
		ip  net.IP
	}
	pairs := make([]pair, count)
	for i := range pairs {
		pairs[i] = pair{
			net.HardwareAddr{2, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)},
			net.IPv4(10, 0, byte(i%200), byte(1+i%250)),
		}
	}
	start := time.Now()
	for _, p := range pairs {
		check(netlink.NeighAdd(&netlink.Neigh{
			LinkIndex: index, Family: syscall.AF_BRIDGE, State: netlink.NUD_PERMANENT, Flags: netlink.NTF_SELF,
			HardwareAddr: p.mac, IP: p.ip,
		}))
	}
	say(map[string]float64{"ms": milliseconds(start)})
}

func addRoutes(device string, count int) {
	index := link(device).Attrs().Index
	start := time.Now()
	for i := 0; i < count; i++ {
		check(netlink.RouteAdd(&netlink.Route{
			LinkIndex: index, Scope: netlink.SCOPE_LINK,
			Dst: &net.IPNet{IP: net.IPv4(10, byte(i>>16), byte(i>>8), byte(i)), Mask: net.CIDRMask(32, 32)},
		}))
	}
	say(map[string]float64{"ms": milliseconds(start)})
}

func addVeths(count int) {
	start := time.Now()
	for i := 0; i < count; i++ {
		attributes := netlink.NewLinkAttrs()
		attributes.Name = fmt.Sprintf("va%d", i)
		check(netlink.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: fmt.Sprintf("vb%d", i)}))
	}
	say(map[string]float64{"ms": milliseconds(start)})
}

func deleteVeths(count int) {
	start := time.Now()
	for i := 0; i < count; i++ {
		check(netlink.LinkDel(link(fmt.Sprintf("va%d", i))))
	}
	say(map[string]float64{"ms": milliseconds(start)})
}

func processorMs() float64 {
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e6
}

// monitor counts neighbour events; it says "ready" when it listens, and what they cost when it has them all.
func monitor(count int) {
	events := make(chan netlink.NeighUpdate, 1024)
	done := make(chan struct{})
	failed := 0
	check(netlink.NeighSubscribeWithOptions(events, done, netlink.NeighSubscribeOptions{
		ErrorCallback: func(error) { failed++ },
	}))
	fmt.Println("ready")
	used := processorMs()
	seen := 0
	for update := range events {
		if update.Neigh.HardwareAddr.String() != "" {
			seen++
		}
		if seen == count {
			break
		}
	}
	// The library closes the channel after an overrun.
	if seen < count {
		check(fmt.Errorf("%d of %d events came", seen, count))
	}
	say(map[string]float64{"ms": processorMs() - used, "failed": float64(failed)})
}

func main() {
	arguments := os.Args[2:]
	switch os.Args[1] {
	case "fdb-add":
		addFdb(arguments[0], number(arguments[1]))
	case "route-add":
		addRoutes(arguments[0], number(arguments[1]))
	case "fdb-list", "neighbour-list":
		family := syscall.AF_BRIDGE
		if os.Args[1] == "neighbour-list" {
			family = netlink.FAMILY_V4
		}
		index := link(arguments[0]).Attrs().Index
		repeated(number(arguments[1]), func() int {
			entries, err := netlink.NeighList(index, family)
			check(err)
			return len(entries)
		})
	case "link-list":
		repeated(number(arguments[0]), func() int {
			links, err := netlink.LinkList()
			check(err)
			return len(links)
		})
	case "route-list":
		repeated(number(arguments[0]), func() int {
			routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
			check(err)
			return len(routes)
		})
	case "veth-add":
		addVeths(number(arguments[0]))
	case "veth-delete":
		deleteVeths(number(arguments[0]))
	case "monitor":
		monitor(number(arguments[0]))
	default:
		check(fmt.Errorf("no task %s", os.Args[1]))
	}
}
