nft 'add table bridge kcore'  # missing
nft 'add table ip kcore'  # missing
nft 'add map bridge kcore egress { type ifname : verdict; }'  # missing
nft 'add set bridge kcore hairpin-ports { type ifname . ifname; }'  # missing
nft 'add map bridge kcore ingress { type ifname : verdict; }'  # missing
nft 'add set bridge kcore overlay-gateways { type ifname . ether_addr; }'  # missing
nft 'add set bridge kcore port-addresses { type ifname . ether_addr . ipv4_addr; }'  # missing
nft 'add set bridge kcore port-macs { type ifname . ether_addr; }'  # missing
nft 'add map ip kcore forwards { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }'  # missing
nft 'add map ip kcore from-bridge { type ifname : verdict; }'  # missing
nft 'add set ip kcore guarded-uplinks { type ifname; }'  # missing
nft 'add set ip kcore same-link { type ifname . ifname; }'  # missing
nft 'add map ip kcore sources { type ipv4_addr : verdict; flags interval; }'  # missing
nft 'add map ip kcore to-bridge { type ifname : verdict; }'  # missing
nft 'add chain bridge kcore forward { type filter hook forward priority -200; policy accept; }'  # missing
nft 'add rule bridge kcore forward ether daddr & 01:00:00:00:00:00 != 00:00:00:00:00:00 meta iifname . meta oifname @hairpin-ports drop'
nft 'add chain bridge kcore from-overlay'  # missing
nft 'add rule bridge kcore from-overlay meta iifname . ether saddr @overlay-gateways counter drop'
nft 'add rule bridge kcore from-overlay meta protocol ip meta l4proto udp th dport 67 counter drop'
nft 'add rule bridge kcore from-overlay meta protocol ip meta l4proto udp th dport 68 counter drop'
nft 'add chain bridge kcore guard-address'  # missing
nft 'add rule bridge kcore guard-address meta iifname . ether saddr != @port-macs counter drop'
nft 'add rule bridge kcore guard-address meta protocol ip meta iifname . ether saddr . ip saddr != @port-addresses counter drop'
nft 'add rule bridge kcore guard-address meta protocol arp meta iifname . arp saddr ether . arp saddr ip != @port-addresses counter drop'
nft 'add rule bridge kcore guard-address meta protocol ip meta l4proto udp th sport 67 counter drop'
nft 'add rule bridge kcore guard-address meta protocol ip6 meta l4proto udp th sport 547 counter drop'
nft 'add rule bridge kcore guard-address meta protocol ip6 meta l4proto ipv6-icmp icmpv6 type nd-router-advert counter drop'
nft 'add chain bridge kcore guard-mac'  # missing
nft 'add rule bridge kcore guard-mac meta iifname . ether saddr != @port-macs counter drop'
nft 'add chain bridge kcore postrouting { type filter hook postrouting priority 0; policy accept; }'  # missing
nft 'add rule bridge kcore postrouting meta oifname vmap @egress'
nft 'add chain bridge kcore prerouting { type filter hook prerouting priority -300; policy accept; }'  # missing
nft 'add rule bridge kcore prerouting meta iifname vmap @ingress'
nft 'add chain bridge kcore to-overlay'  # missing
nft 'add rule bridge kcore to-overlay meta oifname . ether saddr @overlay-gateways counter drop'
nft 'add rule bridge kcore to-overlay meta protocol ip meta l4proto udp th dport 67 counter drop'
nft 'add rule bridge kcore to-overlay meta protocol ip meta l4proto udp th dport 68 counter drop'
nft 'add chain ip kcore forward { type filter hook forward priority 0; policy accept; }'  # missing
nft 'add rule ip kcore forward meta iifname . meta oifname @same-link accept'
nft 'add rule ip kcore forward meta iifname vmap @from-bridge'
nft 'add rule ip kcore forward meta oifname vmap @to-bridge'
nft 'add rule ip kcore forward meta iifname @guarded-uplinks counter drop'
nft 'add chain ip kcore from-vlan-net'  # missing
nft 'add rule ip kcore from-vlan-net ip saddr != 10.100.0.0/24 counter drop'
nft 'add rule ip kcore from-vlan-net ct state invalid counter drop'
nft 'add rule ip kcore from-vlan-net ct state established,related accept'
nft 'add rule ip kcore from-vlan-net ct status dnat accept'
nft 'add rule ip kcore from-vlan-net meta oifname "eno1.100" accept'
nft 'add rule ip kcore from-vlan-net counter drop'
nft 'add chain ip kcore nat-vlan-net'  # missing
nft 'add rule ip kcore nat-vlan-net ip saddr 10.100.0.0/24 ip daddr 10.100.0.0/24 ct status dnat masquerade'
nft 'add rule ip kcore nat-vlan-net ip saddr 10.100.0.0/24 meta oifname "eno1.100" snat to 192.168.100.10'
nft 'add chain ip kcore output { type nat hook output priority -100; policy accept; }'  # missing
nft 'add rule ip kcore output meta l4proto tcp dnat ip to ip daddr . meta l4proto . th dport map @forwards'
nft 'add rule ip kcore output meta l4proto udp dnat ip to ip daddr . meta l4proto . th dport map @forwards'
nft 'add chain ip kcore postrouting { type nat hook postrouting priority 100; policy accept; }'  # missing
nft 'add rule ip kcore postrouting ip saddr vmap @sources'
nft 'add chain ip kcore prerouting { type nat hook prerouting priority -100; policy accept; }'  # missing
nft 'add rule ip kcore prerouting meta l4proto tcp dnat ip to ip daddr . meta l4proto . th dport map @forwards'
nft 'add rule ip kcore prerouting meta l4proto udp dnat ip to ip daddr . meta l4proto . th dport map @forwards'
nft 'add chain ip kcore to-vlan-net'  # missing
nft 'add rule ip kcore to-vlan-net ct state established,related accept'
nft 'add rule ip kcore to-vlan-net ct status dnat accept'
nft 'add rule ip kcore to-vlan-net counter drop'
nft 'add element bridge kcore ingress { "tap-4b5e57f6" : jump guard-address }'  # missing
nft 'add element bridge kcore port-addresses { "tap-4b5e57f6" . 52:54:00:4b:5e:57 . 0.0.0.0 }'  # missing
nft 'add element bridge kcore port-addresses { "tap-4b5e57f6" . 52:54:00:4b:5e:57 . 10.100.0.100 }'  # missing
nft 'add element bridge kcore port-macs { "tap-4b5e57f6" . 52:54:00:4b:5e:57 }'  # missing
nft 'add element ip kcore forwards { 192.168.100.10 . tcp . 8080 : 10.100.0.100 . 80 }'  # missing
nft 'add element ip kcore from-bridge { "kbr-vlan-net" : jump from-vlan-net }'  # missing
nft 'add element ip kcore guarded-uplinks { "eno1.100" }'  # missing
nft 'add element ip kcore same-link { "kbr-vlan-net" . "kbr-vlan-net" }'  # missing
nft 'add element ip kcore sources { 10.100.0.0/24 : jump nat-vlan-net }'  # missing
nft 'add element ip kcore to-bridge { "kbr-vlan-net" : jump to-vlan-net }'  # missing
ip link add name eno1.100 link eno1 type vlan id 100  # missing
ip link set dev eno1.100 alias 'kcore:vlan 100' group 27491 addrgenmode none up
sysctl -q -w net/ipv4/conf/eno1.100/forwarding=1
ip link add name kbr-vlan-net address 02:6c:2c:4c:fb:26 type bridge stp_state 0 mcast_snooping 0  # missing
ip link set dev kbr-vlan-net alias 'kcore:vlan-net' group 27491 addrgenmode none up
sysctl -q -w net/ipv4/conf/kbr-vlan-net/forwarding=1
ip link add name tap-4b5e57f6 type veth peer name eth0 address 52:54:00:4b:5e:57 mtu 1500 netns /run/netns/web  # missing
ip link set dev tap-4b5e57f6 alias 'kcore:web' group 27491 mtu 1500 addrgenmode none master kbr-vlan-net up
bridge link set dev tap-4b5e57f6 hairpin off
ip link set dev kbr-vlan-net mtu 1500  # mtu 1500
ip address replace 192.168.100.10/24 dev eno1.100  # missing
ip address replace 10.100.0.1/24 dev kbr-vlan-net  # missing
ip route replace 0.0.0.0/0 table 1802987959 via 192.168.100.1 dev eno1.100 proto 107  # missing
ip route replace 10.100.0.0/24 table 1802987959 dev kbr-vlan-net proto 107  # missing
ip route replace 192.168.100.0/24 table 1802987959 dev eno1.100 proto 107  # missing
ip rule add priority 10000 iif kbr-vlan-net lookup 1802987959 protocol 107  # missing
ip rule add priority 10000 from 192.168.100.10/32 lookup 1802987959 protocol 107  # missing