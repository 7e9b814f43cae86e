/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One pass of reconciliation over sockets and flows made by hand, whose every moment the test says.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What the kernel would say and do, said by the test. */
#define sw_clock_monotonic_ns	fake_clock_monotonic_ns
#define sw_diag_close		fake_diag_close
#define sw_diag_open		fake_diag_open
#define sw_kern_beat		fake_kern_beat
#define sw_kern_count		fake_kern_count
#define sw_kern_reconcile	fake_kern_reconcile
#define sw_read_flow		fake_read_flow
#define sw_read_flows		fake_read_flows
#define sw_reconcile_lanes_free fake_reconcile_lanes_free
#define sw_reconcile_lanes_of	fake_reconcile_lanes_of
#define sw_route_interface	fake_route_interface
#define sw_sockets_state	fake_sockets_state
#define sw_sockets_read		fake_sockets_read
#define sw_sockets_read_ending	fake_sockets_read
#define sw_stacked_read		fake_stacked_read

#include "daemon/reconcile.c"
#include "daemon/reconcile_adopt.c"

/* Each half has a step of that name. */
#define release release_closed
#include "daemon/reconcile_closed.c"
#undef release

#define SOCKETS	   1000
#define GATE	   3
#define ON_TOP	   4 /* a device on top of it */
#define BESIDE	   5
#define VRF	   6 /* with two ports, of which one is guarded */
#define MS	   UINT64_C(1000000)
#define NOW	   (1000 * SW_RECONCILE_YOUNG_NS)
#define OP_TAKES   (2 * MS)
#define LOOK_TAKES MS
#define HEARTBEAT  (100 * MS)

static struct {
	struct sw_control control;
	uint64_t now_ns, beaten_ns, longest_ns;
	size_t sockets, flows;
	int looks_left; /* so many more find their socket; -1: all */
	int looks_fail; /* 1: those after them are answered by an error */
	int route;	/* by which the clients come, or an error */
	int vrf_route;	/* by the VRF's routes */
	int bound_to;	/* the sockets, but for the first */
	int routes;	/* that were asked for */
	int links_read; /* how often */
	bool links_fail;
	bool gives_back; /* who asked for the pass */
	bool has_stood;	 /* the gate, before that pass */
	int beats, adopted, suspected, released, drift;
	size_t moved;	  /* open flows of the first sockets, counted under another service */
	size_t half_open; /* so many of the first sockets are not connections yet, */
	int incomplete;	  /* and so many looks at them see that; -1: all */
	uint8_t asked_as; /* what state the last adoption was to be in */
	size_t missed;	  /* the flows of so many of the first sockets wait for their handshakes */
	size_t closed;	  /* so many of the first sockets are closed on this side */
	size_t renewed;	  /* and of these so many are other connections by the next look */
	size_t orphans;	  /* likewise, but nothing says that their clients do not answer */
	bool has_flows;	  /* and all of those have flows, */
	uint64_t syn_ns;  /* which came then */
	int unanswered;	  /* counted */
	uint32_t says;	  /* what comes of a step, enum sw_flow_op_result; 0: DONE */
} world;

uint64_t fake_clock_monotonic_ns(void)
{
	return world.now_ns;
}

int fake_kern_beat(struct sw_kern *kern)
{
	uint64_t passed_ns = world.now_ns - world.beaten_ns;

	(void)kern;
	world.beats++;
	world.longest_ns = passed_ns > world.longest_ns ? passed_ns : world.longest_ns;
	world.beaten_ns = world.now_ns;
	return 0;
}

struct mnl_socket *fake_diag_open(void)
{
	return (struct mnl_socket *)&world;
}

void fake_diag_close(struct mnl_socket **socket)
{
	*socket = NULL;
}

static struct sw_flow_key key_of(size_t number)
{
	return (struct sw_flow_key){
		.client.bytes = {10}, .client_port_be = number, .server_port_be = htons(1)};
}

