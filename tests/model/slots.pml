/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a flow's direct slot, on two CPUs and beside the daemon, in every interleaving of their
 * steps on shared memory; a compare-and-swap is one step, a look and then one are two. tests/model/run
 * has spin search all of it, and once more with each guard taken out.
 *
 *   take_slot, give_slot, take_anyway    include/spillway/slots.h, less the split of reserves
 *   note_flow, confirm, end_flow, expire bpf/flow.bpf.h, bpf/confirm.bpf.h; undo is flow_undo()
 *   proctype cpu                         bpf/gate.bpf.h and bpf/admit.bpf.h (syn), bpf/refused.bpf.c (rst, too),
 *                                        bpf/life.bpf.c (ack, close), the kernel's TCP between them
 *   proctype timer                       bpf/sweep.bpf.c, run by the kernel where there is no daemon
 *   proctype daemon                      bpf/sweep.bpf.c (sweep), bpf/reconcile.bpf.c (adopt, suspect,
 *                                        release), userspace/policy/reconcile.c (what is asked)
 *
 * A SYN with a new number is one with ONE_TUPLE only, and so is one that finds no listener, for the number of states.
 * Who waits is in waiting.pml, and how gates change over to other maps in changeover.pml.
 *
 * Whatever may time out may do so at any moment, any event may be lost, and the daemon may start anew
 * between any two steps. One assumption is about time: a SYN that was in the gate when a flow was
 * marked has come to TCP by the time that the daemon has gone on to look up the socket.
 *
 * Invariant 1: the count of slots is never below what flows hold nor, but for connections that may not
 * be refused, above the budget, and is what flows hold when nobody is at work. Invariant 2: a slot is
 * freed once. After reconciliation it is what the kernel's sockets hold.
 *
 * Several searches, because one of everything has too many states. With ONE_TUPLE: one 4-tuple, used again
 * and again, both CPUs do everything, and the daemon reconciles at any time. Without: two 4-tuples, one
 * CPU for the wire and one for sockets, and the daemon reconciles when nothing else happens. A third one, with
 * ONE_TUPLE and ALONE, is of the two that sweep: the kernel's timer, and a daemon that has just come back. And two
 * of one CPU beside reconciliation: with SOURCES, where a connection that may not be refused may find no room in the
 * table of sources (SW_FLOW_UNSOURCED), and with LINGERING, where this side closes connections whose clients do not
 * answer (userspace/daemon/reconcile_closed.c). With TOLD every event is told and
 * a RST to a connection and a SYN come right behind each other, both to the gate before either comes to TCP
 * (SW_FLOW_ENDING): then what is connected is counted. With COOKIES a handshake's ACK may bring a cookie
 * (SW_FLOW_COOKIE, bpf/steer.bpf.h), and as many flows are counted as say so: also expired ones.
 */
#ifdef ONE_TUPLE
#define KEYS 1
#else
#define KEYS 2
#endif
#define BUDGET 1
#define NOWHERE 3 /* no memory cell */

/* A flow's word: its state, a flag that means what fits the state, and its tag, here the key itself. */
#define NONE	  0
#define HALF_OPEN 1
#define OPEN	  2
#define EXPIRED	  3
#define CLAIMED	  4
#define DEAD	  5
#define SUSPECT	  8 /* OPEN */
#define ENDING	  8 /* OPEN, with TOLD, where nothing is suspect */
#define RENUMBERED 8 /* HALF_OPEN */
#ifdef SOURCES
#define UNSOURCED 16 /* the table of sources had no room for it */
#else
#define UNSOURCED 0
#endif
#ifdef COOKIES
#define COOKIE	  16 /* HALF_OPEN, EXPIRED */
#else
#define COOKIE	  0
#endif
#define STATE(w) ((w) & 7)
#define TAG(w)	 ((w) >> 5)
#define WORD(key, state) (((key) << 5) | (state))
#define PLAIN(w) ((w) - ((w) & (UNSOURCED + COOKIE))) /* without those flags */
#define IS_LIVE(w) (STATE(w) == HALF_OPEN || STATE(w) == OPEN)
#define IS_SOURCED(w) (IS_LIVE(w) && PLAIN(w) == (w))

