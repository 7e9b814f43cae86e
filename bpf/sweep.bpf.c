/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The sweep, run by the daemon every second: handshakes that took too long give their slot back, and
 * entries that nobody needs any more go. Without a daemon a timer of the kernel's runs it, so that the gate
 * goes on alone.
 */
#define COUNTS_IN_TASKS /* see count.bpf.h */

#include "forget.bpf.h"
#include "spillway/fresh.h"

/* After its slot went back a flow is kept for a late ACK: by default the kernel repeats its SYN-ACK for 63 s. */
#define EXPIRED_KEPT_NS (64 * NS_PER_SECOND)
/*
 * After a RST from the client the kernel has no handshake either. There may be an ACK that it has overtaken, on the
 * way or between two CPUs, and only where the listener kept nothing, having answered by a cookie, does that complete
 * anything. Kept for longer they would fill the table at a few thousand a second, which no limit stops: each gives
 * back at once what it took.
 */
#define RESET_KEPT_NS NS_PER_SECOND
/*
 * The longest that a client which still tries keeps silent: gaps double at the most, from 1 s on (RFC
 * 6298, 5.5; 3 s on older systems), so the next is no longer than all before it and the first; and where one SYN
 * was lost, twice as long comes on top. The daemon knows sooner (sw_queue_is_gone()); this is for those that it
 * never heard of.
 */
#define SILENCE_FIRST_NS (6 * NS_PER_SECOND)
#define SILENCE_FACTOR	 4

/*
 * Sources come back soon; an entry without connections that is found again costs no insert. In
 * handshake timeouts, of which the default is 5 s.
 */
#define SOURCE_KEPT 2

#define CLOCK_MONOTONIC 1 /* linux/time.h, which is at odds with libc's */

struct run {
	struct sw_sweep *sweep;
	__u64 handshake_timeout_ns;
	__u64 expired_kept_ns;
};

/* Signed: another CPU may have read its clock after this one. */
static __always_inline int is_past(const struct run *run, __u64 since_ns, __u64 allowed_ns)
{
	return (__s64)(run->sweep->now_ns - since_ns) > (__s64)allowed_ns;
}

/* Renumbered, it has the time twice: the new number came within the first one's. */
static __always_inline int is_overdue(const struct run *run, const struct sw_flow *flow, __u8 flags)
{
	__u64 allowed_ns = run->handshake_timeout_ns;

	return is_past(run, flow->syn_ns, flags & SW_FLOW_RENUMBERED ? 2 * allowed_ns : allowed_ns);
}

static __always_inline __u64 kept_ns(const struct run *run, __u8 flags)
{
	return flags & SW_FLOW_RESET ? RESET_KEPT_NS : run->expired_kept_ns;
}

static int sweep_flow(void *map, struct sw_flow_key *key, struct sw_flow *flow, struct run *run)
{
	struct sw_sweep *sweep = run->sweep;
	/* First: of another connection by the time of the word it is known to be. */
	__u32 isn = *(volatile __u32 *)&flow->isn;
	__u64 seen = flow_word(flow);
	struct sw_flow was = unpack(seen);

	(void)map;
	if (was.tag != sw_flow_tag(key))
		return 0;
	if (was.state == SW_FLOW_HALF_OPEN && is_overdue(run, flow, was.flags)) {
		sweep->flows_expired +=
			flow_expire(key, flow, seen, sweep->now_ns, SW_COUNTER_EXPIRED);
	} else if (was.state == SW_FLOW_WAITING &&
		   is_past(run, flow->state_ns,
			   SILENCE_FACTOR * (flow->state_ns - flow->syn_ns) + SILENCE_FIRST_NS)) {
		sweep->flows_removed += waiter_forget(key, flow, seen, isn, SW_WAIT_ABANDONED);
	} else if (was.state == SW_FLOW_EXPIRED &&
		   is_past(run, flow->state_ns, kept_ns(run, was.flags)) &&
		   flow_move(flow, seen, SW_FLOW_DEAD, 0)) {
		cookie_unwatch(flow->service, was.flags);
		sweep->flows_removed += flow_delete(key, flow);
	}
	return 0;
}

/* Like flow_delete(): an entry that stayed claimed would keep its source out for good. */
static __always_inline int source_delete(void *map, struct sw_source_key *key,
					 struct sw_source_live *live)
{
	long err = bpf_map_delete_elem(map, key);

	if (!err || err == -ENOENT)
		return 1;
	sw_source_stay(live);
	return 0;
}

static int sweep_source(void *map, struct sw_source_key *key, struct sw_source_live *live,
			struct run *run)
{
	struct sw_sweep *sweep = run->sweep;

	if (sw_source_live_count(live->word) || sw_source_waiting_count(live->word)) {
		live->seen_ns = sweep->now_ns;
	} else if (is_past(run, live->seen_ns, SOURCE_KEPT * run->handshake_timeout_ns) &&
		   sw_source_retire(live)) {
		sweep->sources_removed += source_delete(map, key, live);
	}
	return 0;
}

static __always_inline void sweep_by(const struct sw_control *said, struct sw_sweep *sweep)
{
	struct run run = {.sweep = sweep, .handshake_timeout_ns = said->handshake_timeout_ns};

	run.expired_kept_ns = said->late_ack_s * NS_PER_SECOND;
	if (run.expired_kept_ns < EXPIRED_KEPT_NS)
		run.expired_kept_ns = EXPIRED_KEPT_NS;
	bpf_for_each_map_elem(&flows, sweep_flow, &run, 0);
	bpf_for_each_map_elem(&source_live, sweep_source, &run, 0);
}

SEC("syscall")
int sweep_all(struct sw_sweep *sweep)
{
	struct sw_control *said = bpf_map_lookup_elem(&control, &the_only);

	if (!said)
		return -ENOENT;
	sweep->now_ns = bpf_ktime_get_ns();
	sweep_by(said, sweep);
	return 0;
}

/* In a softirq, like the gate. While a daemon lives there is nothing to do: it sweeps in its own time. */
static int sweep_alone(void *map, __u32 *key, struct sw_sweep_timer *at)
{
	struct sw_control *said = bpf_map_lookup_elem(&control, &the_only);
	struct sw_sweep sweep = {.now_ns = bpf_ktime_get_ns()};

	(void)map, (void)key;
	if (said && !sw_decide_is_fresh(said, sweep.now_ns))
		sweep_by(said, &sweep);
	at->looked++;
	bpf_timer_start(&at->timer, NS_PER_SECOND, 0);
	return 0;
}

/* The timer may run already, with the program of the daemon before this one: from now on it runs ours. */
SEC("syscall")
int arm_sweep(void *ctx)
{
	struct sw_sweep_timer *at = bpf_map_lookup_elem(&sweep_timer, &the_only);
	long err;

	(void)ctx;
	if (!at)
		return -ENOENT;
	err = bpf_timer_init(&at->timer, &sweep_timer, CLOCK_MONOTONIC);
	if (err && err != -EBUSY)
		return err;
	err = bpf_timer_set_callback(&at->timer, sweep_alone);
	return err ? err : bpf_timer_start(&at->timer, NS_PER_SECOND, 0);
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