int fake_sockets_read(const struct sw_ports *ports, struct sw_sockets *out)
{
	(void)ports;
	out->list = calloc(world.sockets + 1, sizeof(*out->list));
	out->count = world.sockets;
	for (size_t i = 0; i < world.sockets; i++)
		out->list[i].key = key_of(i);
	for (size_t i = 1; i < world.sockets; i++)
		out->list[i].interface = world.bound_to;
	for (size_t i = 0; i < world.half_open; i++)
		out->list[i].half_open = true;
	for (size_t i = 0; i < world.closed; i++)
		out->list[i].is_orphan = out->list[i].is_closed = true;
	for (size_t i = 0; i < world.orphans; i++)
		out->list[i].is_orphan = true;
	for (size_t i = 0; i < world.sockets; i++) {
		world.now_ns += LOOK_TAKES;
		out->meanwhile(out->arg);
	}
	return 0;
}

int fake_kern_count(struct sw_kern *kern, uint32_t service, enum sw_counter counter, uint64_t by)
{
	(void)kern, (void)service;
	world.unanswered += counter == SW_COUNTER_UNANSWERED ? (int)by : 0;
	return 0;
}

/* The last one is another service's. */
int fake_read_flow(const struct sw_maps *maps, const struct sw_flow_key *key, struct sw_flow *out)
{
	(void)maps;
	*out = (struct sw_flow){.state = SW_FLOW_OPEN,
				.lane = SW_LANE_DIRECT,
				.service = key->client_port_be + 1u == world.sockets,
				.syn_ns = world.syn_ns};
	return world.has_flows ? 0 : -ENOENT;
}

/* Of connections that are gone. */
int fake_read_flows(const struct sw_maps *maps,
		    int (*each)(void *arg, const struct sw_flow_key *key,
				const struct sw_flow *flow),
		    void *arg)
{
	(void)maps;
	for (size_t i = 0; i < world.flows; i++) {
		const struct sw_flow_key key = key_of(SOCKETS + i);
		const struct sw_flow flow = {.state = SW_FLOW_OPEN};

		world.now_ns += LOOK_TAKES;
		assert_int_equal(each(arg, &key, &flow), 0);
	}
	for (size_t i = 0; world.has_flows && i < world.closed; i++) {
		const struct sw_flow_key key = key_of(i);
		const struct sw_flow flow = {.state = SW_FLOW_OPEN, .syn_ns = world.syn_ns};

		assert_int_equal(each(arg, &key, &flow), 0);
	}
	for (size_t i = 0; i < world.missed; i++) {
		const struct sw_flow_key key = key_of(i);
		const struct sw_flow flow = {.state = SW_FLOW_HALF_OPEN};

		assert_int_equal(each(arg, &key, &flow), 0);
	}
	for (size_t i = 0; i < world.moved; i++) {
		const struct sw_flow_key key = key_of(i);
		const struct sw_flow flow = {.state = SW_FLOW_OPEN, .service = 1};

		assert_int_equal(each(arg, &key, &flow), 0);
	}
	return 0;
}

enum sw_lane fake_reconcile_lanes_of(struct sw_reconcile_lanes *lanes, const struct sw_plan *plan,
				     uint32_t service_id, const struct sw_socket *socket)
{
	(void)lanes, (void)plan, (void)service_id, (void)socket;
	return SW_LANE_DIRECT;
}

void fake_reconcile_lanes_free(struct sw_reconcile_lanes *lanes)
{
	(void)lanes;
}

int fake_route_interface(const struct sw_in6 *client, int vrf)
{
	(void)client;
	world.routes++;
	return vrf ? world.vrf_route : world.route;
}

