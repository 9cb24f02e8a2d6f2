/**
 * First program of the tiny guest: does what cloud-init's NoCloud source does with the documents that kcore writes, no
 * more, so that a scenario costs seconds. It reads that one writer's YAML line by line and is no witness for cloud-init.
 * When its network is up it says so on the console, and is a shell there.
 */
export const TINY_INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /seed /tmp /run
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mkdir -p /dev/pts
mount -t devpts none /dev/pts
while read -r file; do insmod "/modules/$file" 2>/dev/null; done < /modules/order
ip link set lo up

for disk in /dev/vd?; do
  mount -t iso9660 -o ro "$disk" /seed 2>/dev/null && [ -e /seed/meta-data ] && break
  umount /seed 2>/dev/null
done
hostname "$(sed -n 's/^local-hostname: *"\\{0,1\\}\\([^"]*\\)"\\{0,1\\}$/\\1/p' /seed/meta-data)"

# One line a NIC: MAC, name, MTU or -, address or dhcp, gateway or -.
awk '
  /^  eth[0-9]+:/ { if (mac) print mac, name, mtu, address, gateway; name = $1; sub(":", "", name); mac = ""; mtu = "-"; address = "dhcp"; gateway = "-" }
  { gsub("\\"", "") }
  $1 == "macaddress:" { mac = $2 }
  $1 == "mtu:" { mtu = $2 }
  $1 == "-" && $2 ~ /^[0-9.]+\\/[0-9]+$/ { address = $2 }
  $1 == "via:" { gateway = $2 }
  END { if (mac) print mac, name, mtu, address, gateway }
' /seed/network-config > /run/nics
while read -r mac name mtu address gateway; do
  for link in /sys/class/net/*; do
    [ "$(cat "$link/address")" = "$mac" ] || continue
    ip link set "\${link##*/}" name "$name" 2>/dev/null
    [ "$mtu" = - ] || ip link set "$name" mtu "$mtu"
    ip link set "$name" up
    if [ "$address" = dhcp ]; then
      udhcpc -i "$name" -f -q -n -t 20 -T 1 -s /bin/udhcpc.script > /dev/null
    else
      ip address add "$address" dev "$name"
      [ "$gateway" = - ] || ip route add default via "$gateway" dev "$name"
    fi
  done
done < /run/nics

# The power button is an input device; whatever comes from it means that it was pressed.
for device in /sys/class/input/event*; do
  grep -q "Power Button" "$device/device/name" || continue
  (dd if="/dev/input/\${device##*/}" of=/dev/null bs=24 count=1 2> /dev/null; poweroff -f) &
done

echo "tiny guest ready: $(hostname)" > /dev/console
while :; do setsid cttyhack sh; done
`;

/** What udhcpc calls with what it was given: udhcpc's README. */
export const UDHCPC_SCRIPT = `#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip address flush dev "$interface"
ip address add "$ip/$mask" dev "$interface"
[ -z "$mtu" ] || ip link set "$interface" mtu "$mtu"
for gateway in $router; do ip route replace default via "$gateway" dev "$interface"; break; done
`;
