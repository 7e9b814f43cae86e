#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# make install and make uninstall: what lands where. Needs no root and no kernel feature.

load lib/e2e

# make_install TARGET [VARIABLE=VALUE]...: into a folder of the test's own, without building anything.
make_install() {
	local built=()
	mapfile -t built < <(printf -- '-o\n%s\n' "$BUILD"/{spillwayd,spillway,storm})
	make -C "$SPILLWAY_ROOT" --no-print-directory "${built[@]}" BUILD="$BUILD" DESTDIR="$BATS_TEST_TMPDIR/root" "$@"
}

installed() { (cd "$BATS_TEST_TMPDIR/root" && find . -type f -printf '%m %P\n' | sort -k 2); }

@test "make install puts programs, manuals, completions, the unit and the sample where they are found" {
	local root=$BATS_TEST_TMPDIR/root
	make_install install
	diff -u - <(installed) <<-'FILES'
		644 etc/spillway/spillway.yaml
		755 usr/local/bin/spillway
		755 usr/local/bin/storm
		644 usr/local/lib/systemd/system/spillwayd.service
		755 usr/local/sbin/spillwayd
		644 usr/local/share/bash-completion/completions/spillway
		644 usr/local/share/man/man1/storm.1
		644 usr/local/share/man/man5/spillway.yaml.5
		644 usr/local/share/man/man8/spillway.8
		644 usr/local/share/man/man8/spillwayd.8
		644 usr/local/share/spillway/grafana/spillway.json
		644 usr/local/share/spillway/prometheus/alerts.yml
		644 usr/local/share/spillway/prometheus/scrape.yml
		644 usr/local/share/zsh/site-functions/_spillway
	FILES
	"$root/usr/local/bin/storm" --version
	"$root/usr/local/bin/spillway" check "$root/etc/spillway/spillway.yaml"
	"$root/usr/local/sbin/spillwayd" --check --config "$root/etc/spillway/spillway.yaml"
	# Letters are made bold by being struck twice.
	assert_matches "page" '--connect-rate N/s' \
		"$(mandoc -T ascii "$root/usr/local/share/man/man1/storm.1" | sed 's/.\x08//g')"
}

# Whoever has it installed finds no fault with it, and systemd gives it no more than it needs.
@test "the unit is one that systemd has nothing to say against, with an exposure of 3.0 at most" {
	local root=$BATS_TEST_TMPDIR/root
	make_install install PREFIX=/usr
	install -D -t "$root/usr/bin" /usr/bin/mkdir /usr/bin/chown /usr/bin/rmdir
	# It finds none of the units that are in every host.
	assert_equal "systemd-analyze verify" '' \
		"$(systemd-analyze verify --man=no --root="$root" spillwayd.service 2>&1 | grep -v 'sysinit.target not found' || true)"
	systemd-analyze security --offline=yes --threshold=30 --no-pager --root="$root" spillwayd.service
}

@test "the unit names the programs where PREFIX has put them" {
	local unit=$BATS_TEST_TMPDIR/root/opt/x/lib/systemd/system/spillwayd.service
	make_install install PREFIX=/opt/x
	assert_equal "programs" '/opt/x/sbin/spillwayd /opt/x/bin/spillway' \
		"$(sed -nE 's/^Exec(Start|Reload)=([^ ]*).*/\2/p' "$unit" | xargs)"
}

@test "PREFIX says where, but the configuration stays in /etc" {
	make_install install PREFIX=/usr
	[ -x "$BATS_TEST_TMPDIR/root/usr/sbin/spillwayd" ]
	[ -e "$BATS_TEST_TMPDIR/root/etc/spillway/spillway.yaml" ]
	[ ! -e "$BATS_TEST_TMPDIR/root/usr/etc" ]
	[ ! -e "$BATS_TEST_TMPDIR/root/usr/local" ]
}

@test "a configuration that is there stays as it is" {
	mkdir -p "$BATS_TEST_TMPDIR/root/etc/spillway"
	echo '# mine' >"$BATS_TEST_TMPDIR/root/etc/spillway/spillway.yaml"
	make_install install
	assert_equal "configuration" '# mine' "$(cat "$BATS_TEST_TMPDIR/root/etc/spillway/spillway.yaml")"
}

@test "make uninstall takes away what make install put there, and leaves the configuration" {
	make_install install
	make_install uninstall
	assert_equal "left" '644 etc/spillway/spillway.yaml' "$(installed)"
}