#define NO_SOCKET 0
#define REQUEST	  1
#define CONNECTED 2
#define CLOSED	  3 /* on this side, by its process; its client does not answer */

byte cell[2] = NOWHERE; /* the map: where a key's flow lies; a deleted one's cell is used again at once */
byte word[2];	   /* by cell */
byte used;
#ifdef SOURCES
byte of_source; /* those that the entry of their source counts */
#define COUNT_SOURCE ; of_source++
#define HOW	     how
#define FORGET_HOW   ; how = 0
#else
#define COUNT_SOURCE
#define HOW 0
#define FORGET_HOW
#endif
#ifdef COOKIES
byte watched; /* flows with COOKIE */
#define IS_WATCHED(w) (((w) & COOKIE) != 0)
#define UNWATCH(w)    if :: (w) & COOKIE -> assert(watched > 0); watched-- :: else fi
#else
#define UNWATCH(w)
#endif
byte socket[2];
bool handled[2];	   /* the kernel works at one socket on one CPU at a time */
#ifdef TOLD
#define MAY_CLOSE false /* but by a RST */
#define LOST	  false
#define IS_TOLD	  if :: socket[0] != CONNECTED :: socket[0] == CONNECTED && cell[0] != NOWHERE -> assert(STATE(word[cell[0]]) == OPEN) :: else -> assert(false) fi
#else
#define MAY_CLOSE true
#define LOST	  true
#define IS_TOLD
#endif
byte in_gate[2];	   /* SYNs between the wire and TCP */
byte at_work;		   /* CPUs that have something to do */
bool quiet;		   /* nothing new happens, so that the sums can be looked at */

/* What the assertions go by: slots taken less those freed, of each key; takes beyond the budget. */
byte owned[2];
byte over;

#define HELD (IS_LIVE(word[0]) + IS_LIVE(word[1]))
#define CHECK assert(used >= HELD && used <= BUDGET + over)

/*
 * In what follows an atomic block is one access to shared memory and what is done with its result in
 * registers; gotos lead from one to the next, because every other statement would be a step of its own.
 * An inline ends at a label of its caller's: confirm at confirmed, and so on.
 */

/* --- slots.h ----------------------------------------------------------------------------------- */

inline take_slot(key)
{
	do
	:: atomic { seen = used; if :: seen >= BUDGET -> goto not_taken :: else fi }
	   atomic {
		if
#ifndef MUTATE_TAKE
		:: used != seen
		:: used == seen ->
#else
		:: true ->
#endif
			used++; owned[key]++ COUNT_SOURCE; CHECK; break
		fi
	   }
	od
}

/* `how` is the flag for the flow that it is for: with SOURCES there may be no room. */
inline take_anyway(key)
{
	atomic {
		used++; owned[key]++; if :: used > BUDGET + over -> over++ :: else fi; CHECK;
#ifdef SOURCES
		if :: how = 0; of_source++ :: how = UNSOURCED fi
#endif
	}
}

/* Of a flow with that word; within an atomic block of the caller's. */
inline give_slot(key, held)
{
	assert(owned[key] > 0);
	owned[key]--; used--;
	if :: over > 0 && used < BUDGET + over -> over-- :: else fi;
	CHECK;
#ifdef SOURCES
#ifndef MUTATE_SOURCE
	if :: held & UNSOURCED :: else -> assert(of_source > 0); of_source-- fi
#else
	assert(of_source > 0); of_source--
#endif
#endif
}

/* --- flow.bpf.h -------------------------------------------------------------------------------- */

/* A compare-and-swap and where to go when it is lost; within an atomic block, too. */
#define swap(from, to, lost) if :: word[c] == from -> word[c] = to; CHECK :: else -> goto lost fi

/* bpf_map_update_elem with BPF_NOEXIST: a deleted flow's memory may be any other's at once. */
#define insert(key, fresh, exists) \
	if \
	:: cell[key] != NOWHERE -> goto exists \
	:: cell[key] == NOWHERE && cell[1 - key] != 0 -> c = 0 \
	:: cell[key] == NOWHERE && cell[1 - key] != 1 -> c = 1 \
	fi; \
	word[c] = fresh; cell[key] = c; CHECK

