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
 * somebody waits whom the daemon knows of, it has been told. What was decided about one connection is not done to
 * another that took its port.
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
/*
 * Whose connection the first flow is: two from one port differ in its number, and in nothing of the word. That of
 * the copy, and of the one in line. The second has one number, or there is too much to be searched.
 */
bit number, copied, line;
byte at_work;  /* CPUs that have something to do */

/* What the assertions go by: slots taken less those freed, of each flow; places likewise. */
byte owned[2];
byte placed[2];

#define HELD  ((word[0] == IN) + (word[1] == IN))
#define WAIT  ((word[0] == WAITING) + (word[1] == WAITING))
#define CHECK assert(used >= HELD && used <= BUDGET && waiting >= WAIT)

#define swap(key, from, to, lost) if :: word[key] == from -> word[key] = to; CHECK :: else -> goto lost fi

/* What is no flow's, copy's or waiter's is 0. */
#define set(what, key, to) if :: !key -> what = to :: else fi
#define forget(key) known[key] = false; set(line, key, 0)

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

/* --- waiter_claim() in bpf/waiter_ended.bpf.h, once the flow is claimed: that it is still the one of the decision's */

#ifndef MUTATE_ABA
#define is_his(key, who, lost) \
	atomic { if :: key || number == who :: else -> word[key] = WAITING; goto lost fi }
#else
#define is_his(key, who, lost) skip
#endif

/* --- one CPU ----------------------------------------------------------------------------------- */

#define END at_work--; k = 0; seen = 0; own = 0; fresh = false; goto idle

proctype cpu(bool sockets)
{
	byte k, seen;
	bool fresh;
	bit own;

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
		:: word[k] == WAITING && fresh -> own = number & !k; goto send_copy /* the same number */
		:: word[k] == WAITING && fresh && !k -> own = 1 - number /* another one */
		:: word[k] == WAITING && !fresh -> own = number & !k; goto alone
		:: else -> END
		fi
	}

	/* replaced: another connection from the same port takes the place. */
	atomic { swap(k, WAITING, CLAIMED, done) }
	atomic { number = own; word[k] = WAITING; CHECK; goto send_copy }

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
	atomic { told[k] = true; set(copied, k, own); END }

alone:
	take_slot(k, done);
	atomic { swap(k, WAITING, CLAIMED, too_late) }
	is_his(k, own, too_late);
	atomic { set(number, k, 0); word[k] = IN; CHECK }
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
	bit whose;

idle:
	if
	:: atomic { told[0] -> told[0] = false; known[0] = true; line = copied; copied = 0; goto drain }
	:: atomic { told[1] -> told[1] = false; known[1] = true; goto drain }
	:: atomic { freed -> freed = false; goto drain }
	:: atomic { k = 0; goto end_wait }
	:: atomic { k = 1; goto end_wait }
#ifndef STEADY
	:: atomic { is_alive = false; forget(0); known[1] = false; goto dead }
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
	atomic {
		if
		:: !known[k] -> goto next
		:: known[k] && (word[k] != WAITING || (!k && number != line)) -> forget(k); goto next
		:: else
		fi
	}
	take_slot(k, drained);
#ifndef MUTATE_RELEASE
	atomic { swap(k, WAITING, CLAIMED, lost) }
	is_his(k, line, lost);
#endif
	atomic { assert(k || number == line); set(number, k, 0); word[k] = IN; forget(k); CHECK }
	atomic { give_place(k); goto next }
lost:
	atomic { forget(k) }
#ifndef MUTATE_LOST
	give_slot(k);
#endif
next:
	atomic { k++; if :: k < 2 -> goto turn :: else -> goto drained fi }
drained:
	atomic { k = 0; seen = 0; whose = 0; goto idle }

	/* Known to the daemon or not: the sweep forgets who fell silent. */
end_wait:
	atomic { if :: word[k] == WAITING -> whose = number & !k :: else -> goto drained fi }
#ifndef MUTATE_END
	atomic { swap(k, WAITING, CLAIMED, drained) }
	is_his(k, whose, drained);
#else
	atomic { word[k] = CLAIMED; CHECK }
#endif
	atomic { assert(k || number == whose); give_place(k) }
	atomic { set(number, k, 0); word[k] = NONE; forget(k); goto drained }
}

init { atomic { is_alive = true; run cpu(false); run cpu(true); run daemon() } }
