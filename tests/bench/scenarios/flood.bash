# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# SYNs from made-up addresses, which nobody ever follows up, and some clients that mean it. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

FLOOD_RATE=$(sized 20000 10000 500)
SECONDS_EACH=$(sized 6 4 2)
RATE=20
CLIENTS=$((RATE * SECONDS_EACH))
PLACES=40
# Nobody's, behind the client's side.
RAW_SERVER=192.0.2.1
RAW_CLIENTS=10.64.0.0/15

TITLE="A SYN flood of $FLOOD_RATE a second from 131,072 made-up addresses, and $RATE clients a second that mean it"
NOTES="For $SECONDS_EACH s; the clients come evenly, log in, ask once, leave, and wait up to 20 s; latencies count from when each was
due. In each turn they come alone first. CPU: PostgreSQL, whoever is before it, and the kernel threads that receive for
them, less what the same clients take alone, for each SYN of the flood."
COMPARED=p99_ms
SERVED=served_percent

contestant spillway ours 'Spillway, queue'
contestant cookies peer "the kernel's SYN cookies"
contestant nftables_limit peer 'nftables, a rate for each source'
contestant nftables_synproxy peer 'nftables, synproxy'

metric served_percent higher 'clients served, %'
metric p50_ms lower 'login p50, ms'
metric p99_ms lower 'login p99, ms'
metric alone_p99_ms lower 'login p99 without the flood, ms'
metric flood_per_s neither 'flood, SYNs a second'
metric cpu_us_per_syn lower 'CPU a SYN of the flood, us'

goal spillway served_percent '>=' 100 'all clients that mean it are served'
goal spillway p99_ms '<=' 1 cookies "their p99 is no more than with the kernel's SYN cookies alone"

# The kernel's cookies are its default, and so are there for all.
prepare() {
	prepare_server "$PLACES"
	as_server sysctl -qw net.ipv4.tcp_syncookies=1
	as_server ip address add "$RAW_SERVER/32" dev lo
	as_server ip route add "$RAW_CLIENTS" via "$GATEWAY_IPV4"
	as_client ip route add "$RAW_SERVER/32" via "$SERVER_IPV4"
}
finish() { :; }

begin() {
	case $1 in
	spillway) begin_spillway "$PLACES" 'direct, queue, refuse' ;;
	cookies)
		begin_bare
		shows sysctl <<<'net.ipv4.tcp_syncookies = 1'
		;;
	nftables_limit) begin_rules limiting_rules ;;
	nftables_synproxy) begin_rules synproxy_rules ;;
	esac
}
end() {
	case $1 in
	spillway) end_spillway ;;
	cookies) ;;
	*) as_server nft delete table ip bench ;;
	esac
}

begin_rules() {
	PORT=5432 POOLED=0
	SERVER_PROCESSES=("$(pid_of postgres)")
	"$1" >"$WORLD/rules.nft"
	nftables_load
	find_server_threads
}

limiting_rules() {
	cat <<-'RULES'
		table ip bench {
		    set sources {
		        type ipv4_addr
		        size 65535
		        flags dynamic,timeout
		        timeout 10s
		    }
		    chain input {
		        type filter hook input priority filter; policy accept;
		        tcp dport 5432 ct state new update @sources { ip saddr limit rate over 100/second burst 200 packets } drop
		    }
		}
	RULES
}

# As in nftables' wiki ("Synproxy"), with the sysctls that it wants.
synproxy_rules() {
	as_server sysctl -qw net.ipv4.tcp_timestamps=1
	cat <<-'RULES'
		table ip bench {
		    chain early {
		        type filter hook prerouting priority raw; policy accept;
		        tcp dport 5432 tcp flags syn notrack
		    }
		    chain input {
		        type filter hook input priority filter; policy accept;
		        tcp dport 5432 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
		        ct state invalid drop
		    }
		}
	RULES
}

# come NAME: those who mean it.
come() {
	storm_at "$PORT" --even --connect-rate "$RATE/s" --clients "$CLIENTS" --timeout 20s --source-base 10.77.1.1 \
		--source-count 100 >"$WORLD/$1.json"
}

measure() {
	local start middle end flood
	begin "$1"
	[ "$1" != nftables_synproxy ] || as_server sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
	start=$(server_cpu_ns)
	come alone
	settle
	middle=$(server_cpu_ns)
	"$BUILD/tests/bench/world/bench_flood" $((FLOOD_RATE * SECONDS_EACH)) "$FLOOD_RATE" >"$WORLD/flood.json" &
	flood=$!
	come flooded
	wait "$flood"
	settle
	end=$(server_cpu_ns)
	end "$1"
	jq -c --slurpfile flood "$WORLD/flood.json" --slurpfile alone "$WORLD/alone.json" \
		--argjson cpu_ns $((end - middle - (middle - start))) '{
			served_percent: (100 * .succeeded / .clients), p50_ms: .login_ms.p50, p99_ms: .login_ms.p99,
			alone_p99_ms: $alone[0].login_ms.p99, flood_per_s: ($flood[0].sent / $flood[0].seconds),
			cpu_us_per_syn: ($cpu_ns / 1000 / $flood[0].sent), failures: (.failures | map_values(.count))
		}' "$WORLD/flooded.json"
}