inline note_flow(key)
{
	atomic { insert(key, WORD(key, HALF_OPEN), revive); goto noted }
revive:
	atomic { c = cell[key]; if :: c == NOWHERE -> goto not_noted :: else fi }
	atomic { seen = word[c]; if :: PLAIN(seen) != WORD(key, EXPIRED) -> goto not_noted :: else fi }
#ifndef MUTATE_REVIVE
	atomic { swap(seen, WORD(key, CLAIMED), not_noted) }
#endif
#if defined(COOKIES) && !defined(MUTATE_UNWATCH)
	atomic { UNWATCH(seen) }
#endif
	atomic { word[c] = WORD(key, HALF_OPEN); CHECK; goto noted }
}

inline confirm(key)
{
	atomic { c = cell[key]; if :: c == NOWHERE -> goto confirmed :: else fi }
look_at_handshake:
	atomic {
		seen = word[c];
		if
		:: TAG(seen) == key && STATE(seen) == HALF_OPEN
		:: PLAIN(seen) == WORD(key, EXPIRED) -> goto late
		:: else -> goto confirmed
		fi
	}
	atomic { swap(seen, WORD(key, OPEN) | (seen & UNSOURCED), look_at_handshake); UNWATCH(seen); goto confirmed }
late:
#ifndef MUTATE_LATE_ACK
	take_anyway(key);
#endif
	atomic { swap(seen, WORD(key, OPEN) | HOW, too_late); UNWATCH(seen); goto confirmed }
too_late:
	atomic { give_slot(key, HOW); goto confirmed }
}

inline end_flow(key)
{
	atomic { c = cell[key]; if :: c == NOWHERE -> goto ended :: else fi }
look_at_end:
	atomic {
		seen = word[c];
		if
#ifndef MUTATE_TAG
		:: TAG(seen) != key -> goto ended
#endif
		:: STATE(seen) < HALF_OPEN || STATE(seen) > EXPIRED -> goto ended
		:: else
		fi
	}
#ifndef MUTATE_DOUBLE_CLOSE
	atomic { swap(seen, WORD(TAG(seen), DEAD), look_at_end); UNWATCH(seen); if :: !IS_LIVE(seen) -> goto delete :: else fi }
#else
	atomic { word[c] = WORD(TAG(seen), DEAD); if :: !IS_LIVE(seen) -> goto delete :: else fi }
#endif
	atomic { give_slot(key, seen) }
delete:
	atomic { cell[key] = NOWHERE; goto ended }
}

inline expire(key)
{
#ifndef MUTATE_CAS
	atomic { swap(seen, WORD(key, EXPIRED) | (seen & (UNSOURCED + COOKIE)), not_half_open) }
#else
	atomic { if :: word[c] == seen -> word[c] = WORD(key, EXPIRED) :: else fi }
#endif
	atomic { give_slot(key, seen); goto not_half_open }
}

/* --- one CPU: what comes from the wire and what the kernel makes of it ------------------------- */

#define END	    at_work--; k = 0; c = 0; seen = 0 FORGET_HOW; goto idle
#define ASKED(key)  (socket[key] == REQUEST && !handled[key])
#define THERE(key)  (socket[key] != NO_SOCKET && !handled[key])
#define END_SYN	    in_gate[k]--; END
#define END_SOCKET  handled[k] = false; END
#if KEYS == 1
#define SOME_KEY k = 0
#else
#define SOME_KEY if :: k = 0 :: k = 1 fi
#endif

/* A SYN that passed makes a request, if the listener has room and there is no socket yet. */
#define PASS if :: socket[k] == NO_SOCKET -> socket[k] = REQUEST :: true fi; END_SYN

