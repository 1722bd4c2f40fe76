// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's monitor, with somebody else at the other end: its lines are there before it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "vm/qmp.h"

struct log assay_log = { .prog = "test_qmp", .level = LOG_LEVEL_ERROR };

#define HELLO "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n{\"return\": {}}\r\n"
#define EMPTY "{\"return\": {}}\r\n"

static int theirs;

static int connected(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	theirs = fds[1];
	return fds[0];
}

static void says(const char *text)
{
	assert_int_equal(write(theirs, text, strlen(text)), strlen(text));
}

static struct qmp *open_it(void)
{
	struct qmp *q = NULL;
	int fd = connected();

	says(HELLO);
	assert_int_equal(qmp__open(fd, -1, &q), 0);
	return q;
}

static void close_it(struct qmp *q)
{
	qmp__free(q);
	close(theirs);
}

static void test_greeting(void **state)
{
	struct qmp *q = NULL;
	char said[256] = "";
	int fd;

	(void)state;
	q = open_it();
	assert_true(read(theirs, said, sizeof(said) - 1) > 0);
	assert_string_equal(said, "{\"execute\":\"qmp_capabilities\"}\n");
	close_it(q);
	fd = connected();
	says("{\"return\": {}}\n");
	assert_int_equal(qmp__open(fd, -1, &q), -EBADMSG);
	close(theirs);
	fd = connected();
	close(theirs);
	assert_int_equal(qmp__open(fd, -1, &q), -EPIPE);
}

static void test_calls(void **state)
{
	struct qmp *q = open_it();
	json_t *ret = NULL;

	(void)state;
	says("{\"event\": \"STOP\"}\n{\"event\": \"MIGRATION\", \"data\": {}}\n"
	     "{\"event\": \"STOP\"}\n{\"return\": {\"n\": 5}}\n");
	assert_int_equal(qmp__call(q, "query-x", json_pack("{s:i}", "a", 1), 1000, &ret), 0);
	assert_int_equal(json_integer_value(json_object_get(ret, "n")), 5);
	json_decref(ret);
	assert_int_equal(qmp__take_event(q, "STOP"), 2);
	assert_int_equal(qmp__take_event(q, "STOP"), 0);
	assert_int_equal(qmp__take_event(q, "MIGRATION"), 1);
	says("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no room\"}}\n");
	assert_int_equal(qmp__call(q, "x", NULL, 1000, NULL), -EREMOTEIO);
	assert_string_equal(qmp__why(q), "no room");
	says("{\"ret");
	assert_int_equal(qmp__call(q, "x", NULL, 50, NULL), -ETIMEDOUT);
	assert_string_equal(qmp__why(q), "");
	says("urn\": 1}\nrubbish\n");
	assert_int_equal(qmp__call(q, "x", NULL, 1000, NULL), 0);
	assert_int_equal(qmp__call(q, "x", NULL, 1000, NULL), -EBADMSG);
	close(theirs);
	assert_int_equal(qmp__call(q, "x", NULL, 1000, NULL), -EPIPE);
	qmp__free(q);
}

static void test_give_fd(void **state)
{
	struct qmp *q = open_it();
	char said[256], control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { said, sizeof(said) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int pipes[2], got;

	(void)state;
	assert_true(read(theirs, said, sizeof(said)) > 0);
	assert_int_equal(pipe(pipes), 0);
	says(EMPTY);
	assert_int_equal(qmp__give_fd(q, "state", pipes[1], 1000), 0);
	assert_true(recvmsg(theirs, &msg, 0) > 0);
	assert_non_null(CMSG_FIRSTHDR(&msg));
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(got));
	assert_int_equal(write(got, "y", 1), 1);
	assert_int_equal(read(pipes[0], said, 1), 1);
	assert_int_equal(said[0], 'y');
	close(got);
	close(pipes[0]);
	close(pipes[1]);
	close_it(q);
}

static void test_migrate(void **state)
{
	struct qmp *q = open_it();

	(void)state;
	/* capabilities, parameters, getfd, migrate, then two looks */
	says(EMPTY EMPTY EMPTY EMPTY "{\"return\": {\"status\": \"active\"}}\n"
				     "{\"event\": \"MIGRATION\", \"data\": {}}\n"
				     "{\"return\": {\"status\": \"completed\"}}\n");
	assert_int_equal(qmp__migrate(q, 0, 2000), 0);
	close_it(q);
	q = open_it();
	says(EMPTY EMPTY EMPTY EMPTY "{\"return\": {\"status\": \"failed\", "
				     "\"error-desc\": \"No space left\"}}\n");
	assert_int_equal(qmp__migrate(q, 0, 2000), -EREMOTEIO);
	assert_string_equal(qmp__why(q), "No space left");
	close_it(q);
	q = open_it();
	says(EMPTY EMPTY EMPTY "{\"error\": {\"desc\": \"blocked by 9p\"}}\n");
	assert_int_equal(qmp__migrate(q, 0, 2000), -EREMOTEIO);
	assert_string_equal(qmp__why(q), "blocked by 9p");
	close_it(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greeting),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_give_fd),
		cmocka_unit_test(test_migrate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
