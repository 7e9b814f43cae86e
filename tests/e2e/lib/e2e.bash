# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What every bats file loads first: the world, held clients, and assertions that say what was wrong.
# A file makes its world in setup_file; each test starts the daemon with a configuration of its own.

# shellcheck source=tools/world/world.bash
. "$BATS_TEST_DIRNAME/../../tools/world/world.bash"
# shellcheck source=tests/e2e/lib/clients.bash
. "$BATS_TEST_DIRNAME/lib/clients.bash"
# shellcheck source=tests/e2e/lib/asserts.bash
. "$BATS_TEST_DIRNAME/lib/asserts.bash"
[ -z "${WORLD:-}" ] || world_names

# One SYN a client: no second try without TLS. No user's own settings either.
export PGSSLMODE=disable PGGSSENCMODE=disable PSQLRC=/dev/null

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "missing capability: root (network namespaces, bpf)"
}

# For setup_file: the two hosts with PostgreSQL and a pooler in front of it.
world_with_database() {
	need_root
	world_create
	postgres_start "$@"
	pgbouncer_start
}

# For teardown in every file: what a test started ends with it, and a failed one shows why.
end_test() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || [ ! -e "$WORLD/log/spillwayd" ] || show_log spillwayd 20
	release_all
	spillwayd_stop
	rm -f "$WORLD/log/spillwayd"
}