int fake_stacked_read(struct sw_stacked *out)
{
	static const struct sw_stacked_link links[] = {{.ifindex = GATE, .master = VRF},
						       {.ifindex = ON_TOP, .lower = GATE},
						       {.ifindex = BESIDE, .master = VRF},
						       {.ifindex = VRF, .is_vrf = true}};

	if (world.links_fail)
		return -ENOBUFS;
	out->list = malloc(sizeof(links));
	memcpy(out->list, links, sizeof(links));
	out->count = out->room = sizeof(links) / sizeof(links[0]);
	world.links_read++;
	return 0;
}

int fake_sockets_state(struct mnl_socket *diag, const struct sw_flow_key *key)
{
	(void)diag;
	if (key->client_port_be >= SOCKETS)
		return 0;
	if (key->client_port_be < world.closed && key->client_port_be >= world.renewed)
		return TCP_FIN_WAIT1;
	if (!world.looks_left)
		return world.looks_fail ? -ENOBUFS : 0;
	if (world.looks_left > 0)
		world.looks_left--;
	if (key->client_port_be >= world.half_open || !world.incomplete)
		return TCP_ESTABLISHED;
	if (world.incomplete > 0)
		world.incomplete--;
	return TCP_SYN_RECV;
}

int fake_kern_reconcile(struct sw_kern *kern, struct sw_flow_op *op)
{
	(void)kern;
	world.now_ns += OP_TAKES;
	world.adopted += op->kind == SW_FLOW_OP_ADOPT;
	world.suspected += op->kind == SW_FLOW_OP_SUSPECT;
	world.released += op->kind == SW_FLOW_OP_RELEASE;
	world.drift += op->is_drift;
	if (op->kind == SW_FLOW_OP_ADOPT)
		world.asked_as = op->state;
	if (op->kind == SW_FLOW_OP_ADOPT)
		op->seen_word = (struct sw_flow){.tag = sw_flow_tag(&op->key),
						 .state = op->state,
						 .lane = op->lane,
						 .flags = SW_FLOW_ADOPTED}
					.word;
	op->result = world.says && op->kind == SW_FLOW_OP_ADOPT ? world.says : SW_FLOW_OP_DONE;
	return 0;
}

/* So many sockets without a flow and flows without a socket; before a gate, or while it is there. */
static int pass(bool is_new, size_t sockets, size_t flows, struct sw_reconcile *done)
{
	static const char text[] = "services: [{name: main, listen: [1]}]";
	static const struct sw_rules no_rules;
	SW_CONFIG_FREE struct sw_config *config = NULL;
	struct sw_maps maps = {.control = &world.control};
	struct sw_daemon daemon = {
		.maps = &maps, .attachments = {{.ifindex = GATE}}, .attachment_count = 1};
	SW_CLEANUP(sw_flow_list_free) struct sw_flow_list adopted = {0};
	struct sw_error err = {0};
	int failed;

	world.sockets = sockets;
	world.flows = flows;
	world.now_ns = world.beaten_ns = world.control.heartbeat_ns = NOW;
	world.control.heartbeat_timeout_ns = HEARTBEAT;
	assert_int_equal(sw_config_load_string(text, "f.yaml", &config, &err), 0);
	assert_int_equal(sw_plan_make(config, &no_rules, NULL, NULL, &daemon.plan, &err), 0);
	daemon.config = config;
	failed = is_new ? sw_reconcile_new(&daemon, daemon.plan, world.has_stood, &adopted, &err)
			: sw_reconcile(&daemon, done, &err);
	if (is_new && world.gives_back)
		sw_reconcile_give_back(&daemon, &adopted);
	/* As long as nobody showed life after the last time. */
	if (world.now_ns - world.beaten_ns > world.longest_ns)
		world.longest_ns = world.now_ns - world.beaten_ns;
	sw_plan_free(daemon.plan);
	return failed;
}

static struct sw_reconcile pass_over(size_t sockets, size_t flows)
{
	struct sw_reconcile done = {0};

	assert_int_equal(pass(false, sockets, flows, &done), 0);
	return done;
}

