/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets whose flows are missing, or do not know yet that they are connections: each gets what it has
 * a right to. Used by daemon/reconcile.c.
 */
#include <netinet/tcp.h>
#include <string.h>

#include "daemon/reconcile_parts.h"
#include "kern/route.h"
#include "kern/steps.h"
#include "policy/reconcile.h"
#include "spillway/address.h"

/* Once in a pass, when it is needed. 0 or -errno. */
static int read_stacked(struct sw_pass *pass)
{
	return pass->stacked.count ? 0 : sw_stacked_read(&pass->stacked);
}

/* 1: what comes in by the interface has passed a gate, 0: not, -errno. */
static int is_guarded(struct sw_pass *pass, int ifindex)
{
	int guarded[SW_CONFIG_INTERFACES_MAX];
	size_t count = pass->daemon->attachment_count;
	int failed;

	for (size_t i = 0; i < count; i++) {
		guarded[i] = pass->daemon->attachments[i].ifindex;
		if (guarded[i] == ifindex)
			return 1;
	}
	failed = read_stacked(pass);
	if (failed)
		return failed;
	return sw_stacked_is_over(&pass->stacked, ifindex, guarded, count);
}

/*
 * A link-local client comes by the interface that the socket is bound to, and no route says which that is. In a VRF
 * it is bound to that, whose routes say by which of its ports. 0: none, -errno.
 */
static int interface_of(struct sw_pass *pass, const struct sw_socket *socket)
{
	int failed = socket->interface ? read_stacked(pass) : 0;

	if (failed)
		return failed;
	if (socket->interface && !sw_stacked_is_vrf(&pass->stacked, socket->interface))
		return socket->interface;
	return sw_route_interface(&socket->key.client, socket->interface);
}

/* Sockets are sorted by client: one question for each is enough. 1: it did, 0: not, -errno. */
static int came_by_gate(struct sw_pass *pass, const struct sw_socket *socket)
{
	const struct sw_in6 *client = &socket->key.client;

	if (pass->routed_interface != socket->interface ||
	    memcmp(&pass->routed, client, sizeof(*client))) {
		int ifindex = interface_of(pass, socket);
		int guarded = ifindex > 0 ? is_guarded(pass, ifindex) : ifindex;

		if (guarded < 0)
			return guarded;
		pass->routed = *client;
		pass->routed_interface = socket->interface;
		pass->routed_by_gate = guarded;
	}
	return pass->routed_by_gate;
}

static void fill_in(struct sw_pass *pass, const struct sw_socket *socket,
		    const struct sw_plan_service *service, struct sw_flow_op *op)
{
	struct sw_addr client;

	memcpy(client.bytes, socket->key.client.bytes, sizeof(client.bytes));
	op->key = socket->key;
	op->kind = SW_FLOW_OP_ADOPT;
	op->service = service->id;
	op->class_id = sw_plan_class_of(pass->plan, service, &client)->id;
	op->source_bits = sw_address_is_ipv4(&socket->key.client) ? service->conf.ipv4_bits
								  : service->conf.ipv6_bits;
	op->lane = sw_reconcile_lanes_of(&pass->lanes, pass->plan, service->id, socket);
	/* Whoever has a flow that does not know of the handshake: somebody was to be told of it. */
	op->is_drift = pass->is_drift || (socket->flow != SW_FLOW_NONE && !socket->is_moved);
}

/* As what the socket was just seen to be. */
static int ask_for(struct sw_pass *pass, int state, struct sw_flow_op *op)
{
	op->state = state == TCP_SYN_RECV ? SW_FLOW_HALF_OPEN : SW_FLOW_OPEN;
	return sw_kern_reconcile(pass->daemon->kern, op);
}

static void count(struct sw_reconcile *result, const struct sw_flow_op *op)
{
	result->adopted += op->result == SW_FLOW_OP_DONE;
	result->confirmed += op->result == SW_FLOW_OP_CONFIRMED;
	result->no_room += op->result == SW_FLOW_OP_NO_ROOM;
}

