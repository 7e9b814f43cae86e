#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The doctor: what it finds in good health, and each thing that it finds wrong, in a world where it is.

load lib/e2e

setup_file() {
	world_with_database max_connections=40 client_connection_check_interval=1s
	ask_postgres 'create role spillway login; grant pg_monitor to spillway'
	install -m 755 "$BUILD/spillway" "$WORLD"
	as_server sysctl -qw net.core.somaxconn=4096 net.ipv4.tcp_syncookies=1
}
teardown_file() { world_destroy; }
setup() { configure; }
teardown() { as_server sysctl -qw net.core.somaxconn=4096 net.ipv4.tcp_syncookies=1; }

# configure [SED-EXPRESSION]...: a configuration that fits the world, and then does not.
configure() {
	local edits=() expression
	for expression; do edits+=(-e "$expression"); done
	sed -e '' "${edits[@]}" <<-YAML >"$WORLD/spillway.yaml"
		interfaces: [{name: $WORLD_INTERFACE, mode: auto}]
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 30, conninfo: "host=$WORLD/postgres dbname=postgres user=spillway"}
		    pooler: {address: "127.0.0.1:$POOLER_PORT", max_connections: 100}
	YAML
}

probe() { as_server "$@" "$WORLD/spillway" probe --config "$WORLD/spillway.yaml" --json; }

# found CHECK LEVEL TEXT_PATTERN [COMMAND-PREFIX]...: a line like that, whatever the exit code.
found() {
	local check=$1 level=$2 pattern=$3 answer
	shift 3
	answer=$(probe "$@" || true)
	jq -e --arg check "$check" --arg level "$level" --arg pattern "$pattern" \
		'any(.checks[]; .check == $check and .level == $level and (.text | test($pattern)))' <<<"$answer" >/dev/null || {
		printf 'no %s: %s like "%s" in\n%s\n' "$level" "$check" "$pattern" "$answer" >&2
		return 1
	}
}

# exits CODE [COMMAND-PREFIX]...
exits() {
	local code=$1
	shift
	run probe "$@"
	assert_equal "exit code" "$code" "$status"
}

# In a mount namespace of its own, with COMMAND done there.
where() { printf '%s\n' unshare --mount --propagation private sh -c "$1"' && exec "$@"' sh; }

@test "where nothing is wrong each line is ok, and so is the exit code" {
	exits 0
	assert_equal "what is not ok" '' "$(jq -r '.checks[] | select(.level != "ok") | .text' <<<"$output")"
	assert_equal "checks" 'bpffs configuration interface kernel listener lro mtu pgbouncer pooler postgresql privileges programs queues somaxconn syncookies' \
		"$(jq -r '.checks[].check' <<<"$output" | sort -u | xargs)"
	run as_server "$WORLD/spillway" probe --config "$WORLD/spillway.yaml"
	assert_matches "table" '^syncookies +ok +net.ipv4.tcp_syncookies is 1' "$output"
}

@test "without a configuration it looks at the host and all its interfaces; a wrong one is named with its place" {
	run as_server "$WORLD/spillway" probe --config "$WORLD/none.yaml" --json
	assert_equal "exit code" 1 "$status"
	assert_matches "line" 'none.yaml' "$(jq -r '.checks[] | select(.check == "configuration" and .level == "fail").text' <<<"$output")"
	assert_matches "interfaces" "$WORLD_INTERFACE" "$(jq -r '.checks[] | select(.check == "interface").text' <<<"$output")"
	configure 's/mode: fixed/mode: fixt/'
	found configuration fail 'spillway.yaml:5:[0-9]+: services\[0\].budget.mode|spillway.yaml:5:.*fixt'
	exits 1
}

@test "kernel, privileges, bpffs and programs: each fails where it is missing, with exit code 3" {
	local hidden
	mapfile -t hidden < <(where 'mount -t tmpfs none /sys/kernel/btf')
	found kernel fail 'CONFIG_DEBUG_INFO_BTF' "${hidden[@]}"
	exits 3 "${hidden[@]}"
	mapfile -t hidden < <(where 'mount -t tmpfs none /sys/fs && mkdir -p /sys/fs/none')
	found bpffs fail 'mount -t bpf' "${hidden[@]}" setpriv --bounding-set=-sys_admin
	found privileges fail 'CAP_BPF' setpriv --reuid=nobody --clear-groups
	found programs fail 'do not load here: run as root' setpriv --reuid=nobody --clear-groups
	exits 3 setpriv --reuid=nobody --clear-groups
}

@test "an interface that is not there fails, and one with another XDP program warns" {
	configure "s/name: $WORLD_INTERFACE/name: nosuch0/"
	found interface fail 'nosuch0: there is none'
	exits 1
	configure
	attach_xdp_pass as_server
	found interface warn "$WORLD_INTERFACE \(veth\) has XDP program [0-9]+: mode auto will use tc"
	exits 0
	as_server ip link set dev "$WORLD_INTERFACE" xdp off
}

