// SPDX-License-Identifier: BSD-2-Clause
/*
 * The smallest server and client that tell lanes apart: the server greets every client with a word and
 * holds it; the client prints the word, or why it got none, and stays. It begins as a client of PostgreSQL's
 * does, which the server does not mind: so it hears why it is refused. Called by tests/kernels/smoke.
 *
 * peer listen ADDRESS PORT WORD | peer connect ADDRESS PORT [SOURCE]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int server_run(const struct sockaddr_in *addr, const char *word)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) != 0 || listen(fd, 16) != 0) {
		perror("peer: listen");
		return 1;
	}
	for (;;) {
		int client = accept(fd, NULL, NULL);
		char byte;

		if (client < 0)
			continue;
		if (fork() == 0) {
			close(fd);
			if (write(client, word, strlen(word)) > 0)
				/* Held until the client leaves. */
				while (read(client, &byte, 1) > 0)
					;
			_exit(0);
		}
		close(client);
	}
}

/* Protocol 3.0, user a. */
static const char startup[] = "\0\0\0\x10\0\3\0\0user\0a\0";

/* What the server said: its word, or the ErrorResponse of a gate that refuses. */
static const char *heard(int fd, char *word, size_t size)
{
	if (write(fd, startup, sizeof(startup)) < 0 || read(fd, word, size - 1) <= 0)
		return "closed";
	if (word[0] != 'E')
		return word;
	word[0] = '\0';
	return memmem(word + 5, size - 5, "C53300", sizeof("C53300")) ? "refused" : "an error";
}

static int client_run(const struct sockaddr_in *addr, const char *source)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in own = {.sin_family = AF_INET};
	char word[256] = "";

	if (source && (inet_pton(AF_INET, source, &own.sin_addr) != 1 ||
		       bind(fd, (const struct sockaddr *)&own, sizeof(own)) != 0)) {
		perror("peer: source");
		return 1;
	}
	if (fd < 0 || connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) != 0)
		puts(errno == ECONNREFUSED ? "refused" : strerror(errno));
	else
		puts(heard(fd, word, sizeof(word)));
	fflush(stdout);
	while (word[0] != '\0')
		pause();
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	int listens = argc == 5 && strcmp(argv[1], "listen") == 0;
	int connects = (argc == 4 || argc == 5) && strcmp(argv[1], "connect") == 0;

	if ((!listens && !connects) || inet_pton(AF_INET, argv[2], &addr.sin_addr) != 1) {
		fputs("usage: peer listen ADDRESS PORT WORD | peer connect ADDRESS PORT [SOURCE]\n",
		      stderr);
		return 2;
	}
	addr.sin_port = htons((unsigned short)strtoul(argv[3], NULL, 10));
	/* Nobody waits for the server's children. */
	signal(SIGCHLD, SIG_IGN);
	return listens ? server_run(&addr, argv[4]) : client_run(&addr, argc == 5 ? argv[4] : NULL);
}