proctype cpu(bool wire; bool sockets)
{
	byte k, c, seen;
#ifdef TOLD
	bool behind, passes; /* a RST, and whether the SYN does */
#endif
#ifdef SOURCES
	byte how;
#endif

idle:
	if
	:: atomic { wire && !quiet -> SOME_KEY; at_work++; in_gate[k]++; goto syn }
#ifndef TOLD
	:: atomic { wire && !quiet -> SOME_KEY; at_work++; goto rst }
#else
	:: atomic { wire && !quiet && socket[0] == CONNECTED && !handled[0] -> at_work++; in_gate[0]++; behind = true; goto rst_to_open }
#endif
	:: atomic {
		sockets && !quiet && (ASKED(0) || ASKED(1)) ->
		if
		:: ASKED(0) -> k = 0
		:: ASKED(1) -> k = 1
		fi;
		at_work++; handled[k] = true; socket[k] = CONNECTED; goto ack
	   }
	:: atomic {
		MAY_CLOSE && sockets && !quiet && (THERE(0) || THERE(1)) ->
		if
		:: THERE(0) -> k = 0
		:: THERE(1) -> k = 1
		fi;
		at_work++; handled[k] = true; socket[k] = NO_SOCKET; goto close
	   }
#ifdef LINGERING
	:: atomic { sockets && !quiet && socket[0] == CONNECTED && !handled[0] -> socket[0] = CLOSED; goto idle }
#endif
	fi;

#ifdef TOLD
rst_to_open:
	atomic { c = cell[k]; if :: c == NOWHERE -> goto syn :: else fi }
	atomic { seen = word[c]; if :: PLAIN(seen) != WORD(k, OPEN) -> goto syn :: else fi }
#ifndef MUTATE_ENDING
	atomic { swap(seen, seen | ENDING, rst_to_open) }
#endif
#endif
syn:
	atomic { c = cell[k]; if :: c == NOWHERE -> goto admit :: else fi }
	atomic {
		seen = word[c];
		if
		:: PLAIN(seen) == WORD(k, HALF_OPEN) -> goto pass
#ifdef ONE_TUPLE
		:: PLAIN(seen) == WORD(k, HALF_OPEN) -> goto renumber /* its number is another */
#endif
		:: PLAIN(seen) == (WORD(k, HALF_OPEN) | RENUMBERED) || PLAIN(seen) == WORD(k, OPEN) -> goto pass
		:: PLAIN(seen) == (WORD(k, OPEN) | SUSPECT) -> goto clear
		:: PLAIN(seen) == WORD(k, EXPIRED) -> goto admit
		:: else -> END_SYN
		fi
	}
#ifdef COOKIES
watch: /* The listener may answer by a cookie: counted before the flow says so. */
	atomic { c = cell[k]; if :: c == NOWHERE -> goto steer :: else fi }
	atomic { seen = word[c]; if :: seen == WORD(k, HALF_OPEN) -> watched++ :: true -> goto steer fi }
	atomic { swap(seen, seen | COOKIE, unwatch); goto steer }
unwatch:
	atomic { watched--; goto steer }
#endif
clear: /* What is suspect may be about to have a socket; what is ending has one for a moment only. */
#ifndef TOLD
	atomic { swap(seen, seen - SUSPECT, drop); goto pass }
#else
	atomic { swap(seen, seen - ENDING, drop); goto drop }
#endif
renumber: /* A flag alone: what else is written might be another flow's by now. */
#ifndef MUTATE_RENUMBER
	atomic { swap(seen, seen | RENUMBERED, drop); goto pass }
#else
	atomic { word[c] = seen | RENUMBERED; CHECK; goto pass }
#endif
noted:
pass:
#ifdef COOKIES
	goto watch;
steer:
#endif
#ifdef TOLD
	atomic { if :: behind -> passes = true; goto rst_at_tcp :: else fi }
#endif
	atomic { PASS }
admit:
	take_slot(k);
	note_flow(k);
not_noted:
	atomic { give_slot(k, 0) }
not_taken:
drop:
#ifdef TOLD
	atomic { if :: behind -> passes = false; goto rst_at_tcp :: else fi }
#endif
	atomic { END_SYN }
#ifdef TOLD
rst_at_tcp:
	atomic { if :: socket[k] == CONNECTED && !handled[k] -> handled[k] = true; socket[k] = NO_SOCKET; goto close :: else -> goto syn_at_tcp fi }
syn_at_tcp:
	atomic { behind = false; if :: passes -> passes = false; PASS :: else -> END_SYN fi }
#endif

rst:
	atomic { c = cell[k]; if :: c == NOWHERE -> goto rst_passes :: else fi }
	atomic {
		seen = word[c];
		if
#ifdef ONE_TUPLE
		/* This host's own: it has no socket for the SYN. */
		:: TAG(seen) == k && STATE(seen) == HALF_OPEN && socket[k] == NO_SOCKET -> goto undo
#endif
#ifdef COOKIES
		/* No RST of a client is sure. */
		:: seen & COOKIE -> goto rst_passes
#endif
		:: PLAIN(seen) == WORD(k, HALF_OPEN)
		:: PLAIN(seen) != WORD(k, HALF_OPEN) -> goto rst_passes
		fi
	}
	expire(k);
#ifdef ONE_TUPLE
undo:
#ifndef MUTATE_UNDO
	atomic { swap(seen, WORD(k, DEAD), rst_passes); UNWATCH(seen) }
#else
	atomic { word[c] = WORD(k, DEAD); CHECK }
#endif
	atomic { give_slot(k, seen) }
	atomic { cell[k] = NOWHERE; goto rst_passes }
#endif
not_half_open:
rst_passes:
	/* The kernel may find that it is not the request's. */
	atomic { if :: socket[k] == REQUEST && !handled[k] -> socket[k] = NO_SOCKET :: true fi; END }

ack:
	if :: true :: atomic { LOST /* is the event */ -> goto handled_it } fi;
	confirm(k);

close:
	/* Also of a connection that nobody accepted. */
	if :: true :: atomic { LOST /* is the event */ -> goto handled_it } fi;
	end_flow(k);

confirmed:
ended:
handled_it:
#ifdef TOLD
	atomic { if :: behind -> handled[k] = false; goto syn_at_tcp :: else fi }
#endif
	atomic { END_SOCKET }
}