static int note_adopted(const struct sw_pass *pass, const struct sw_flow_op *op)
{
	const struct sw_flow made = {.word = op->seen_word, .service = op->service};

	return pass->adopted ? sw_pass_note(pass->adopted, &op->key, &made) : 0;
}

/*
 * A handshake that was completed just before its flow was made is told to nobody any more, and the flow would
 * give up its slot by itself after handshake_timeout. -errno, or 0 with what the socket is by then.
 */
static int confirm(struct sw_pass *pass, struct sw_flow_op *op, int *state)
{
	int failed;

	if (op->state != SW_FLOW_HALF_OPEN || *state <= 0 || *state == TCP_SYN_RECV)
		return 0;
	failed = ask_for(pass, *state, op);
	if (!failed && (op->result == SW_FLOW_OP_DONE || op->result == SW_FLOW_OP_CONFIRMED))
		failed = note_adopted(pass, op);
	if (!failed && op->result == SW_FLOW_OP_DONE)
		*state = sw_sockets_state(pass->diag, &op->key);
	return failed;
}

/*
 * What became of the socket just before its flow was made, or while that moved, the flow was not told of: one
 * that closed would hold its slot for ever. That it had none was one difference, and what follows is no second one.
 */
static int look_again(struct sw_pass *pass, struct sw_flow_op *op)
{
	int state = sw_sockets_state(pass->diag, &op->key);
	int failed;

	op->is_drift = false;
	failed = confirm(pass, op, &state);
	if (failed || state < 0)
		return failed ? failed : state;
	/* One whose handshake is not complete gives up its slot by itself. */
	if (state || op->state == SW_FLOW_HALF_OPEN)
		return 0;
	return sw_pass_release(pass, &op->key, op->seen_word, op->service, false);
}

static int adopt(struct sw_pass *pass, const struct sw_socket *socket,
		 const struct sw_plan_service *service)
{
	struct sw_flow_op op = {0};
	int failed, state = sw_sockets_state(pass->diag, &socket->key);

	/* One that closed between the two lists ended its flow itself, and is no drift. */
	if (state <= 0)
		return state;
	fill_in(pass, socket, service, &op);
	failed = ask_for(pass, state, &op);
	if (failed)
		return failed;
	count(&pass->result, &op);
	/* What was counted before is not to be given back where the pass fails. */
	if (op.result == SW_FLOW_OP_DONE)
		failed = note_adopted(pass, &op);
	else if (op.result != SW_FLOW_OP_MOVED)
		return 0;
	return failed ? failed : look_again(pass, &op);
}

/* In monitor mode those who would have been refused are in, and have no flow for good reason. */
static bool let_in_anyway(const struct sw_pass *pass)
{
	return pass->is_drift && pass->daemon->config->mode == SW_MODE_MONITOR;
}

/* 1: its flow is to be made or put right, 0: nothing is to be done, -errno. */
static int is_missed(struct sw_pass *pass, const struct sw_socket *socket)
{
	if (socket->is_closed)
		return 0;
	if (socket->is_moved)
		return 1;
	/* Nobody works behind it any more; and what was released of such would be adopted again, as drift. */
	if (socket->is_orphan)
		return 0;
	if (!sw_reconcile_is_missed(socket->half_open, socket->flow))
		return 0;
	if (socket->flow != SW_FLOW_NONE)
		return 1;
	return let_in_anyway(pass) ? 0 : came_by_gate(pass, socket);
}

int sw_pass_adopt_all(struct sw_pass *pass)
{
	for (size_t i = 0; i < pass->sockets.count; i++) {
		const struct sw_socket *socket = &pass->sockets.list[i];
		const struct sw_plan_service *service = sw_plan_service_at(
			pass->plan, &socket->key.server, socket->key.server_port_be);
		int missed, failed;

		sw_pass_show_life(pass);
		missed = service ? is_missed(pass, socket) : 0;
		failed = missed > 0 ? adopt(pass, socket, service) : missed;
		if (failed)
			return failed;
	}
	return 0;
}
