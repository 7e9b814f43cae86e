/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gates change over to new maps while clients come and go: two counts, and one budget. tests/model/run has spin
 * search all of it, and once more with each guard taken out.
 *
 *   proctype wire    bpf/gate.bpf.h, with sw_must_come_again() of include/spillway/fresh.h
 *   proctype sockets the kernel's TCP, and bpf/life.bpf.c on both sets of maps
 *   proctype sweep   bpf/sweep.bpf.c on both
 *   proctype daemon  userspace/daemon/change_interfaces.c, and a pass of userspace/daemon/reconcile*.c
 *
 * What a gate does with one SYN, and what the maps of one daemon are told of, is one step here: how exact they are by
 * themselves is slots.pml's, and what a port meets that is used again, so each client comes once. As there, a SYN that
 * is in a gate has come to TCP by the time that the daemon has replaced the gate and lists sockets. That a handshake is
 * complete is told and seen at once, and none takes as long as it may.
 *
 * With TWO one of three clients comes by an interface of its own, and the daemon may be killed and started anew at any
 * moment until all gates have moved (SW_MOVING_LATE); what a kill leaves after that, ARCHITECTURE.md says.
 *
 * Invariant: those inside, by whichever gate, are never more than the budget. In the end whoever is inside is counted
 * in the new maps, and nobody else is.
 */
#ifdef TWO
#define INTERFACES 2
#define BY(k) (k > 0)
#else
#define INTERFACES 1
#define BY(k) 0
#endif
#define CLIENTS 3
#define BUDGET	1

#define NONE	  0
#define HALF_OPEN 1
#define OPEN	  2

#define NO_SOCKET 0
#define REQUEST	  1
#define CONNECTED 2

#define DONE 0
#define HALF 1
#define LATE 2

/* By client. A map's count of slots is what its flows hold. */
byte socket[CLIENTS];
byte before[CLIENTS]; /* flows in the maps of the daemon before */
byte flow[CLIENTS];   /* and in the new ones */
bool has_come[CLIENTS];
bool is_closing[CLIENTS];

bool has_moved[INTERFACES];
byte moving = DONE;
bool counts;	/* the new maps are the current ones */
bool fresh;	/* the heartbeat */

#define SUM(of) ((of[0] != 0) + (of[1] != 0) + (of[2] != 0))
#define CHECK assert(SUM(socket) <= BUDGET)

#if defined(MUTATE_MOVING)
#define MUST_COME_AGAIN false
#elif defined(MUTATE_HALF)
#define MUST_COME_AGAIN (moving != DONE && fresh)
#else
#define MUST_COME_AGAIN (moving == HALF || (moving == LATE && fresh))
#endif

/* The listener may have no room; then the same SYN comes again. One that finds its socket changes nothing. */
#define PASS if :: socket[k] = REQUEST; has_come[k] = true; CHECK :: true fi

proctype wire()
{
	byte k;
end:
	do
	:: atomic {
		if :: !has_come[0] -> k = 0 :: !has_come[1] -> k = 1 :: !has_come[2] -> k = 2 fi;
		if :: has_moved[BY(k)] -> goto moved :: else fi;
		if
		:: before[k] != NONE -> PASS
		:: before[k] == NONE && SUM(before) < BUDGET -> before[k] = HALF_OPEN; PASS
		:: else
		fi;
		goto said;
moved:
		if
		:: flow[k] != NONE -> PASS
		:: flow[k] == NONE && !MUST_COME_AGAIN && SUM(flow) < BUDGET -> flow[k] = HALF_OPEN; PASS
		:: else
		fi;
said:
		k = 0
	   }
	od
}

/* What is closed is told when it is no longer seen. */
proctype sockets()
{
	byte k;
end:
	do
	:: atomic {
		if :: socket[0] != NO_SOCKET -> k = 0 :: socket[1] != NO_SOCKET -> k = 1 :: socket[2] != NO_SOCKET -> k = 2 fi;
		if
		:: socket[k] == REQUEST ->
			if :: before[k] == HALF_OPEN -> before[k] = OPEN :: else fi;
			if :: flow[k] == HALF_OPEN -> flow[k] = OPEN :: else fi;
			socket[k] = CONNECTED
		:: socket[k] == REQUEST -> socket[k] = NO_SOCKET /* its client has gone */
		:: socket[k] == CONNECTED -> is_closing[k] = true; socket[k] = NO_SOCKET; goto close
		fi;
		k = 0; goto end
	   }
close:
	   atomic { before[k] = NONE }
	   atomic { flow[k] = NONE; is_closing[k] = false; k = 0 }
	od
}

