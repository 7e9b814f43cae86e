# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The two network namespaces of a world, a veth pair between them, and a client side that owns two
# whole ranges of addresses. Sourced by tools/world/world.bash.

SERVER_IPV4=10.78.0.1
SERVER_IPV6=fd78::1
GATEWAY_IPV4=10.78.0.2
GATEWAY_IPV6=fd78::2
# Any address in here is one the client may connect from.
CLIENTS_IPV4=10.77.0.0/16
CLIENTS_IPV6=fd77::/32
# The interface has one name at both ends.
WORLD_INTERFACE=eth0
# Only there after net_add_second.
WORLD_SECOND_INTERFACE=eth1

# Not `ip netns exec`: it remounts /sys, and bpffs would be gone inside.
as_server() { nsenter --net="/run/netns/$SERVER_NS" "$@"; }
as_database() { nsenter --net="/run/netns/$DATABASE_NS" "$@"; }
as_client() { nsenter --net="/run/netns/$CLIENT_NS" "$@"; }

# as_client_from ADDRESS COMMAND...: COMMAND's connections come from ADDRESS.
as_client_from() {
	local source=$1
	shift
	as_client env LD_PRELOAD="$BUILD/world/bind_source.so" BIND_SOURCE="$source" "$@"
}

server_address_for() {
	case $1 in
	10.87.*) printf '10.88.0.1\n' ;;
	fd87:*) printf 'fd88::1\n' ;;
	*:*) printf '%s\n' "$SERVER_IPV6" ;;
	*) printf '%s\n' "$SERVER_IPV4" ;;
	esac
}

# Chained with &&: set -e sleeps where a caller tests the outcome.
net_create() {
	ip netns add "$SERVER_NS" &&
		ip netns add "$CLIENT_NS" &&
		net_connect
}

# Lays the cable between the two; again, if somebody took it away.
net_connect() {
	net_create_veth &&
		net_server_side &&
		net_client_side &&
		net_introduce as_server "$GATEWAY_IPV4" "$GATEWAY_IPV6" as_client &&
		net_introduce as_client "$SERVER_IPV4" "$SERVER_IPV6" as_server
}

# Lays a second cable: eth1, by which clients from 10.87.0.0/16 and fd87::/32 come.
net_add_second() {
	local WORLD_INTERFACE=$WORLD_SECOND_INTERFACE SERVER_IPV4=10.88.0.1 SERVER_IPV6=fd88::1 \
		GATEWAY_IPV4=10.88.0.2 GATEWAY_IPV6=fd88::2 CLIENTS_IPV4=10.87.0.0/16 CLIENTS_IPV6=fd87::/32
	net_connect
}

# A third host behind the server, 10.79.0.2, which the clients do not reach: a managed database, to which the
# server is the gateway.
DATABASE_IPV4=10.79.0.2
net_add_database() {
	ip netns add "$DATABASE_NS" &&
		ip link add database0 netns "$SERVER_NS" type veth peer name eth0 netns "$DATABASE_NS" &&
		as_server ip link set database0 up &&
		as_server ip address add 10.79.0.1/24 dev database0 &&
		as_database ip link set lo up &&
		as_database ip link set eth0 up &&
		as_database ip address add "$DATABASE_IPV4/24" dev eth0
}

# A queue for each CPU, as a network card has: packets arrive on all of them at once.
net_create_veth() {
	local queues=(numrxqueues "$(nproc)" numtxqueues "$(nproc)")
	ip link add "$WORLD_INTERFACE" netns "$SERVER_NS" "${queues[@]}" type veth \
		peer name "$WORLD_INTERFACE" netns "$CLIENT_NS" "${queues[@]}"
}

net_server_side() {
	as_server ip link set lo up &&
		as_server ip link set "$WORLD_INTERFACE" up &&
		as_server ip address add "$SERVER_IPV4/24" dev "$WORLD_INTERFACE" &&
		as_server ip address add "$SERVER_IPV6/64" dev "$WORLD_INTERFACE" nodad &&
		as_server ip route add "$CLIENTS_IPV4" via "$GATEWAY_IPV4" &&
		as_server ip -6 route add "$CLIENTS_IPV6" via "$GATEWAY_IPV6"
}

