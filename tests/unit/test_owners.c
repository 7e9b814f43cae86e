/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/owners: the sockets of whoever holds a listener, seen by real processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "core/cleanup.h"
#include "kern/owners.h"

static uint32_t inode_of(int fd)
{
	struct stat about;

	assert_int_equal(fstat(fd, &about), 0);
	return (uint32_t)about.st_ino;
}

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

static void who_holds_the_listener_owns_all_its_sockets(void **state)
{
	SW_OWNERS_FREE struct sw_owners owners = {0};
	SW_CLOSE int listener = open_socket();
	SW_CLOSE int connection = open_socket();
	uint32_t inode = inode_of(listener);

	(void)state;
	sw_owners_read(&inode, 1, &owners);
	assert_true(sw_owners_have(&owners, inode));
	assert_true(sw_owners_have(&owners, inode_of(connection)));
}

/* A child that lets go of the listener and makes a socket, whose inode it tells. */
static pid_t start_stranger(int listener, uint32_t *inode)
{
	int tell[2];
	pid_t child;

	assert_int_equal(pipe(tell), 0);
	child = fork();
	if (child == 0) {
		uint32_t own;

		close(listener);
		own = inode_of(open_socket());
		if (write(tell[1], &own, sizeof(own)) == sizeof(own))
			pause();
		_exit(0);
	}
	close(tell[1]);
	assert_int_equal(read(tell[0], inode, sizeof(*inode)), sizeof(*inode));
	close(tell[0]);
	return child;
}

static void sockets_of_other_processes_are_not_among_them(void **state)
{
	SW_OWNERS_FREE struct sw_owners owners = {0};
	SW_CLOSE int listener = open_socket();
	uint32_t inode = inode_of(listener), others;
	pid_t stranger = start_stranger(listener, &others);

	(void)state;
	sw_owners_read(&inode, 1, &owners);
	kill(stranger, SIGKILL);
	waitpid(stranger, NULL, 0);
	assert_true(sw_owners_have(&owners, inode));
	assert_false(sw_owners_have(&owners, others));
}

static void a_socket_that_nobody_has_accepted_is_nobodys(void **state)
{
	SW_OWNERS_FREE struct sw_owners owners = {0};
	SW_CLOSE int listener = open_socket();
	uint32_t inode = inode_of(listener);

	(void)state;
	sw_owners_read(&inode, 1, &owners);
	assert_false(sw_owners_have(&owners, 0));
}

static void the_process_of_a_socket_is_found_by_its_inode(void **state)
{
	SW_CLOSE int socket_fd = open_socket();
	uint32_t own = inode_of(socket_fd), others;
	pid_t stranger = start_stranger(socket_fd, &others);
	int found = sw_owners_pid(others);

	(void)state;
	kill(stranger, SIGKILL);
	waitpid(stranger, NULL, 0);
	assert_int_equal(found, stranger);
	assert_int_equal(sw_owners_pid(own), getpid());
	assert_int_equal(sw_owners_pid(1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_holds_the_listener_owns_all_its_sockets),
		cmocka_unit_test(sockets_of_other_processes_are_not_among_them),
		cmocka_unit_test(a_socket_that_nobody_has_accepted_is_nobodys),
		cmocka_unit_test(the_process_of_a_socket_is_found_by_its_inode),
	};

	return cmocka_run_group_tests_name("owners", tests, NULL, NULL);
}