static void differences_are_drift_once(void **state)
{
	struct sw_reconcile done;

	(void)state;
	world.looks_left = -1;
	done = pass_over(3, 2);
	assert_int_equal(done.adopted, 3);
	assert_int_equal(done.released, 2);
	assert_int_equal(world.drift, 5);
}

static void one_that_ends_meanwhile_is_drift_once(void **state)
{
	(void)state;
	world.looks_left = 1;
	pass_over(1, 0);
	assert_int_equal(world.adopted, 1);
	assert_int_equal(world.suspected, 1);
	assert_int_equal(world.released, 1);
	assert_int_equal(world.drift, 1);
}

/* The ACK comes between a look at the socket and the flow that is made by it: nobody is told of it. */
static void one_that_is_completed_meanwhile_is_confirmed(void **state)
{
	struct sw_reconcile done;

	(void)state;
	world.looks_left = -1;
	world.half_open = 1;
	world.incomplete = 1;
	done = pass_over(1, 0);
	assert_int_equal(world.adopted, 2);
	assert_int_equal(world.asked_as, SW_FLOW_OPEN);
	assert_int_equal(world.released, 0);
	assert_int_equal(world.drift, 1);
	assert_int_equal(done.adopted, 1);
}

static void one_that_was_completed_since_it_was_listed_is_adopted_as_such(void **state)
{
	(void)state;
	world.looks_left = -1;
	world.half_open = 1;
	world.incomplete = 0;
	pass_over(1, 0);
	assert_int_equal(world.adopted, 1);
	assert_int_equal(world.asked_as, SW_FLOW_OPEN);
}

static void one_that_is_not_completed_is_left_to_its_timeout(void **state)
{
	(void)state;
	/* It goes after that. */
	world.looks_left = 1;
	world.half_open = 1;
	pass_over(1, 0);
	assert_int_equal(world.adopted, 1);
	assert_int_equal(world.asked_as, SW_FLOW_HALF_OPEN);
	assert_int_equal(world.suspected, 0);
}

/* Its end ended the flow that was made first, and confirming it made another. */
static void one_that_ends_while_it_is_confirmed_is_released(void **state)
{
	(void)state;
	world.looks_left = 2;
	world.half_open = 1;
	world.incomplete = 1;
	pass_over(1, 0);
	assert_int_equal(world.adopted, 2);
	assert_int_equal(world.released, 1);
	assert_int_equal(world.drift, 1);
}

/* Also in monitor mode, where a socket without a flow is left alone, and wherever its client comes by now. */
static void one_at_a_moved_address_moves(void **state)
{
	struct sw_reconcile done;

	(void)state;
	world.looks_left = -1;
	world.moved = 2;
	world.says = SW_FLOW_OP_MOVED;
	world.route = 0;
	done = pass_over(3, 0);
	assert_int_equal(world.adopted, 2);
	assert_int_equal(done.adopted, 0);
	assert_int_equal(world.released, 0);
}

/* Nobody told of its close while it moved. */
static void one_that_ends_while_it_moves_is_released(void **state)
{
	(void)state;
	world.looks_left = 1;
	world.moved = 1;
	world.says = SW_FLOW_OP_MOVED;
	pass_over(1, 0);
	assert_int_equal(world.released, 1);
}

static void who_is_closed_here_gives_his_slot_back(void **state)
{
	struct sw_reconcile done;

	(void)state;
	world.looks_left = -1;
	world.has_flows = true;
	world.closed = 3;
	done = pass_over(3, 0);
	assert_int_equal(done.closed, 3);
	assert_int_equal(world.unanswered, 3);
	assert_int_equal(world.drift, 0);
	assert_int_equal(done.released, 0);
	/* And is not taken for one that was missed from then on. */
	world.has_flows = false;
	done = pass_over(3, 0);
	assert_int_equal(world.adopted, 0);
	/* Its addresses may be those of one that has just come. */
	world.has_flows = true;
	world.syn_ns = NOW;
	assert_int_equal(pass_over(3, 0).closed, 0);
}

