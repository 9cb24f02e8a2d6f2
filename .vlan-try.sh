set -e
for n in world node web; do ip netns add $n; ip -n $n link set lo up; done
ip -n world link add eth0 type veth peer name eno1 netns node
ip -n world link add link eth0 name eth0.100 type vlan id 100
ip -n world addr add 192.168.40.1/24 dev eth0; ip -n world addr add 192.168.100.1/24 dev eth0.100; ip -n world addr add 10.9.9.9/32 dev lo
ip -n world link set eth0 up; ip -n world link set eth0.100 up
ip -n node addr add 192.168.40.101/24 dev eno1; ip -n node link set eno1 up; ip -n node route add default via 192.168.40.1
modprobe br_netfilter || true
ip netns exec node sysctl -q -w net.bridge.bridge-nf-call-iptables=0 || true
ip netns exec node sh -e .vlan-node.sh
ip -n web addr add 10.100.0.100/24 dev eth0; ip -n web link set eth0 up; ip -n web route add default via 10.100.0.1
serve="require('net').createServer(s=>{s.on('error',()=>{});s.end(s.remoteAddress+'\n')}).listen(+process.argv[1],'0.0.0.0')"
ip netns exec web node -e "$serve" 80 & ip netns exec world node -e "$serve" 9999 &
sleep 5
ask() { ip netns exec $1 node -e "const s=require('net').connect({host:'$2',port:$3,localAddress:'$4'||undefined});setTimeout(()=>{console.log('timeout');process.exit()},8000);s.on('data',d=>{console.log(String(d).trim());process.exit()});s.on('error',e=>{console.log(e.code);process.exit()})"; }
echo "web to world (want 192.168.100.10): $(ask web 10.9.9.9 9999 '')"
echo "afar to forward (want 10.9.9.9): $(ask world 192.168.100.10 8080 10.9.9.9)"
echo "host to forward (want 192.168.100.10): $(ask node 192.168.100.10 8080 '')"
echo "self to forward (want 10.100.0.x): $(ask web 192.168.100.10 8080 '')"
ip -n node rule; ip -n node route show table all | grep -v local; uname -r
kill %1 %2