/* --- without a daemon: the kernel's timer, beside one that just comes or goes --------------------- */

#ifdef ALONE
proctype timer()
{
	byte k, c, seen;

idle:
	atomic { !quiet && cell[0] != NOWHERE -> c = cell[0]; at_work++ }
	atomic {
		seen = word[c];
		if
		:: PLAIN(seen) == WORD(k, HALF_OPEN) || PLAIN(seen) == (WORD(k, HALF_OPEN) | RENUMBERED) -> goto overdue
		:: PLAIN(seen) == WORD(k, EXPIRED)
		:: else -> goto looked
		fi
	}
#ifndef MUTATE_TIMER
	atomic { swap(seen, WORD(k, DEAD), looked); UNWATCH(seen) }
#else
	atomic { word[c] = WORD(k, DEAD); CHECK }
#endif
	atomic { cell[k] = NOWHERE; goto looked }
overdue:
	expire(k);
not_half_open:
looked:
	atomic { at_work--; c = 0; seen = 0; goto idle }
}
#endif

/* --- the daemon -------------------------------------------------------------------------------- */

#define NEXT_FLOW  k++; c = 0; seen = 0; was = 0; listed = 0 FORGET_HOW
/* Killed and started anew: what it knew is gone, what it wrote is there. */
#define KILLED	   atomic { !quiet -> goto start }