static void whose_addresses_are_in_use_again_keeps_his_slot(void **state)
{
	(void)state;
	world.looks_left = -1;
	world.has_flows = true;
	world.closed = 3;
	world.renewed = 2;
	assert_int_equal(pass_over(3, 0).closed, 1);
	assert_int_equal(world.suspected, 3);
	assert_int_equal(world.released, 1);
	/* His handshake may be under way. */
	world.half_open = 1;
	world.incomplete = -1;
	assert_int_equal(pass_over(3, 0).closed, 1);
	assert_int_equal(world.released, 2);
}

/* Whether its client answers or not, now or in the next pass. */
static void who_is_closed_here_takes_no_slot(void **state)
{
	(void)state;
	world.looks_left = -1;
	world.orphans = 2;
	pass_over(3, 0);
	assert_int_equal(world.adopted, 1);
	assert_int_equal(world.drift, 1);
	/* But it keeps what it has, and under the right name. */
	world.moved = 1;
	world.says = SW_FLOW_OP_MOVED;
	pass_over(2, 0);
	assert_int_equal(world.adopted, 2);
	assert_int_equal(world.released, 0);
}

static void under_pressure_only_those_of_the_service_are_looked_at(void **state)
{
	struct sw_plan_service service = {.name = "main"};
	struct sw_plan plan = {.services = &service, .service_count = 1};
	struct sw_maps maps = {.control = &world.control};
	struct sw_daemon daemon = {.maps = &maps, .plan = &plan};

	(void)state;
	world.sockets = 4;
	world.closed = 4;
	world.has_flows = true;
	world.now_ns = world.beaten_ns = world.control.heartbeat_ns = NOW;
	sw_reconcile_closed(&daemon, 0);
	assert_int_equal(world.unanswered, 3);
	world.closed = 1;
	sw_reconcile_closed(&daemon, 0);
	assert_int_equal(world.unanswered, 4);
	world.syn_ns = NOW;
	sw_reconcile_closed(&daemon, 0);
	assert_int_equal(world.unanswered, 4);
}

static void the_heart_beats_all_the_time(void **state)
{
	(void)state;
	world.looks_left = -1;
	pass_over(SOCKETS, SOCKETS);
	assert_true(world.now_ns - NOW > 50 * HEARTBEAT);
	assert_in_range(world.longest_ns, 1, HEARTBEAT / 5);
	/* And no more often than it helps. */
	assert_in_range(world.beats, 1, 11 * (world.now_ns - NOW) / HEARTBEAT);
}

static void an_unknown_route_fails_the_pass(void **state)
{
	struct sw_reconcile done;

	(void)state;
	world.looks_left = -1;
	world.route = -ENOBUFS;
	assert_int_equal(pass(true, 3, 0, NULL), -ENOBUFS);
	assert_int_equal(pass(false, 3, 0, &done), -ENOBUFS);
	assert_int_equal(world.adopted, 0);
	world.route = 0;
	assert_int_equal(pass(true, 3, 0, NULL), 0);
	assert_int_equal(world.adopted, 0);
}

static void who_comes_by_a_device_on_top_of_the_guarded_one(void **state)
{
	(void)state;
	world.looks_left = -1;
	world.route = ON_TOP;
	pass_over(3, 0);
	assert_int_equal(world.adopted, 3);
	assert_int_equal(world.links_read, 1);
	world.route = BESIDE;
	pass_over(3, 0);
	assert_int_equal(world.adopted, 3);
	world.links_fail = true;
	assert_int_equal(pass(false, 3, 0, &(struct sw_reconcile){0}), -ENOBUFS);
}