/* Of a handshake that the kernel still knows the time is not over yet. */
#define OVERDUE(flows, k) (flows[k] == HALF_OPEN && socket[k] != REQUEST && !is_closing[k])

proctype sweep()
{
end:
	do
	:: atomic { OVERDUE(before, 0) -> before[0] = NONE }
	:: atomic { OVERDUE(before, 1) -> before[1] = NONE }
	:: atomic { OVERDUE(before, 2) -> before[2] = NONE }
	:: atomic { OVERDUE(flow, 0) -> flow[0] = NONE }
	:: atomic { OVERDUE(flow, 1) -> flow[1] = NONE }
	:: atomic { OVERDUE(flow, 2) -> flow[2] = NONE }
	od
}

#ifdef TWO
#define MAY_DIE :: atomic { moving != LATE -> fresh = false; goto start }
#else
#define MAY_DIE
#endif
#define STEP(what) if :: atomic { what } MAY_DIE fi

/* The socket is asked for before its flow is made, and after that; that of a flow that has none, once more. */
inline compare()
{
	STEP(if
	     :: is_listed[k]
	     :: !is_listed[k] && flow[k] == OPEN -> made = CONNECTED; goto look
	     :: else -> goto kept
	     fi);
	STEP(state = socket[k]);
	STEP(if
	     :: state == NO_SOCKET -> goto kept
	     :: state != NO_SOCKET && flow[k] == NONE -> flow[k] = state
	     :: state == CONNECTED && flow[k] == HALF_OPEN -> flow[k] = OPEN; goto kept
	     :: else -> goto kept
	     fi);
	made = state;
look:
	STEP(state = socket[k]);
#ifndef MUTATE_CONFIRM
	if :: made == REQUEST && state == CONNECTED :: else -> goto is_seen fi;
	STEP(if
	     :: flow[k] == NONE || flow[k] == HALF_OPEN -> flow[k] = OPEN; made = CONNECTED
	     :: else -> goto kept
	     fi);
	STEP(state = socket[k]);
#endif
is_seen:
#ifndef MUTATE_RELEASE
	if :: made == CONNECTED && state == NO_SOCKET :: else -> goto kept fi;
	STEP(if :: flow[k] == OPEN -> flow[k] = NONE :: else fi);
#endif
kept:
	atomic { state = 0; made = 0; k++ }
}

inline pass()
{
	STEP(is_listed[0] = socket[0] != NO_SOCKET);
	STEP(is_listed[1] = socket[1] != NO_SOCKET);
	STEP(is_listed[2] = socket[2] != NO_SOCKET);
	do
	:: k < CLIENTS -> compare()
	:: else -> break
	od;
	atomic { k = 0; is_listed[0] = false; is_listed[1] = false; is_listed[2] = false }
}

#define IS_LAST(i) (i + 1 == INTERFACES)

#define IS_COUNTED(k) ((socket[k] == NO_SOCKET) == (flow[k] == NONE))

proctype daemon()
{
	byte k, state, made, i;
	bool is_listed[CLIENTS];

start:
	atomic {
		k = 0; state = 0; made = 0; i = 0;
		is_listed[0] = false; is_listed[1] = false; is_listed[2] = false;
		fresh = true;
		/* New maps, unless the ones of the daemon that was killed count already. */
		if :: !counts -> flow[0] = NONE; flow[1] = NONE; flow[2] = NONE; moving = DONE :: else fi
	}
	pass();
	STEP(moving = (INTERFACES > 1 -> HALF : LATE));
	STEP(counts = true);
	do
	:: i < INTERFACES ->
		STEP(has_moved[i] = true);
		STEP(if :: IS_LAST(i) && moving == HALF -> moving = LATE :: else fi; i++)
	:: else -> break
	od;
#ifndef MUTATE_LATE
	pass();
#endif
	atomic { moving = DONE; i = 0 }
	atomic {
		SUM(is_closing) == 0 && !OVERDUE(flow, 0) && !OVERDUE(flow, 1) && !OVERDUE(flow, 2) ->
		assert(IS_COUNTED(0) && IS_COUNTED(1) && IS_COUNTED(2))
	}
}

init {
	atomic { run wire(); run sockets(); run sweep(); run daemon() }
}