proctype daemon()
{
	byte k, c, seen, was, listed;
#ifdef SOURCES
	byte how;
#endif

start:
	atomic { NEXT_FLOW; k = 0 }
	if
#if defined(ONE_TUPLE) && !defined(ALONE) && !defined(TOLD)
	:: goto reconcile
#endif
#ifndef TOLD
	:: goto sweep
#endif
	:: quiet = true
	fi;
	atomic {
		at_work == 0 ->
		/* Invariants 1 and 2 while nobody is at work. */
		assert(used == HELD && used == owned[0] + owned[1]);
		IS_TOLD;
#ifdef COOKIES
		assert(watched == IS_WATCHED(word[0]) + IS_WATCHED(word[1]));
#endif
		/* The clients of what is half open have gone. */
		if :: socket[0] == REQUEST -> socket[0] = NO_SOCKET :: else fi;
		if :: socket[1] == REQUEST -> socket[1] = NO_SOCKET :: else fi
	}

reconcile:
	/* Flows are read one after another, and so are sockets; what was read may be long ago. */
	atomic { if :: cell[k] != NOWHERE -> was = word[cell[k]] :: else fi }
	if
	:: KILLED
	:: atomic {
		listed = socket[k];
		if
		:: listed == REQUEST || listed == CONNECTED -> was = 0; goto adopt
		:: (listed == NO_SOCKET || listed == CLOSED) && TAG(was) == k && STATE(was) == OPEN
		:: else -> goto next
		fi
	   }
	fi;

	/* suspect */
	if :: KILLED :: atomic { c = cell[k]; if :: c == NOWHERE -> goto next :: else fi } fi;
	atomic { swap(was, was | SUSPECT, next); was = was | SUSPECT; c = 0 }
	in_gate[k] == 0;
#ifndef MUTATE_LOOK
	if :: KILLED :: atomic { listed = socket[k]; if :: listed == REQUEST || listed == CONNECTED -> goto next :: else fi } fi;
#endif

	/* release */
	if :: KILLED :: atomic { c = cell[k]; if :: c == NOWHERE -> goto next :: else fi } fi;
#ifdef MUTATE_SUSPECT
	atomic { if :: TAG(word[c]) == k && STATE(word[c]) == OPEN -> was = word[c] :: else fi }
#endif
	atomic {
		swap(was, WORD(k, DEAD), next);
		/* Nothing that is connected is ever released. */
		assert(socket[k] == NO_SOCKET || socket[k] == CLOSED)
	}
	atomic { give_slot(k, was) }
	atomic { cell[k] = NOWHERE; goto next }

adopt:
	if
	:: KILLED
	:: atomic {
		c = cell[k];
		if
		:: c != NOWHERE -> goto adopt_known
		:: else
		fi
	   }
	fi;
	take_anyway(k);
	atomic { insert(k, WORD(k, listed) | HOW, adopted_by_another); goto next }
adopted_by_another:
	atomic { give_slot(k, HOW); goto next }
adopt_known:
	atomic {
		seen = word[c];
		if
		:: PLAIN(seen) == (WORD(k, OPEN) | SUSPECT)
		:: listed == CONNECTED && TAG(seen) == k && (STATE(seen) == HALF_OPEN || STATE(seen) == EXPIRED) -> goto adopt_open
		:: else -> goto next
		fi
	}
	atomic { swap(seen, seen - SUSPECT, next); goto next }
adopt_open:
	confirm(k);

confirmed:
next:
	atomic { NEXT_FLOW; if :: k < KEYS -> goto reconcile :: else -> k = 0; if :: quiet :: !quiet -> goto start fi fi }

sweep:
	atomic { c = cell[k]; if :: c == NOWHERE -> goto swept :: else fi }
	atomic {
		seen = word[c];
		if
#ifndef ALONE
		:: !quiet -> goto swept /* it is not its time yet */
#endif
		:: TAG(seen) == k && STATE(seen) == HALF_OPEN -> goto sweep_half_open
		:: PLAIN(seen) == WORD(k, EXPIRED)
		:: else -> goto swept
		fi
	}
	atomic { swap(seen, WORD(k, DEAD), swept); UNWATCH(seen) }
	atomic { cell[k] = NOWHERE; goto swept }
sweep_half_open:
	expire(k);
not_half_open:
swept:
	atomic {
		NEXT_FLOW;
		if
		:: k < KEYS -> goto sweep
		:: k >= KEYS && !quiet -> goto start
		:: k >= KEYS && quiet
		fi;
		/* Now everything is told: what is counted are the sockets that are there. */
		assert(used == HELD && used == (socket[0] == CONNECTED) + (socket[1] == CONNECTED));
#ifdef SOURCES
		assert(of_source == IS_SOURCED(word[0]) + IS_SOURCED(word[1]));
#endif
#ifdef COOKIES
		assert(watched == IS_WATCHED(word[0]) + IS_WATCHED(word[1]));
#endif
		quiet = false;
		goto start
	}
}

init {
#if defined(ALONE)
	atomic { run cpu(true, true); run timer(); run daemon() }
#elif defined(SOURCES) || defined(LINGERING)
	atomic { run cpu(true, true); run daemon() }
#elif defined(TOLD)
	atomic { run cpu(true, false); run cpu(false, true); run daemon() }
#elif defined(ONE_TUPLE)
	atomic { run cpu(true, true); run cpu(true, true); run daemon() }
#else
	atomic { run cpu(true, false); run cpu(false, true); run daemon() }
#endif
}
