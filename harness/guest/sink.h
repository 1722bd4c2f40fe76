/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_SINK_H
#define ASSAY_GUEST_SINK_H

#include <jansson.h>
#include <stddef.h>

struct record;

/* Where events go: the pipe to PID 1, the virtio-serial port, or the report of `assay-guest run`.
 */
struct sink {
	/* Takes one whole line with its newline. Returns 0 or -errno. */
	int (*line)(void *ctx, const char *line, size_t len);
	void *ctx;
};

struct sink sink__to_fd(const int *fd); /* a blocking descriptor; *fd must outlive the sink */

/* Events as in wire/event.h. All return 0 or -errno. An event that would be longer than
 * WIRE_LINE_MAX is -EMSGSIZE and nothing is sent. */
int sink__send(const struct sink *s, json_t *event); /* steals the reference; NULL is -ENOMEM */
int sink__start(const struct sink *s, const char *experiment);
int sink__progress(const struct sink *s, const char *experiment, unsigned long long done,
		   unsigned long long total, const char *what);
int sink__program(const struct sink *s, const char *experiment, const char *name, size_t index,
		  size_t total);
int sink__record(const struct sink *s, const struct record *r);
/* In as many parts as needed; bytes that are no UTF-8 become '?', and no character is torn. */
int sink__text(const struct sink *s, const char *experiment, const char *name, const char *kind,
	       const char *data, size_t len);
/* level: "error", "warning", "info", "debug" */
int sink__log(const struct sink *s, const char *level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
