#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The package for Debian: installed, upgraded and purged by dpkg in a root of its own, which is this host's with a layer
# above it that is thrown away. What systemd would be there is written down by a stand-in.

load lib/e2e

setup_file() {
	world_with_database max_connections=40
	mkdir -p "$WORLD/package"
	BUILD="$BUILD" "$SPILLWAY_ROOT/tools/deploy/package" 0.1.0 "$WORLD/package"
	make_next
}
teardown_file() { world_destroy; }

setup() { open_root; }
teardown() {
	release_all
	in_root systemctl stop spillwayd.service
	stop_process root
}

package() { printf '%s\n' "$WORLD"/package/spillway_"$1"-1_*.deb; }

# The same package as the next version.
make_next() {
	local next
	next=$(package 0.1.0)
	dpkg-deb -R "$next" "$WORLD/package/next"
	sed -i 's/^Version: .*/Version: 0.2.0-1/' "$WORLD/package/next/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$WORLD/package/next" "${next/_0.1.0-/_0.2.0-}" >/dev/null
}

# A process holds the mounts; when it ends they are gone. ROOT is what is above this host's root.
open_root() {
	ROOT=$WORLD/root
	mkdir -p "$ROOT"
	# shellcheck disable=SC2016 # for the shell in there
	spawn root nsenter --net="/run/netns/$SERVER_NS" unshare --mount --propagation private sh -ec '
		mount -t tmpfs none "$1"
		mkdir "$1/above" "$1/work" "$1/whole"
		mount -t overlay -o "lowerdir=/,upperdir=$1/above,workdir=$1/work" none "$1/whole"
		mount -t proc none "$1/whole/proc"
		mount -t sysfs none "$1/whole/sys"
		mount -t bpf none "$1/whole/sys/fs/bpf"
		mount -t tmpfs none "$1/whole/run"
		mkdir -p "$1/whole/run/systemd/system"
		mkdir "$1/whole/packages"
		cp "$2"/*.deb "$1/whole/packages"
		install -m 755 "$3" "$1/whole/usr/bin/systemctl"
		rm -f "$1/whole/usr/sbin/policy-rc.d"
		touch "$1/whole/ready"
		exec sleep infinity' sh "$ROOT" "$WORLD/package" "$BATS_TEST_DIRNAME/lib/fake_systemctl"
	wait_until "the root is there" in_root test -e /ready
}

in_root() { nsenter --mount="/proc/$(pid_of root)/ns/mnt" --net="/run/netns/$SERVER_NS" chroot "$ROOT/whole" "$@"; }
# One of /packages in there.
install_version() { in_root env DEBIAN_FRONTEND=noninteractive dpkg -i "/packages/$(basename "$(package "$1")")"; }

configure_root() {
	in_root tee /etc/spillway/spillway.yaml >/dev/null <<-YAML
		interfaces: [{name: $WORLD_INTERFACE, mode: $SPILLWAY_ATTACH}]
		services: [{name: main, listen: [":5432"], budget: {direct: 2}, lanes: [direct, refuse], classes: [{name: default, rate: unlimited}]}]
	YAML
}

in_root_status() { in_root spillway status --json | jq -r "$1"; }

@test "lintian finds no error in it" {
	lintian --fail-on error "$(package 0.1.0)"
}

@test "what it installs works: both programs take its configuration, which nobody starts before it says what to guard" {
	install_version 0.1.0
	in_root spillway check /etc/spillway/spillway.yaml
	in_root spillwayd --check
	in_root storm --version
	in_root man -w 8 spillway
	in_root getent group spillway
	assert_equal "capable of loading" '' "$(in_root ldd /usr/sbin/spillwayd | grep 'not found' || true)"
	in_root systemd-analyze verify --man=no spillwayd.service
	nothing_is_started
}

# Neither now nor at the next boot.
nothing_is_started() {
	assert_equal "active" no "$(yes_or_no systemctl is-active spillwayd.service)" &&
		assert_equal "enabled" no "$(yes_or_no systemctl is-enabled spillwayd.service)" &&
		assert_equal "started" '' "$(in_root cat /started 2>/dev/null | xargs)"
}
yes_or_no() { if in_root "$@" >/dev/null; then echo yes; else echo no; fi; }

# The package as debhelper makes it where its rules do not say otherwise, as the version 0.3.0.
make_as_debhelper_would() {
	local tree=$WORLD/tree
	mkdir -p "$tree" "$WORLD/third"
	cp -r "$SPILLWAY_ROOT"/{Makefile,LICENSE,README.md,CHANGELOG.md,tools,userspace} "$tree/"
	sed -i 's/dh_installsystemd .*/dh_installsystemd/' "$tree/tools/deploy/debian/rules"
	BUILD="$BUILD" "$tree/tools/deploy/package" 0.3.0 "$WORLD/third" >/dev/null
	cp "$WORLD"/third/*.deb "$WORLD/package/"
}

@test "a package whose rules leave it to debhelper is enabled and started, and these tests see it" {
	local made
	make_as_debhelper_would
	made=$(package 0.3.0)
	in_root tee "/packages/${made##*/}" <"$made" >/dev/null
	# What starts is looked at by the stand-in, whatever becomes of a daemon that has nothing to guard.
	install_version 0.3.0 || true
	run nothing_is_started
	[ "$status" -ne 0 ]
	assert_equal "enabled" yes "$(yes_or_no systemctl is-enabled spillwayd.service)"
	assert_equal "gate at the start" none "$(in_root cat /started | xargs)"
}

@test "an upgrade exchanges the daemon while the gate and its counts stay" {
	install_version 0.1.0
	configure_root
	in_root systemctl start spillwayd.service
	hold_many 1 2
	assert_equal "slots" 2 "$(in_root_status '.services[0].budget.used')"
	local before
	before=$(in_root_status .daemon.pid)
	install_version 0.2.0
	[ "$(in_root_status .daemon.pid)" != "$before" ]
	assert_equal "slots" 2 "$(in_root_status '.services[0].budget.used')"
	# The stand-in looked before each start: the first time there was nothing, then what the old daemon had left.
	assert_equal "gate at the starts" 'none attached' "$(in_root cat /started | xargs)"
	assert_matches "configuration" 'direct: 2' "$(in_root cat /etc/spillway/spillway.yaml)"
	in_root systemctl stop spillwayd.service
}

@test "an upgrade of what does not run starts nothing" {
	install_version 0.1.0
	install_version 0.2.0
	nothing_is_started
}

@test "a purge takes the gate off and leaves nothing" {
	install_version 0.1.0
	configure_root
	in_root systemctl start spillwayd.service
	in_root test -e /sys/fs/bpf/spillway
	in_root dpkg --purge spillway
	assert_equal "pins" '' "$(in_root find /sys/fs/bpf/spillway 2>/dev/null || true)"
	assert_equal "group" '' "$(in_root getent group spillway || true)"
	# dpkg's own files say that it was there; what is a character device is one that was deleted. The root's own path may
	# have the name in it.
	assert_equal "left" '' "$(nsenter --mount="/proc/$(pid_of root)/ns/mnt" find "$ROOT/above" ! -type c -printf '%P\n' |
		grep spillway | grep -v '^packages/\|/packages/')"
}