/* What no route tells: link-local addresses are everywhere. */
static void whose_socket_is_bound_to_an_interface_comes_by_that(void **state)
{
	(void)state;
	world.looks_left = -1;
	world.route = BESIDE;
	world.bound_to = GATE;
	pass_over(3, 0);
	assert_int_equal(world.adopted, 2);
	world.bound_to = ON_TOP;
	pass_over(3, 0);
	assert_int_equal(world.adopted, 4);
	world.route = GATE;
	world.bound_to = BESIDE;
	pass_over(3, 0);
	assert_int_equal(world.adopted, 5);
	/* Of the first one, each time. */
	assert_int_equal(world.routes, 3);
	world.links_fail = true;
	assert_int_equal(pass(false, 3, 0, &(struct sw_reconcile){0}), -ENOBUFS);
}

static void in_a_vrf_its_routes_say_by_which_port(void **state)
{
	(void)state;
	world.looks_left = -1;
	world.route = BESIDE;
	world.vrf_route = GATE;
	world.bound_to = VRF;
	pass_over(3, 0);
	assert_int_equal(world.adopted, 2);
	assert_int_equal(world.routes, 2);
	world.vrf_route = BESIDE;
	pass_over(3, 0);
	assert_int_equal(world.adopted, 2);
	world.vrf_route = -ENOBUFS;
	assert_int_equal(pass(false, 3, 0, &(struct sw_reconcile){0}), -ENOBUFS);
}

static void what_fails_before_the_gate_can_be_given_back(void **state)
{
	(void)state;
	/* Two looks for each: the second socket's second one is answered by an error. */
	world.looks_left = 3;
	world.looks_fail = 1;
	world.gives_back = true;
	assert_int_equal(pass(true, 4, 2, NULL), -ENOBUFS);
	assert_int_equal(world.adopted, 2);
	assert_int_equal(world.suspected, 2);
	assert_int_equal(world.released, 2);
	assert_int_equal(world.drift, 0);
}

static void what_went_well_can_be_given_back(void **state)
{
	(void)state;
	world.looks_left = -1;
	world.gives_back = true;
	assert_int_equal(pass(true, 4, 0, NULL), 0);
	assert_int_equal(world.adopted, 4);
	assert_int_equal(world.released, 4);
	assert_int_equal(world.drift, 0);
}

static void handshakes_are_given_back_as_well(void **state)
{
	(void)state;
	world.looks_left = -1;
	world.gives_back = true;
	world.half_open = 3;
	assert_int_equal(pass(true, 4, 0, NULL), 0);
	assert_int_equal(world.adopted, 4);
	assert_int_equal(world.released, 4);
}

static void what_fails_behind_the_gate_keeps_its_slots(void **state)
{
	(void)state;
	world.looks_left = 3;
	world.looks_fail = 1;
	assert_int_equal(pass(true, 4, 2, NULL), -ENOBUFS);
	assert_int_equal(world.adopted, 2);
	assert_int_equal(world.released, 0);
}

static void what_fails_later_on_stays_mended(void **state)
{
	struct sw_reconcile done;

	(void)state;
	world.looks_left = 3;
	world.looks_fail = 1;
	assert_int_equal(pass(false, 4, 2, &done), -ENOBUFS);
	assert_int_equal(world.adopted, 2);
	assert_int_equal(world.released, 0);
}

static void where_the_gate_stood_what_differs_is_drift(void **state)
{
	(void)state;
	world.looks_left = -1;
	world.has_stood = true;
	world.gives_back = true;
	assert_int_equal(pass(true, 3, 2, NULL), 0);
	assert_int_equal(world.adopted, 3);
	assert_int_equal(world.drift, 5);
	assert_int_equal(world.released, 2);
}

static void where_it_did_not_only_what_has_a_flow_is_drift(void **state)
{
	(void)state;
	world.looks_left = -1;
	assert_int_equal(pass(true, 3, 2, NULL), 0);
	assert_int_equal(world.adopted, 3);
	assert_int_equal(world.released, 2);
	assert_int_equal(world.drift, 2);
	world.missed = 3;
	assert_int_equal(pass(true, 3, 0, NULL), 0);
	assert_int_equal(world.adopted, 6);
	assert_int_equal(world.drift, 5);
}

