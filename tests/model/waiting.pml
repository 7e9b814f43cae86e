/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a wait, on two CPUs and in the daemon, beside the slots that are waited for. As in slots.pml
 * an atomic block is one access to shared memory; what is shown there is left out here: that memory may
 * be another flow's, late ACKs, reconciliation.
 *
 *   take_slot, give_slot            include/spillway/slots.h; give_slot with bpf/wake.bpf.h
 *   proctype cpu                    bpf/gate.bpf.h (again, alone), bpf/admit.bpf.h (newcomer, park),
 *                                   bpf/flow.bpf.h (leave: close, expiry, RST)
 *   proctype daemon                 bpf/waiter_turn.bpf.h (turn), bpf/forget.bpf.h (end_wait: timed out, given up,
 *                                   swept), userspace/daemon/room.c (when somebody has a turn)
 *
 * The daemon may be killed and started anew between any two steps; meanwhile a waiter gets in by its own
 * next SYN, and nobody is told anything (STEADY: it lives all the while). No record for the daemon is lost: what is
 * lost the clock finds.
 *
 * Slots: as in slots.pml. Places: the count of those that wait is never below what flows hold, so that a
 * newcomer who sees nobody waiting overtakes nobody; each place is given back once. While a slot is free, and
 * somebody waits whom the daemon knows of, it has been told.
 */
#define BUDGET 1

/* A flow's word. IN: it holds a slot, its handshake complete or not. */
#define NONE	0
#define IN	1
#define CLAIMED 2
#define DEAD	3
#define WAITING 4

byte word[2];
byte used;     /* slots */
byte waiting;  /* places */
bool told[2];  /* copies of SYNs for the daemon */
bool freed;    /* a notice for it */
bool is_alive; /* its heartbeat is fresh */
bool known[2]; /* those that it has in line */
byte at_work;  /* CPUs that have something to do */

/* What the assertions go by: slots taken less those freed, of each flow; places likewise. */
byte owned[2];
byte placed[2];

#define HELD  ((word[0] == IN) + (word[1] == IN))
#define WAIT  ((word[0] == WAITING) + (word[1] == WAITING))
#define CHECK assert(used >= HELD && used <= BUDGET && waiting >= WAIT)

#define swap(key, from, to, lost) if :: word[key] == from -> word[key] = to; CHECK :: else -> goto lost fi

/* --- slots.h, wake.bpf.h ----------------------------------------------------------------------- */

#define take_slot(key, none) \
	do \
	:: atomic { seen = used; if :: seen >= BUDGET -> goto none :: else fi } \
	   atomic { if :: used != seen :: used == seen -> used++; owned[key]++; CHECK; break fi } \
	od

/* Who waits is looked for after the slot is free. */
inline give_slot(key)
{
#ifdef MUTATE_WAKE
	atomic { seen = (waiting > 0) }
#endif
	atomic { assert(owned[key] > 0); owned[key]--; used--; CHECK }
#ifndef MUTATE_WAKE
	atomic { if :: waiting > 0 -> freed = true :: else fi }
#else
	atomic { if :: seen -> freed = true :: else fi }
#endif
}

/* Within an atomic block of the caller's. */
inline take_place(key)
{
	waiting++; placed[key]++
}

inline give_place(key)
{
	assert(placed[key] > 0);
	placed[key]--; waiting--;
	CHECK
}

/* --- one CPU ----------------------------------------------------------------------------------- */

#define END at_work--; k = 0; seen = 0; fresh = false; goto idle

