// SPDX-License-Identifier: GPL-2.0-only
#include "cli/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vm/vm.h"
#include "wire/event.h"

struct conversation {
	const struct command *c;
	int status;	/* the command's */
	bool failed;	/* the guest program could not do its part */
	bool no_reader; /* nobody reads the output any more */
};

static int on_out(struct conversation *c, const json_t *event)
{
	const char *text;
	void *data = NULL;
	int64_t fd;
	size_t len;
	int err;

	if (wire_int(event, "fd", &fd) || wire_str(event, "data", &text) || (fd != 1 && fd != 2))
		return -EBADMSG;
	err = base64__decode(text, &data, &len);
	if (!err)
		err = c->c->out(c->c->ctx, (int)fd, data, len);
	free(data);
	c->no_reader = err == -EPIPE;
	return err == -EPIPE ? 1 : err;
}

static void on_log(struct conversation *c, const json_t *event)
{
	const char *level = "", *text;

	if (wire_str(event, "text", &text))
		return;
	wire_str(event, "level", &level);
	if (!strcmp(level, "error")) {
		log_err("guest: %s", text);
		c->failed = true;
	} else {
		log_debug("guest: %s", text);
	}
}

static int on_event(void *ctx, const json_t *event)
{
	struct conversation *c = ctx;
	const char *type = wire_type(event);
	int64_t status;

	if (!strcmp(type, "out"))
		return on_out(c, event);
	if (!strcmp(type, "log"))
		on_log(c, event);
	if (strcmp(type, "exit"))
		return 0;
	if (wire_int(event, "status", &status) || status < 0 || status > 255)
		return -EBADMSG;
	c->status = (int)status;
	return 1;
}

int command__run(struct vm *vm, const struct command *c, struct vm_outcome *o)
{
	struct conversation conv = { .c = c };
	int err = vm__send(vm, json_incref(c->job));

	if (err) {
		log_err("the command can't be sent to the guest: %s", strerror(-err));
		return err;
	}
	vm__pump(vm, c->timeout_ms, on_event, &conv, o);
	if (conv.no_reader)
		return -EPIPE;
	if (o->end != VM_DONE || conv.failed)
		return -EIO;
	return conv.status;
}
