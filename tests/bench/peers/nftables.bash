# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A firewall rule that counts connections, as in nftables' manual and wiki ("Connlimits"): over the limit SYNs are dropped,
# and the client's own next one may find room. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # others read them

# begin_nftables LIMIT
begin_nftables() {
	PORT=5432 POOLED=0
	cat >"$WORLD/rules.nft" <<-RULES
		table inet bench {
		    chain input {
		        type filter hook input priority filter; policy accept;
		        tcp dport 5432 ct state new ct count over $1 drop
		    }
		}
	RULES
	nftables_load
	SERVER_PROCESSES=("$(pid_of postgres)")
	find_server_threads
}
end_nftables() { as_server nft delete table inet bench; }
