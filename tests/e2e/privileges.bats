#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# Whom the daemon is when it runs, what that user may and still can, and who may change anything through its socket.

load lib/e2e
load lib/left_behind

# Every Debian has them.
SERVANT=games GROUP=daemon NAMED=man UNNAMED=news

setup_file() {
	world_with_database max_connections=40
	ask_postgres 'create role spillway login; grant pg_monitor to spillway'
	# Where those users reach it, wherever the build is.
	install -m 755 "$BUILD/spillway" "$WORLD"
}
teardown_file() { world_destroy; }
teardown() {
	end_test
	rm -rf "$PIN_DIR"
}

# configure [USER [ADMINS]]: a budget that a child asks for, as its database has a name.
configure() {
	spillwayd_configure <<-YAML
		user: "${1-$SERVANT}"
		control: {socket: $SOCKET, group: $GROUP, admin_users: "${2:-}"}
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: auto, direct: 3, conninfo: "host=localhost dbname=postgres user=spillway"}
		    pooler: {address: "127.0.0.1:$POOLER_PORT", max_connections: 100}
		    lanes: [direct, pooler, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# process_says FIELD: of /proc/PID/status, with single blanks.
process_says() { sed -n "s/^$1:[[:blank:]]*//p" "/proc/$(pid_of spillwayd)/status" | tr '\t' ' '; }

# bits NUMBER...: as /proc/PID/status has sets of capabilities.
bits() {
	local bit mask=0
	for bit; do mask=$((mask | 1 << bit)); done
	printf '%016x\n' "$mask"
}

# dac_read_search, net_admin, sys_ptrace, perfmon, bpf: see capabilities(7).
NEEDED=$(bits 2 12 19 38 39)

is_servant() {
	local uid gid
	uid=$(id -u "$SERVANT") gid=$(id -g "$SERVANT")
	assert_equal "uids" "$uid $uid $uid $uid" "$(process_says Uid)"
	assert_equal "gids" "$gid $gid $gid $gid" "$(process_says Gid)"
	assert_equal "groups" "$(id -G "$SERVANT")" "$(process_says Groups | xargs)"
	assert_equal "permitted" "$NEEDED" "$(process_says CapPrm)"
	assert_equal "effective" "$NEEDED" "$(process_says CapEff)"
	assert_equal "inheritable" "$(bits)" "$(process_says CapInh)"
	assert_equal "ambient" "$(bits)" "$(process_says CapAmb)"
	assert_equal "no new privileges" 1 "$(process_says NoNewPrivs)"
}

# Whose the pins are that are not USER's.
not_owned_by() { find "$PIN_DIR" ! -user "$1"; }

# as_user NAME COMMAND...: with the groups of the system, and those in $GROUPS_TOO.
as_user() {
	local name=$1
	shift
	setpriv --reuid="$name" --regid="$(id -g "$name")" --groups="${GROUPS_TOO:-$(id -g "$name")}" "$@"
}
asks() { as_user "$1" "$WORLD/spillway" --socket "$SOCKET" "${@:2}"; }

logged() { grep -q -- "$1" "$WORLD/log/spillwayd"; }

@test "root's daemon goes on as the configured user, with the five capabilities that it needs and no other" {
	configure
	spillwayd_run
	is_servant
	assert_equal "pins of others" '' "$(not_owned_by "$SERVANT")"
	assert_lane 10.77.1.1 direct
}

@test "where there is no such user it says so and goes on as root, and with an empty name without a word" {
	configure nobody-of-that-name
	spillwayd_run
	assert_equal "uids" '0 0 0 0' "$(process_says Uid)"
	logged 'warning: there is no user nobody-of-that-name.*useradd --system'
	spillwayd_stop
	rm "$WORLD/log/spillwayd"
	configure ''
	spillwayd_run
	assert_equal "uids" '0 0 0 0' "$(process_says Uid)"
	logged 'there is no user' && return 1
	assert_lane 10.77.1.1 direct
}

@test "as that user it reloads, tunes, pauses, attaches, detaches, and asks its database" {
	configure
	chmod 600 "$WORLD/spillway.yaml"
	spillwayd_run
	eventually_status "$USED" 0
	assert_status '.services[0].database.up' true
	assert_status '.services[0].budget.mode' auto
	assert_status '.services[0].budget.direct' 3
	sed -i 's/direct: 3/direct: 2/' "$WORLD/spillway.yaml"
	sw reload
	eventually_status '.services[0].budget.direct' 2
	sw limit main default max_direct=1
	hold_many 1 2
	assert_equal "direct clients" 1 "$(held_count direct)"
	sw pause main
	sw resume main
	sw deny 10.77.9.0/24
	assert_equal "a denied one is in" no "$(is_in "$(lane_of 10.77.9.1)")"
	sw forget 10.77.9.0/24
	sw detach "$WORLD_INTERFACE"
	assert_status '.interfaces | length' 0
	sw attach "$WORLD_INTERFACE" --mode "$SPILLWAY_ATTACH"
	assert_status '.interfaces[0].mode' "$SPILLWAY_ATTACH"
	eventually_status "$USED" 1
	# A gate that no interface has needed so far is loaded now.
	sw attach lo --mode "$([ "$SPILLWAY_ATTACH" = tc ] && echo generic || echo tc)"
	sw detach lo
	is_servant
	assert_equal "pins of others" '' "$(not_owned_by "$SERVANT")"
}

@test "as that user it puts its gate on an interface that comes back" {
	configure
	spillwayd_run
	as_server ip link delete "$WORLD_INTERFACE"
	net_connect
	wait_until "the gate is there again" status_is '.interfaces[0].mode' "$SPILLWAY_ATTACH"
	wait_until "clients are counted again" lane_is 10.77.1.1 direct
	is_servant
}

@test "as that user it finds sessions without a flow, and in /proc whether they are with the pooler" {
	local key
	configure
	spillwayd_run
	sw budget main 1
	eventually_status '.services[0].budget.direct' 1
	hold direct 10.77.1.1
	hold pooled 10.77.1.2
	assert_equal "lane" pooler "$(held_lane pooled)"
	release direct
	eventually_status "$USED" 0
	wait_until "there is one flow" only_flow
	mapfile -t key < <(only_flow)
	bpftool map delete pinned "$(flows_pin)" key "${key[@]}"
	assert_equal "adopted" 1 "$(sw status --reconcile --json | jq .reconcile.adopted)"
	# The place of the flow that was lost stays taken, and there is one more, of the same lane.
	assert_status '.services[0].pooler.used' 2
	assert_status "$USED" 0
	is_servant
}

@test "a restart, a hand-over and a kill change daemon and user, and lose no count" {
	configure
	spillwayd_run
	hold_many 1 2
	sw handover
	wait_until "it is gone" process_is_gone spillwayd
	assert_equal "pins of others" '' "$(not_owned_by "$SERVANT")"
	configure ''
	spillwayd_run
	assert_equal "pins of others" '' "$(not_owned_by root)"
	assert_status "$USED" 2
	stop_process spillwayd KILL
	configure
	spillwayd_run
	is_servant
	assert_equal "pins of others" '' "$(not_owned_by "$SERVANT")"
	assert_status "$USED" 2
	release_all
	eventually_status "$USED" 0
	spillwayd_stop
	# Where the folder above is root's, this one stays, empty.
	assert_equal "pins" '' "$(find "$PIN_DIR" -mindepth 1 2>/dev/null)"
	spillwayd_run
	assert_lane 10.77.1.1 direct
}

# As systemd mounts it: nobody but root gets in by its mode.
@test "in a BPF file system that is root's alone it attaches, detaches and stops all the same" {
	configure
	# shellcheck disable=SC2016 # for the shell in there
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" unshare --mount --propagation private sh -c \
		'mount -t bpf -o mode=0700 bpf /sys/fs/bpf && exec "$@"' sh \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	wait_until "it answers" sw status
	is_servant
	sw detach "$WORLD_INTERFACE"
	sw attach "$WORLD_INTERFACE" --mode "$SPILLWAY_ATTACH"
	sw limit main default burst=7
	assert_lane 10.77.1.1 direct
	spillwayd_stop
	assert_equal "complaints" '' "$(grep -v 'control\.\|database' "$WORLD/log/spillwayd" | grep -E 'warning|error' || true)"
}

@test "with what a unit gives, which is no root but the capabilities, it starts, works and stops" {
	local five=bpf,perfmon,net_admin,sys_ptrace,dac_read_search
	configure
	install -d -m 700 -o "$SERVANT" "$PIN_DIR"
	install -d -o "$SERVANT" "$WORLD/run"
	SOCKET=$WORLD/run/s
	sed -i "s|socket: [^,]*|socket: $SOCKET|" "$WORLD/spillway.yaml"
	five=+${five//,/,+}
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" setpriv --reuid="$SERVANT" --regid="$(id -g "$SERVANT")" \
		--groups="$(getent group "$GROUP" | cut -d: -f3)" --bounding-set="-all,$five" --inh-caps="-all,$five" \
		--ambient-caps="-all,$five" --no-new-privs "$BUILD/spillwayd" --foreground \
		--config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	wait_until "it answers" sw status
	assert_equal "effective" "$NEEDED" "$(process_says CapEff)"
	assert_equal "group of the socket" "$GROUP" "$(stat -c %G "$SOCKET")"
	assert_lane 10.77.1.1 direct
	sw reload
	sw detach "$WORLD_INTERFACE"
	sw attach "$WORLD_INTERFACE" --mode "$SPILLWAY_ATTACH"
	asks "$SERVANT" pause main
	asks "$SERVANT" resume main
	spillwayd_stop
	assert_equal "socket" '' "$(find "$WORLD/run" -type s)"
}

@test "who is not in the socket's group gets nothing, who is may look, and who is named as well may change" {
	configure "$SERVANT" "$NAMED, nobody-of-that-name"
	spillwayd_run
	logged 'warning: control.admin_users: there is no user nobody-of-that-name'
	fails_with 3 "group $GROUP" asks "$UNNAMED" status
	fails_with 3 "group $GROUP" asks "$NAMED" status
	GROUPS_TOO=$(getent group "$GROUP" | cut -d: -f3)
	asks "$UNNAMED" status
	fails_with 3 "uid $(id -u "$UNNAMED") may look but not change.*control.admin_users" asks "$UNNAMED" pause main
	fails_with 3 'may look but not change' asks "$UNNAMED" reload
	assert_status '.services[0].queue.paused' false
	asks "$NAMED" pause main
	assert_status '.services[0].queue.paused' true
	sw resume main
	# Another name is heard of by a reload.
	sed -i "s/admin_users: \"[^\"]*\"/admin_users: \"$UNNAMED\"/" "$WORLD/spillway.yaml"
	sw reload
	fails_with 3 'may look but not change' asks "$NAMED" pause main
	asks "$UNNAMED" pause main
	asks "$UNNAMED" resume main
}

@test "each change is logged with who made it, what was and what is; a password is not" {
	local uid
	uid=$(id -u "$NAMED")
	configure "$SERVANT" "$NAMED"
	spillwayd_run
	GROUPS_TOO=$(getent group "$GROUP" | cut -d: -f3)
	asks "$NAMED" limit main default burst=7
	logged "control: uid $uid: limit {\"service\":\"main\",\"class\":\"default\",\"set\":{\"burst\":\"7\"}}: done"
	logged "control: uid $uid: services.main.classes.default.burst: 200 -> 7"
	sw deny 10.77.9.0/24
	logged 'control: uid 0: rules.10.77.9.0/24 on main: none -> "deny"'
	sw forget 10.77.9.0/24
	logged 'control: uid 0: rules.10.77.9.0/24 on main: "deny" -> none'
	sw pause main
	logged 'control: uid 0: paused.main: false -> true'
	sw detach "$WORLD_INTERFACE"
	logged "control: uid 0: interfaces.$WORLD_INTERFACE: .* -> none"
	sed -i 's/user=spillway"/user=spillway password=hidden"/' "$WORLD/spillway.yaml"
	sw reload
	logged 'control: uid 0: services.main.budget.conninfo: changed'
	logged hidden && return 1
	# What came to nothing has changed nothing.
	fails_with 2 'nosuch' sw budget nosuch 3
	[ "$(grep -c 'uid 0: budget' "$WORLD/log/spillwayd")" -eq 1 ]
}