@test "of an interface with its own gate it says where that is" {
	spillwayd_configure <"$WORLD/spillway.yaml"
	spillwayd_run
	found interface ok "$WORLD_INTERFACE \(veth\) has XDP program [0-9]+, in native mode|mode auto will use tc"
	found interface ok "$WORLD_INTERFACE"
	spillwayd_stop
}

@test "one receive queue for several CPUs warns" {
	[ "$(nproc)" -gt 1 ] || skip "missing capability: a second CPU"
	as_server ip link add narrow0 numrxqueues 1 type veth peer name narrow1
	configure "s/name: $WORLD_INTERFACE/name: narrow0/"
	found queues warn "narrow0 has 1 receive queue for $(nproc) CPUs.*ethtool -L narrow0"
	as_server ip link delete narrow0
}

@test "LRO and a large MTU warn in mode auto, fail in mode native, and do not matter in mode tc" {
	local preload=(env LD_PRELOAD="$BUILD/world/say_lro.so")
	as_server ip link add wide0 mtu 9000 type veth peer name wide1
	configure "s/name: $WORLD_INTERFACE/name: wide0/"
	found lro warn 'ethtool -K wide0 lro off' "${preload[@]}"
	found mtu warn 'wide0 has an MTU of 9000.*mode: tc'
	configure "s/name: $WORLD_INTERFACE, mode: auto/name: wide0, mode: native/"
	found lro fail 'ethtool -K wide0 lro off' "${preload[@]}"
	found mtu fail 'wide0 has an MTU of 9000'
	exits 1
	configure "s/name: $WORLD_INTERFACE, mode: auto/name: wide0, mode: tc/"
	assert_equal "lines" '' "$(probe "${preload[@]}" | jq -r '.checks[] | select(.check == "lro" or .check == "mtu").text')"
	as_server ip link delete wide0
}

@test "a small somaxconn warns, and so do SYN cookies that are off or always on" {
	as_server sysctl -qw net.core.somaxconn=128 net.ipv4.tcp_syncookies=0
	found somaxconn warn 'sysctl net.core.somaxconn=4096'
	found syncookies warn 'a full SYN queue drops connections'
	as_server sysctl -qw net.ipv4.tcp_syncookies=2
	found syncookies warn 'every ACK is looked at'
	exits 0
}

@test "where nobody listens it fails; where the backlog is smaller than what may come at once it warns" {
	configure 's/:5432/:5499/' "s/:$POOLER_PORT/:6499/"
	found listener fail 'main: nobody listens at .*:5499'
	found pooler fail 'main: nobody listens at 127.0.0.1:6499'
	exits 1
	# PostgreSQL's is some two times its max_connections.
	configure 's/direct: 30/direct: 200/' 's/max_connections: 100/max_connections: 4000/'
	found listener warn 'keeps [0-9]+ connections .* 200 may come.*somaxconn'
	found pooler warn 'keeps 128 connections .* 1024 may come.*listen_backlog'
}

@test "a budget beyond PostgreSQL's limit fails, one that takes all of it warns" {
	found postgresql ok 'max_connections is 40, of which 3 are reserved'
	configure 's/direct: 30/direct: 38/'
	found postgresql fail 'a budget of 38, but max_connections is 40, of which 3 are reserved.*37 at most'
	exits 1
	configure 's/direct: 30/direct: 36/'
	found postgresql warn 'a budget of 36 of the 37'
	exits 0
	configure 's/mode: fixed, direct: 30/mode: auto, headroom: 37/'
	found postgresql fail 'nothing is left beside a headroom of 37'
}

@test "a PostgreSQL that cannot be asked warns where the budget depends on it, and leaves resets unnoticed by its setting" {
	configure 's/user=spillway/user=nobody_there/'
	found postgresql ok 'cannot be asked for its limits \(.*nobody_there'
	configure 's/user=spillway/user=nobody_there/' 's/mode: fixed/mode: auto/'
	found postgresql warn 'cannot be asked for its limits \(.*nobody_there.*budget.conninfo'
	ask_postgres 'alter role spillway set client_connection_check_interval = 0'
	configure
	found postgresql warn 'client_connection_check_interval is 0'
	ask_postgres 'alter role spillway reset client_connection_check_interval'
}

@test "a PgBouncer that takes fewer clients than it is sent fails, and a small listen_backlog warns" {
	found pgbouncer ok 'max_client_conn is 4000 for 100'
	found pgbouncer ok 'listen_backlog is 128'
	configure 's/max_connections: 100/max_connections: 5000/'
	found pgbouncer fail 'max_client_conn is 4000, and 5000 may be sent there'
	found pgbouncer warn 'listen_backlog is 128, and 1024 may come at once'
	exits 1
	# Its console lets in whom it knows; without one nothing is compared.
	configure "s/127.0.0.1:$POOLER_PORT/127.0.0.1:5432/"
	found pgbouncer ok 'its console cannot be read \(.*\), so its limits are not compared'
}