proctype cpu(bool sockets)
{
	byte k, seen;
	bool fresh;

idle:
	atomic {
		if :: k = 0 :: k = 1 fi;
		at_work++;
		if
		:: fresh = is_alive /* a SYN */
		:: sockets && word[k] == IN -> goto leave
		fi
	}
	/* What is no flow is a newcomer; what is claimed or dead, by somebody else, is to come again. */
	atomic {
		if
		:: word[k] == NONE -> goto newcomer
		:: word[k] == WAITING && fresh -> goto send_copy /* the same number */
		:: word[k] == WAITING && fresh /* another one */
		:: word[k] == WAITING && !fresh -> goto alone
		:: else -> END
		fi
	}

	/* replaced: another connection from the same port takes the place. */
	atomic { swap(k, WAITING, CLAIMED, done) }
	atomic { word[k] = WAITING; CHECK; goto send_copy }

newcomer:
	/* The bar. Who is behind it overtakes nobody. */
	atomic { if :: fresh && waiting > 0 -> goto park :: else -> assert(!fresh || WAIT == 0) fi }
	take_slot(k, no_slot);
	atomic { if :: word[k] == NONE -> word[k] = IN; CHECK; END :: else fi }
	give_slot(k);
	atomic { END }
no_slot:
	atomic { if :: fresh :: !fresh -> END fi }
park:
#ifndef MUTATE_PLACE
	atomic { take_place(k) }
	atomic { if :: word[k] == NONE -> word[k] = WAITING; CHECK; goto send_copy :: else fi }
	atomic { give_place(k); END }
#else
	atomic { if :: word[k] == NONE -> word[k] = WAITING :: else -> END fi }
	atomic { take_place(k) }
#endif
send_copy:
	atomic { told[k] = true; END }

alone:
	take_slot(k, done);
	atomic { swap(k, WAITING, CLAIMED, too_late) }
	atomic { word[k] = IN; CHECK }
	atomic { give_place(k); END }
too_late:
	give_slot(k);
	atomic { END }

leave:
	atomic { swap(k, IN, DEAD, done) }
	give_slot(k);
	atomic { word[k] = NONE; END }
done:
	atomic { END }
}

/* --- the daemon -------------------------------------------------------------------------------- */

#define NOTHING_TOLD (!freed && !told[0] && !told[1])
#define IN_VAIN(key) (known[key] && word[key] == WAITING)

proctype daemon()
{
	byte k, seen;

idle:
	if
	:: atomic { told[0] -> told[0] = false; known[0] = true; goto drain }
	:: atomic { told[1] -> told[1] = false; known[1] = true; goto drain }
	:: atomic { freed -> freed = false; goto drain }
	:: atomic { k = 0; goto end_wait }
	:: atomic { k = 1; goto end_wait }
#ifndef STEADY
	:: atomic { is_alive = false; known[0] = false; known[1] = false; goto dead }
#endif
	:: atomic {
		at_work == 0 && NOTHING_TOLD ->
		assert(used == HELD && used == owned[0] + owned[1]);
		assert(waiting == WAIT && waiting == placed[0] + placed[1]);
		assert(used == BUDGET || !(IN_VAIN(0) || IN_VAIN(1)));
		goto idle
	   }
	fi;

dead:
	atomic { is_alive = true; goto idle }

drain:
	atomic { k = 0 }
turn:
	atomic { if :: !known[k] -> goto next :: known[k] && word[k] != WAITING -> known[k] = false; goto next :: else fi }
	take_slot(k, drained);
#ifndef MUTATE_RELEASE
	atomic { swap(k, WAITING, CLAIMED, lost) }
#endif
	atomic { word[k] = IN; known[k] = false; CHECK }
	atomic { give_place(k); goto next }
lost:
	atomic { known[k] = false }
#ifndef MUTATE_LOST
	give_slot(k);
#endif
next:
	atomic { k++; if :: k < 2 -> goto turn :: else -> goto drained fi }
drained:
	atomic { k = 0; seen = 0; goto idle }

	/* Known to the daemon or not: the sweep forgets who fell silent. */
end_wait:
	atomic { if :: word[k] == WAITING :: else -> goto drained fi }
#ifndef MUTATE_END
	atomic { swap(k, WAITING, DEAD, drained) }
#else
	atomic { word[k] = DEAD; CHECK }
#endif
	atomic { give_place(k) }
	atomic { word[k] = NONE; known[k] = false; goto drained }
}

init { atomic { is_alive = true; run cpu(false); run cpu(true); run daemon() } }