static int begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.route = GATE;
	world.incomplete = -1;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"a socket without a flow is drift, and so is a flow without a socket",
		 differences_are_drift_once, begin, NULL, NULL},
		{"a connection that ends while it is adopted is drift once",
		 one_that_ends_meanwhile_is_drift_once, begin, NULL, NULL},
		{"a handshake that is completed while its flow is made is confirmed by it",
		 one_that_is_completed_meanwhile_is_confirmed, begin, NULL, NULL},
		{"a handshake that was completed since it was listed is adopted as a connection",
		 one_that_was_completed_since_it_was_listed_is_adopted_as_such, begin, NULL, NULL},
		{"a handshake that is not completed is left to its timeout",
		 one_that_is_not_completed_is_left_to_its_timeout, begin, NULL, NULL},
		{"a connection that ends while it is confirmed is released",
		 one_that_ends_while_it_is_confirmed_is_released, begin, NULL, NULL},
		{"a flow counted under another service than its address has is moved, and no other",
		 one_at_a_moved_address_moves, begin, NULL, NULL},
		{"a connection that ends while it moves is released",
		 one_that_ends_while_it_moves_is_released, begin, NULL, NULL},
		{"a connection that is closed on this side gives its slot back, which is no drift",
		 who_is_closed_here_gives_his_slot_back, begin, NULL, NULL},
		{"one whose addresses are another connection's by then keeps its slot",
		 whose_addresses_are_in_use_again_keeps_his_slot, begin, NULL, NULL},
		{"a connection that is closed on this side is not adopted, whoever answers or not",
		 who_is_closed_here_takes_no_slot, begin, NULL, NULL},
		{"while somebody waits those of his service are looked for at once",
		 under_pressure_only_those_of_the_service_are_looked_at, begin, NULL, NULL},
		{"the heart beats as long as a pass takes, whatever takes so long",
		 the_heart_beats_all_the_time, begin, NULL, NULL},
		{"where the kernel does not say by which interface a client comes, the pass fails",
		 an_unknown_route_fails_the_pass, begin, NULL, NULL},
		{"who comes by a device on top of the guarded one counts, by one beside it does not",
		 who_comes_by_a_device_on_top_of_the_guarded_one, begin, NULL, NULL},
		{"whose socket is bound to an interface, as that of a link-local client, comes by it",
		 whose_socket_is_bound_to_an_interface_comes_by_that, begin, NULL, NULL},
		{"in a VRF its routes say by which of its ports a client comes",
		 in_a_vrf_its_routes_say_by_which_port, begin, NULL, NULL},
		{"what a pass before the gate took until it failed is given back, and nothing else",
		 what_fails_before_the_gate_can_be_given_back, begin, NULL, NULL},
		{"it is given back as well where something else fails later",
		 what_went_well_can_be_given_back, begin, NULL, NULL},
		{"handshakes that are not complete are given back, too",
		 handshakes_are_given_back_as_well, begin, NULL, NULL},
		{"behind a gate that is there a pass that fails gives nothing back by itself",
		 what_fails_behind_the_gate_keeps_its_slots, begin, NULL, NULL},
		{"at a start where the gate stood all the time what differs is drift, and is not given back",
		 where_the_gate_stood_what_differs_is_drift, begin, NULL, NULL},
		{"where it did not, a socket without a flow is none, but a flow that was not told is",
		 where_it_did_not_only_what_has_a_flow_is_drift, begin, NULL, NULL},
		{"a pass later on that fails leaves mended what it mended",
		 what_fails_later_on_stays_mended, begin, NULL, NULL},
	};

	return cmocka_run_group_tests_name("reconcile_pass", tests, NULL, NULL);
}