# net_introduce SIDE IPV4 IPV6 OTHER_SIDE: tells a side the other's link address. Neighbour discovery
# would have to wait for a link-local address, which comes whenever the kernel notices the link.
net_introduce() {
	local address link
	link=$("$4" ip -j link show dev "$WORLD_INTERFACE" | jq -r '.[0].address') || return 1
	for address in "$2" "$3"; do
		"$1" ip neighbour replace "$address" lladdr "$link" dev "$WORLD_INTERFACE" nud permanent || return 1
	done
}

# A local route makes the kernel answer for the whole range, so no address is ever added; the IPv6
# bind() needs the sysctl besides.
net_client_side() {
	as_client sysctl -qw net.ipv4.ip_nonlocal_bind=1 net.ipv6.ip_nonlocal_bind=1 \
		net.ipv4.ip_local_port_range='1024 65535' &&
		as_client ip link set lo up &&
		as_client ip link set "$WORLD_INTERFACE" up &&
		attach_xdp_pass as_client &&
		as_client ip address add "$GATEWAY_IPV4/24" dev "$WORLD_INTERFACE" &&
		as_client ip address add "$GATEWAY_IPV6/64" dev "$WORLD_INTERFACE" nodad &&
		as_client ip route replace local "$CLIENTS_IPV4" dev lo &&
		as_client ip -6 route replace local "$CLIENTS_IPV6" dev lo
}

# Loads the programs of tools/world/NAME.bpf.c, calls COMMAND with the folder of their pins as its last
# word, unpins them again: what is attached stays. (ip and tc would do, but leave folders in bpffs.)
with_programs() {
	local object=$1 type=$2 pins=$PIN_DIR-world answer=0
	shift 2
	bpftool prog loadall "$BUILD/world/$object.bpf.o" "$pins" type "$type" || return 1
	"$@" "$pins" || answer=1
	rm -rf "$pins"
	return "$answer"
}

# attach_xdp_pass as_client|as_server: natively, on that side's interface.
attach_xdp_pass() {
	with_programs xdp_pass xdp attach_pinned_xdp "$1"
}

attach_pinned_xdp() {
	"$1" bpftool net attach xdpdrv pinned "$2/xdp_pass" dev "$WORLD_INTERFACE"
}

# tag_client_frames once|twice: the client's frames carry that many VLAN tags from here on; in the
# frame itself, as on a card without offload, so that XDP meets them.
tag_client_frames() {
	as_client ethtool -K "$WORLD_INTERFACE" txvlan off tx-vlan-stag-hw-insert off &&
		as_client tc qdisc add dev "$WORLD_INTERFACE" clsact &&
		with_programs tag_frames classifier attach_pinned_tagger "tag_$1"
}

attach_pinned_tagger() {
	as_client tc filter add dev "$WORLD_INTERFACE" egress bpf direct-action object-pinned "$2/$1"
}

# The first copy of whatever the client is sent is lost from here on, until clear_client_filters.
lose_first_copies() {
	as_client tc qdisc add dev "$WORLD_INTERFACE" clsact &&
		with_programs lose_first classifier attach_pinned_loser ingress lose_first
}

# Likewise whatever the client repeats: what it does not say at once it does not say.
lose_repeated_copies() {
	as_client tc qdisc add dev "$WORLD_INTERFACE" clsact &&
		with_programs lose_first classifier attach_pinned_loser egress lose_repeated
}

attach_pinned_loser() {
	as_client tc filter add dev "$WORLD_INTERFACE" "$1" bpf direct-action object-pinned "$3/$2"
}

# How many were lost so far.
lost_copies() {
	as_client tc -s -j qdisc show dev "$WORLD_INTERFACE" clsact | jq '[.[].drops] | add // 0'
}

# Takes off what tag_client_frames and lose_*_copies put on.
clear_client_filters() {
	as_client tc qdisc delete dev "$WORLD_INTERFACE" clsact 2>/dev/null || true
}

# Ends whatever still runs inside (a namespace is a precise address: nobody else lives there), then
# removes it. The veth pair goes with its first end.
net_destroy() {
	local ns
	for ns in "$SERVER_NS" "$CLIENT_NS" "$DATABASE_NS"; do
		[ -e "/run/netns/$ns" ] || continue
		wait_until "nobody is left in $ns" namespace_is_emptied "$ns" || true
		ip netns delete "$ns"
	done
}

namespace_is_emptied() {
	local pid pids
	pids=$(ip netns pids "$1")
	for pid in $pids; do
		kill -s KILL "$pid" 2>/dev/null || true
	done
	[ -z "$pids" ]
}
